"""The user's file of prompt LLM servers: their addresses and keys by name, which no workflow ever holds.

    {
        "endpoints": {
            "my server": {
                "base_url": "https://llm.example.org/v1",
                "api_key": "...",
                "model": "some-model",
                "headers": {"X-Team": "pictures"}
            }
        }
    }

Only base_url is needed. The file is for its owner's eyes: it is made, and kept, with mode 0600 where the
system has modes.
"""

import contextlib
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

FILE_NAME = "prompt_beautifier_endpoints.json"

# The default ports of servers people run on their own computer.
EXAMPLE = {
    "help": [
        "Servers for the node Connect Prompt LLM, by the name it shows. Press R in ComfyUI after a change.",
        "base_url: where the server's OpenAI-compatible API is; it usually ends in /v1.",
        "api_key: its key, if it wants one. It stays in this file and goes to that server alone.",
        "model: the model to ask for; empty where the server has only one.",
        'headers: more HTTP headers, for gateways that want them, such as {"X-Team": "pictures"}.',
    ],
    "endpoints": {
        "llama.cpp on this computer": {"base_url": "http://127.0.0.1:8080/v1", "api_key": "", "model": ""},
        "Ollama on this computer": {"base_url": "http://127.0.0.1:11434/v1", "api_key": "", "model": ""},
        "vLLM on this computer": {"base_url": "http://127.0.0.1:8000/v1", "api_key": "", "model": ""},
    },
}

FIELDS = ("base_url", "api_key", "model", "headers")
# The last parts of an API's addresses: they are pasted along, and are added here for each request.
REQUESTS = re.compile(r"/(?:chat/completions|completions|chat|models)$")
VERSION = re.compile(r"(?:/(?:api/)?v\d+)?$")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# What may stand in an HTTP header's value.
HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")
SHORTEST_SECRET = 4  # hiding every "a" of a message because a key is "a" would hide the message


@dataclass(frozen=True)
class Endpoint:
    """One server of the file. Its repr and its `where` are safe to show; the rest of it may be secret.

    base_url   http or https address of the API; a query in it (?api-version=...) goes along with each request
    api_key    sent as a bearer token; "" for none
    model      the model to ask for; "" for the server's only one
    headers    more headers of each request, in pairs
    """

    name: str
    base_url: str = field(repr=False)
    api_key: str = field(default="", repr=False)
    model: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def where(self) -> str:
        """The address without what may be secret in it."""
        return re.split(r"[?#]", self.base_url)[0]

    def url(self, path: str) -> str:
        """The address of one request of the API: "chat/completions", "completions" or "models"."""
        query = self.base_url[len(self.where) :]
        return f"{self.where}/{path}{query}"

    def root_url(self, path: str) -> str:
        """The address of a request of the server's own, beside the OpenAI-compatible API in /v1."""
        query = self.base_url[len(self.where) :]
        return f"{VERSION.sub('', self.where)}/{path}{query}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that must never be shown, the longest first."""
        query = self.base_url[len(self.where) :].lstrip("?")
        values = [part.partition("=")[2] or part for part in query.split("&")]
        found = {self.api_key, *values, *(value for _, value in self.headers)}
        found |= {word for secret in found for word in secret.split()}  # "Bearer ..." in a header
        return tuple(sorted((each for each in found if len(each) >= SHORTEST_SECRET), key=len, reverse=True))

    def scrub(self, text: str) -> str:
        """The text with every secret of this endpoint replaced by ***."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def endpoint_names(path: Path) -> list[str]:
    """The names to choose from; those of the example while there is no file that can be read.

    Never raises, as a node's choices must not keep ComfyUI from starting: `find_endpoint` says what is wrong.
    """
    try:
        found = list(_entries(path))
    except (OSError, ValueError):
        found = []
    return found or list(EXAMPLE["endpoints"])


def find_endpoint(path: Path, name: str) -> Endpoint:
    """The endpoint of that name in the file, which is made with examples where there is none.

    Raises ValueError naming the entry and the field that cannot be worked with; no message shows a key.
    """
    if not path.exists():
        write_example(path)
    _keep_private(path)
    entries = _entries(path)
    if name not in entries:
        raise ValueError(f"{path} has no endpoint {name!r}: add it there, or choose one of {listed(entries)}")
    return _endpoint(path, name, entries[name])


def write_example(path: Path) -> None:
    """Make the file, readable by its owner alone from its first moment; a file that is there stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(EXAMPLE, indent=4, ensure_ascii=False) + "\n")


def _keep_private(path: Path) -> None:
    """Take the file from other users' eyes: editors make new files that all may read."""
    with contextlib.suppress(OSError):  # not ours to change, or a file system without modes
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _entries(path: Path) -> dict[str, object]:
    """What stands under "endpoints" in the file, by name, not yet looked at."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        # The error's own text is left out: some decoders quote the document, and it holds keys.
        place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        problem = f"{path} is no JSON text in UTF-8{place}: correct it, or delete it to get the example back"
    else:
        entries = content.get("endpoints") if isinstance(content, dict) else None
        if isinstance(entries, dict):
            return entries
        problem = f'{path} must hold {{"endpoints": {{"a name": {{"base_url": "http://..."}}}}}}'
    raise ValueError(problem)


def _endpoint(path: Path, name: str, entry: object) -> Endpoint:
    at = f"endpoint {name!r} in {path}"
    if not isinstance(entry, dict):
        raise ValueError(f'{at} must be {{"base_url": "http://...", ...}}')
    unknown = [key for key in entry if key not in FIELDS]
    if unknown:
        raise ValueError(f"{at} has {listed(unknown)}, which is not known: its fields are {listed(FIELDS)}")
    for key in ("base_url", "api_key", "model"):
        if not isinstance(entry.get(key, ""), str):
            raise ValueError(f"{key} of {at} must be a text in quotation marks")
    headers = entry.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise ValueError(f'headers of {at} must be names and texts: {{"X-Team": "pictures"}}')
    endpoint = Endpoint(
        name,
        checked_url(entry.get("base_url", ""), at),
        entry.get("api_key", "").strip(),
        entry.get("model", "").strip(),
        # In one spelling each: HTTP does not tell "x-team" from "X-Team".
        tuple((key.strip().title(), value.strip()) for key, value in headers.items()),
    )
    for what, value in (("api_key", endpoint.api_key), *endpoint.headers):
        if not HEADER_VALUE.fullmatch(value):
            raise ValueError(f"{what} of {at} has a character that no HTTP header may have: copy it again")
        if not HEADER_NAME.fullmatch(what):
            raise ValueError(f"headers of {at} has {what!r}, which is no name of an HTTP header")
    return endpoint


def checked_url(base_url: str, at: str) -> str:
    """The base URL as requests need it: without a last slash or the path of a request, /v1 where no path is.

    Raises ValueError, which shows nothing of the URL but its scheme, for all that is no http(s) address.
    """
    from yarl import URL

    url = base_url.strip()
    form = "it must look like http://127.0.0.1:8000/v1"
    if not url:
        raise ValueError(f"{at} has no base_url: {form}")
    scheme, separator, _ = url.partition("://")
    if not separator or not scheme.isalnum() or re.search(r"[\s\\\x00-\x1f\x7f]", url):
        raise ValueError(f"base_url of {at} is no web address: {form}")
    if scheme.lower() not in ("http", "https"):
        raise ValueError(f"base_url of {at} begins with {scheme}://, which is not http or https: {form}")
    try:
        parsed = URL(url, encoded=True)
        well_formed = parsed.raw_host and parsed.explicit_port != 0
    except ValueError:  # quotes the address, which may hold a key
        parsed, well_formed = URL(), False
    if not well_formed:
        raise ValueError(f"base_url of {at} has no host, or a port that is no number from 1 to 65535: {form}")
    if "@" in parsed.raw_authority:
        raise ValueError(
            f"base_url of {at} has a user name or password in it: put the key into api_key, or "
            '"Basic ..." into headers as Authorization'
        )
    path = REQUESTS.sub("", parsed.raw_path.rstrip("/")).rstrip("/") or "/v1"
    query = f"?{parsed.raw_query_string}" if parsed.raw_query_string else ""
    return f"{scheme.lower()}://{parsed.raw_authority}{path}{query}"


def listed(names) -> str:
    """Names in quotation marks, for a message; of many the first ones."""
    names = [repr(name) for name in names]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return (", ".join(names[:20]) or "none") + more
