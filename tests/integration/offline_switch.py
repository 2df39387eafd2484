"""A custom node of the tests' own, which has no nodes: has huggingface_hub work offline until it is told otherwise.

POST /tests/offline {"on": true}
"""

from aiohttp import web
from server import PromptServer

NODE_CLASS_MAPPINGS = {}


@PromptServer.instance.routes.post("/tests/offline")
async def offline(request: web.Request) -> web.Response:
    from huggingface_hub import constants

    constants.HF_HUB_OFFLINE = (await request.json())["on"]
    return web.json_response({})
