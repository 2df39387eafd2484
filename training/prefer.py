"""People choose: a web page that shows two methods' pictures of a raw prompt, and a report of what was chosen.

    python -m prompt_beautifier.training.prefer --pairs runs/eval --votes votes.sqlite --port 8200
    python -m prompt_beautifier.training.prefer --votes votes.sqlite --report

--pairs is the folder that training.evaluate wrote, or a JSONL file of rows like

    {"raw_prompt": "a cat", "images": {"PPO": "pictures/one.png", "raw": "pictures/two.png"}}

Every method is compared with the one named by --against (default: the first). The page never says which method made
what; which picture is on the left is drawn by lot for every person and pair, and recorded. A person (a cookie) gets
each pair once, pairs with the fewest votes first. Keys: left and right arrow, up or space for a tie, Z takes the last
vote back. A vote is on the disk before the page goes on, so the server may be killed at any moment and started again.

The page is served to this computer alone (127.0.0.1). People elsewhere reach it through a tunnel, for example
`ssh -L 8200:127.0.0.1:8200 HOST` and http://127.0.0.1:8200/.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from .run.options import new_parser, parse
from .voting.votes import (
    CHOICES,
    AlreadyVoted,
    Pair,
    Vote,
    Votes,
    count,
    read_pairs,
    report,
    report_json,
    report_markdown,
)

PAGE = Path(__file__).parent / "voting" / "page"
STATIC = ("page.css", "page.js")
LANGUAGES = ("en", "zh")
HOST = "127.0.0.1"
LOCAL_NAMES = ("127.0.0.1", "localhost")
LARGEST_REQUEST = 1024  # bytes
COOKIE, COOKIE_AGE = "person", 365 * 24 * 3600
PERSON = re.compile(r"[\w-]{22}")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def main(argv: list[str] | None = None) -> None:
    parser = option_parser()
    args = parse(parser, argv)
    if not args.report and not args.pairs:
        parser.error("name the pictures to choose between (--pairs), or ask for a report (--report)")
    try:
        if args.report:
            print_report(args.votes, args.against, args.json)
            return
        pairs, against, same = read_pairs(args.pairs, args.against)
        votes = Votes(args.votes)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    skipped = f"; {count(same, 'pair is', 'pairs are')} one and the same picture, and left out" if same else ""
    print(f"{count(len(pairs), 'pair')} against {against}{skipped}", flush=True)
    print(f"Choose at http://{HOST}:{args.port}/  (Ctrl+C stops)", flush=True)
    try:
        web.run_app(application(Study.of(pairs, votes)), host=HOST, port=args.port, print=None, access_log=None)
    except OSError as error:
        sys.exit(f"{error}: choose another --port")
    finally:
        votes.close()


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--pairs", type=Path, help="folder with pictures.jsonl, or a JSONL file of rows with images")
    add("--votes", type=Path, required=True, help="SQLite file of the votes; made where there is none")
    add("--against", metavar="NAME", help="the method that the others are compared with")
    add("--port", type=int, default=8200)
    add("--report", action="store_true", help="print what the votes say, as Markdown, instead of serving the page")
    add("--json", action="store_true", help="print the report as JSON")
    return parser


def print_report(path: Path, against: str | None, as_json: bool) -> None:
    """Print what the votes in a file say. Raises FileNotFoundError for no file, ValueError for no votes."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file of votes {path}")
    votes = Votes(path)
    try:
        found = report(list(votes), against)
    finally:
        votes.close()
    print(report_json(found) if as_json else report_markdown(found))


@dataclass(frozen=True, eq=False)
class Study:
    """The pairs by key, the votes, and the pictures by the name in their address, which says nothing of them."""

    pairs: dict[str, Pair]
    votes: Votes
    pictures: dict[str, Path]

    @classmethod
    def of(cls, pairs: list[Pair], votes: Votes) -> Study:
        paths = {path for pair in pairs for path in pair.pictures}
        return cls({pair.key: pair for pair in pairs}, votes, {votes.secret(str(path)): path for path in paths})

    def order(self, person: str, pair: Pair) -> tuple[int, int]:
        """Which of the pair's two is on the left and which on the right: by lot, but always the same for a person."""
        return (0, 1) if int(self.votes.secret("order", person, pair.key), 16) % 2 else (1, 0)

    def sides(self, person: str, pair: Pair) -> tuple[str, str]:
        """The names of the left and of the right picture."""
        return tuple(self.votes.secret(str(pair.pictures[side])) for side in self.order(person, pair))

    def next_pair(self, person: str) -> Pair | None:
        """A pair with the fewest votes of those the person has not seen; None after the last."""
        voted, counts = self.votes.voted(person), self.votes.counts()
        left = [key for key in self.pairs if key not in voted]
        if not left:
            return None
        fewest = min(counts[key] for key in left)
        rare = (key for key in left if counts[key] == fewest)
        return self.pairs[min(rare, key=lambda key: self.votes.secret("turn", person, key))]

    def shown(self, person: str, pair: Pair | None) -> dict:
        """What the page needs to show a pair to a person, or the end."""
        done = len(self.votes.voted(person).intersection(self.pairs))
        answer = {"done": done, "total": len(self.pairs), "undo": done > 0, "pair": None}
        if pair:
            left, right = self.sides(person, pair)
            answer |= {"pair": pair.key, "raw_prompt": pair.raw_prompt, "left": left, "right": right}
        return answer


STUDY = web.AppKey("study", Study)


@web.middleware
async def guard(request: web.Request, handler) -> web.StreamResponse:
    """Refuse what no page of this server sent, and keep pages from loading anything from elsewhere."""
    try:
        if request.host.partition(":")[0] not in LOCAL_NAMES:  # a foreign name that leads here
            raise web.HTTPForbidden(text="This server is asked as 127.0.0.1 or localhost.")
        if request.method == "POST":
            if request.headers.get("Origin") != f"http://{request.host}":
                raise web.HTTPForbidden(text="Only this server's own page may send votes.")
            if request.content_type != "application/json":
                raise web.HTTPUnsupportedMediaType(text="Votes are JSON.")
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(HEADERS)
        raise
    response.headers.update(HEADERS)
    return response


def person_of(request: web.Request) -> str:
    """Who asks. Raises HTTPForbidden for a browser that keeps no cookies."""
    person = request.cookies.get(COOKIE, "")
    if not PERSON.fullmatch(person):
        raise web.HTTPForbidden(text="Votes need a cookie: load the page again, and allow it.")
    return person


def introduce(response: web.Response) -> None:
    """Make whoever gets this response a new person."""
    new = secrets.token_urlsafe(16)
    response.set_cookie(COOKIE, new, max_age=COOKIE_AGE, httponly=True, samesite="Strict")


def language(accepted: str) -> str:
    """The language of LANGUAGES that an Accept-Language header likes most."""
    likings = {}
    for position, part in enumerate(accepted.split(",")):
        name, _, quality = part.partition(";")
        found = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", quality)
        liking = float(found[1]) if found else 1.0
        likings.setdefault(name.strip().lower().partition("-")[0], (liking, -position))
    known = [name for name in LANGUAGES if likings.get(name, (0, 0))[0] > 0]
    return max(known, key=lambda name: likings[name], default=LANGUAGES[0])


async def index(request: web.Request) -> web.Response:
    chosen = language(request.headers.get("Accept-Language", ""))
    page = (PAGE / "index.html").read_text(encoding="utf-8").replace('lang="en"', f'lang="{chosen}"', 1)
    response = web.Response(text=page, content_type="text/html", headers={"Cache-Control": "no-store"})
    if not PERSON.fullmatch(request.cookies.get(COOKIE, "")):
        introduce(response)
    return response


async def static(request: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / request.path.removeprefix("/"), headers={"Cache-Control": "no-cache"})


async def picture(request: web.Request) -> web.FileResponse:
    path = request.app[STUDY].pictures.get(request.match_info["name"])
    if path is None:
        raise web.HTTPNotFound(text="There is no such picture.")
    return web.FileResponse(path, headers={"Cache-Control": "private, max-age=3600"})


async def pair(request: web.Request) -> web.Response:
    study, person = request.app[STUDY], person_of(request)
    return answer(study.shown(person, study.next_pair(person)))


async def vote(request: web.Request) -> web.Response:
    study, person = request.app[STUDY], person_of(request)
    given = await json_of(request, {"pair", "left", "choice"})
    voted = study.pairs.get(given["pair"])
    if voted is None or given["choice"] not in CHOICES:
        raise web.HTTPBadRequest(text=f"A vote is on a pair of this study, and one of {', '.join(CHOICES)}.")
    if given["left"] != study.sides(person, voted)[0]:  # another person began in another tab
        raise web.HTTPConflict(text="The pictures were shown to somebody else: load the page again.")
    left, right = (voted.methods[side] for side in study.order(person, voted))
    try:
        study.votes.add(Vote(person, voted.key, voted.raw_prompt, left, right, given["choice"]))
    except AlreadyVoted as error:
        raise web.HTTPConflict(text="There is a vote on this pair already: load the page again.") from error
    return answer(study.shown(person, study.next_pair(person)))


async def undo(request: web.Request) -> web.Response:
    study, person = request.app[STUDY], person_of(request)
    await json_of(request, set())
    last = study.votes.undo(person, study.pairs)
    return answer(study.shown(person, study.pairs[last] if last else study.next_pair(person)))


async def someone_else(request: web.Request) -> web.Response:
    await json_of(request, set())
    response = answer({})
    introduce(response)
    return response


async def json_of(request: web.Request, keys: set[str]) -> dict[str, str]:
    """The object of texts under exactly these keys that a request holds. Raises HTTPBadRequest for anything else."""
    try:
        given = json.loads(await request.text())
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or given.keys() != keys or not all(isinstance(x, str) for x in given.values()):
        raise web.HTTPBadRequest(text=f"Expected a JSON object of the texts {sorted(keys)}.")
    return given


def answer(content: dict) -> web.Response:
    return web.json_response(content, headers={"Cache-Control": "no-store"})


def application(study: Study) -> web.Application:
    """The server of a study."""
    app = web.Application(middlewares=[guard], client_max_size=LARGEST_REQUEST)
    app[STUDY] = study
    app.router.add_get("/", index)
    for name in STATIC:
        app.router.add_get(f"/{name}", static)
    app.router.add_get("/picture/{name}", picture)
    app.router.add_get("/pair", pair)
    app.router.add_post("/vote", vote)
    app.router.add_post("/undo", undo)
    app.router.add_post("/someone-else", someone_else)
    return app


if __name__ == "__main__":
    main()
