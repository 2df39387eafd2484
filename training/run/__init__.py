"""What all stages do alike: options, the checkpoint to start from, estimates, parts on disk, Ray, metrics, export."""
