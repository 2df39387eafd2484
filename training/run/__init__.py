"""What all stages do alike: options, the checkpoint to start from, the trainer, parts on disk, Ray, metrics, export."""
