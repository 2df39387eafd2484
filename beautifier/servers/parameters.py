"""The body of a request to a server, and what may be left out of it."""

from __future__ import annotations

import re

from ..chat.instruction import instruction_for
from ..families import CHAT, Family, render
from ..prompts.clip_tokens import count_clip_tokens
from ..request import Request, Sampling

# Servers disagree on how large a seed may be; this and 64 candidates more fits into 31 bits.
SEEDS = 2**31 - 64


# What a chat model is held to where a server can: an object with the prompt and nothing else.
SCHEMA = {
    "type": "object",
    "properties": {"prompt": {"type": "string"}},
    "required": ["prompt"],
    "additionalProperties": False,
}
RESPONSE_FORMAT = {"type": "json_schema", "json_schema": {"name": "prompt", "strict": True, "schema": SCHEMA}}
IN_JSON = 'Answer with a JSON object that has this prompt alone: {"prompt": "..."}.'


def request_for(
    family: Family, words: str, asked: Request, sampling: Sampling, own: str = "", structured: bool = False
) -> dict:
    """The body of a request for one answer, but for the model.

    own         the user's instruction for a chat model; "" for what the request asks for
    structured  whether a chat model is held to JSON
    """
    text = render(family, words)
    max_tokens = int(sampling.max_new_tokens)
    if sampling.max_length is not None:
        max_tokens = max(1, min(max_tokens, int(sampling.max_length) - count_clip_tokens(text)))
    request = {
        "max_tokens": max_tokens,
        "temperature": 0.0 if sampling.greedy else float(sampling.temperature),
        "top_p": 1.0 if sampling.greedy else float(sampling.top_p),
        "seed": int(asked.seed) % SEEDS,
        "stream": True,
    }
    if sampling.top_k and not sampling.greedy:
        request["top_k"] = int(sampling.top_k)
    if sampling.repetition_penalty != 1:
        # vLLM's name and llama.cpp's.
        request["repetition_penalty"] = request["repeat_penalty"] = float(sampling.repetition_penalty)
    if family.name != CHAT.name:
        return {"prompt": text, **request}
    told = instruction_for(asked, own)
    if structured:
        told, request = f"{told}\n\n{IN_JSON}", request | {"response_format": RESPONSE_FORMAT}
    system, user = {"role": "system", "content": told}, {"role": "user", "content": text}
    return {"messages": [system, user], **request}


# What may be left out when a server does not know it.
OPTIONAL = ("top_k", "repetition_penalty", "repeat_penalty", "seed", "top_p", "temperature")
NOT_KNOWN = re.compile(
    r"unsupported|not supported|n't support|not support|unrecognized|unknown|unexpected|extra inputs"
    r"|not permitted|not allowed|only the default",
    re.IGNORECASE,
)
SCHEMA_WORDS = re.compile(r"response_format|json_schema|guided|grammar|structured", re.IGNORECASE)
NO_SYSTEM_ROLE = re.compile(r"system role|role.{0,20}system|conversation roles must alternate", re.IGNORECASE)


def left_out(request: dict, error_page: str) -> str:
    """Take from the request, or rename in it, what the server does not know; "" where nothing can be done."""
    if "max_completion_tokens" in error_page and "max_tokens" in request:
        request["max_completion_tokens"] = request.pop("max_tokens")
        return "max_tokens (max_completion_tokens instead)"
    if "response_format" in request and SCHEMA_WORDS.search(error_page):
        del request["response_format"]
        return "response_format"
    if NOT_KNOWN.search(error_page):
        for name in OPTIONAL:
            if name in request and re.search(rf"(?<![\w]){name}(?![\w])", error_page):
                del request[name]
                return name
    if len(request.get("messages", ())) == 2 and NO_SYSTEM_ROLE.search(error_page):
        system, user = request["messages"]
        request["messages"] = [{"role": "user", "content": f"{system['content']}\n\n{user['content']}"}]
        return "the system role (its text leads the user's instead)"
    return "n (one request for each candidate instead)" if request.pop("n", None) else ""
