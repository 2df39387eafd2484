"""Pictures of prompts, and their scores."""
