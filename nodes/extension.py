"""What ComfyUI gets from this pack: the list of its nodes, and the preparations they need."""

from comfy_api.latest import ComfyExtension

from . import (
    beautify,
    compare,
    encoder,
    kept_routes,
    lines,
    load,
    messages,
    metadata,
    pick,
    rank,
    remote,
    routes,
    score,
)
from .comfy import folders, replacing, server


class PromptBeautifierExtension(ComfyExtension):
    async def get_node_list(self) -> list[type]:
        # Not in on_load: ComfyUI 0.8.0 does not call it.
        folders.register_model_folders()
        server.before_each_run_is_queued(metadata.prepare)
        routes.add_routes()
        kept_routes.add_routes()
        await replacing.register()
        files = (load, beautify, remote, rank, score, pick, compare, encoder, lines)
        return [messages.with_plain_errors(node) for file in files for node in file.NODES]
