"""How checkpoints of each architecture are written down: one file an architecture, one table."""
