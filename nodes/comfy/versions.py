"""What differs between versions of ComfyUI."""

from __future__ import annotations

import dataclasses

from comfy_api.latest import io


def node_schema(**fields) -> io.Schema:
    """An io.Schema of the fields this ComfyUI knows: an unknown one would make it drop the whole pack."""
    known = {field.name for field in dataclasses.fields(io.Schema)}
    return io.Schema(**{name: value for name, value in fields.items() if name in known})
