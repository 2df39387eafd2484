"""ComfyUI adapters: a schema, one call into beautifier/, a result. extension.py lists the nodes."""
