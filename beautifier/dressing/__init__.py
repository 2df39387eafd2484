"""What an image model wants around the words: see targets/, which alone knows it."""
