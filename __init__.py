"""Prompt Beautifier for ComfyUI: a short prompt goes in, a detailed one comes out.

ComfyUI imports this file when it starts and asks `comfy_entrypoint` for the nodes. As a package the same
folder is `prompt_beautifier`, without ComfyUI: importing it must work there too, and cost nothing anywhere.

    from prompt_beautifier import load_beautifier
"""

# Help pages (docs/<node id>/<language>.md).
WEB_DIRECTORY = "./nodes/web"


async def comfy_entrypoint():
    """The extension ComfyUI registers. Imports happen here, where ComfyUI is known to be there."""
    from .nodes.extension import PromptBeautifierExtension

    return PromptBeautifierExtension()


def __getattr__(name: str):
    """`load_beautifier` of beautifier/beautify.py, which is imported when it is asked for and not before."""
    if name != "load_beautifier":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .beautifier.beautify import load_beautifier

    return load_beautifier
