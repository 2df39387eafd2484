"""The only folder that imports ComfyUI's own modules (comfy.*, folder_paths, server)."""
