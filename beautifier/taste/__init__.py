"""What a person likes, learnt from what this person chose; all of it stays on the computer."""
