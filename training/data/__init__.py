"""From raw prompts to training pairs: where they come from, what is cut out of them, and why one is dropped."""
