"""Prompt Beautifier for ComfyUI: a short prompt goes in, a detailed one comes out.

ComfyUI imports this file when it starts and asks `comfy_entrypoint` for the nodes. pip installs the same
folder as `prompt_beautifier`, without ComfyUI: importing it must work there too, and cost nothing anywhere.
"""

# Help pages (docs/<node id>/<language>.md).
WEB_DIRECTORY = "./nodes/web"


async def comfy_entrypoint():
    """The extension ComfyUI registers. Imports happen here, where ComfyUI is known to be there."""
    from .nodes.extension import PromptBeautifierExtension

    return PromptBeautifierExtension()
