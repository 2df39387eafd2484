"""How errors leave the pack's nodes: as built-in ones with the message alone, which is what ComfyUI shows people."""

from __future__ import annotations

import functools

from .comfy import folders

PACK = __name__.removesuffix(".nodes.messages")
BUILT_IN = (FileNotFoundError, ValueError, OSError, RuntimeError)


def with_plain_errors(node: type) -> type:
    """The same node; an error class of the pack's own, which ComfyUI would name with its folder, leaves it as built-in.

    What it says begins in ComfyUI's folders, not at the disk's root. Errors of others leave the node as they are:
    ComfyUI knows those of Cancel and of too little memory by their class.
    """
    execute = node.execute.__func__

    @functools.wraps(execute)
    def plainly(cls, *args, **inputs):
        try:
            return execute(cls, *args, **inputs)
        except Exception as error:
            message = folders.without_roots(str(error))
            ours = type(error).__module__.startswith(f"{PACK}.")
            if not ours and (type(error) not in BUILT_IN or message == str(error)):
                raise
            raise plain(error, message) from error

    node.execute = classmethod(plainly)
    return node


def plain(error: Exception, message: str) -> Exception:
    """A message as the nearest of the built-in errors."""
    return next((kind for kind in BUILT_IN if isinstance(error, kind)), RuntimeError)(message)
