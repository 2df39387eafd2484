"""What the stage `reward` is made of: examples, figures on held-out ones, and sums of several terms."""
