"""What an image model wants around the words: see targets.py, which alone knows it."""
