"""People's choice: pairs, votes that last, a server that refuses what it should, and a report that adds up."""

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from prompt_beautifier.training import prefer
from prompt_beautifier.training.voting import votes
from prompt_beautifier.training.voting.votes import AlreadyVoted, Vote, Votes, read_pairs

PROMPTS = ("a cat", "<img src=x onerror=alert(1)>&\"'", "夜晚的城堡 🏰")
METHODS = ("full model", "raw", "supervised")


def write_study(folder, prompts=PROMPTS, methods=METHODS):
    """A folder like the one evaluation writes: a picture of its own for every prompt and method."""
    (folder / "pictures").mkdir(parents=True)
    rows = []
    for row, prompt in enumerate(prompts):
        images = {}
        for column, method in enumerate(methods):
            images[method] = f"pictures/{row}-{column}.png"
            Image.new("RGB", (40, 30), (60 * row, 70 * column, 99)).save(folder / images[method])
        rows.append({"raw_prompt": prompt, "set": "test", "seed": 3, "images": images})
    write_rows(folder, rows)
    return rows


def write_rows(folder, rows):
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "pictures.jsonl").write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    write_study(tmp_path / "study")
    return tmp_path / "study"


@pytest.fixture
def study(folder, tmp_path):
    kept = Votes(tmp_path / "votes.sqlite")
    yield prefer.Study.of(read_pairs(folder)[0], kept)
    kept.close()


def test_every_method_is_paired_with_the_reference(folder):
    pairs, against, same = read_pairs(folder)
    assert against == "full model" and same == 0 and len(pairs) == 6
    assert {pair.methods for pair in pairs} == {("raw", "full model"), ("supervised", "full model")}
    for pair in pairs:
        assert [path.name.split("-")[1][0] for path in pair.pictures] == [
            str(METHODS.index(method)) for method in pair.methods
        ]
    assert read_pairs(folder / "pictures.jsonl", "raw")[1] == "raw"


def test_keys_do_not_change_with_other_rows(folder):
    before = {pair.key for pair in read_pairs(folder)[0]}
    rows = [json.loads(line) for line in (folder / "pictures.jsonl").read_text(encoding="utf-8").splitlines()]
    write_rows(folder, rows[::-1] + rows[:1] + [rows[0] | {"seed": 4}])
    after = {pair.key for pair in read_pairs(folder)[0]}
    assert before < after and len(after) == len(before) + 2


def test_one_picture_of_two_methods_is_no_choice(folder):
    rows = [json.loads(line) for line in (folder / "pictures.jsonl").read_text(encoding="utf-8").splitlines()]
    rows[0]["images"]["raw"] = rows[0]["images"]["full model"]
    write_rows(folder, rows)
    pairs, _, same = read_pairs(folder)
    assert same == 1 and len(pairs) == 5


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ({"images": {}}, ValueError, "needs 'raw_prompt'"),
        ({"raw_prompt": "a"}, ValueError, 'needs "images"'),
        ({"raw_prompt": "a", "images": {"x": 3}}, ValueError, 'needs "images"'),
        ({"raw_prompt": "a", "images": {}}, ValueError, "and of another method"),
        ({"raw_prompt": "a", "images": {"x": "pictures/0-0.png"}}, ValueError, "and of another method"),
        ({"raw_prompt": "a", "images": {"x": "pictures/0-0.png", "y": "gone.png"}}, FileNotFoundError, "no picture"),
        ({"raw_prompt": "a", "images": {"x": "pictures/0-0.png", "y": "../out.png"}}, ValueError, "must be a picture"),
        ({"raw_prompt": "a", "images": {"x": "/etc/passwd", "y": "pictures/0-0.png"}}, ValueError, "must be a picture"),
        ({"raw_prompt": "a", "images": {"x": "pictures.jsonl", "y": "pictures/0-0.png"}}, ValueError, "must be a pict"),
    ],
)
def test_rows_that_cannot_be_shown_are_named(folder, row, error, message):
    (folder.parent / "out.png").write_bytes((folder / "pictures" / "0-0.png").read_bytes())
    write_rows(folder, [row])
    with pytest.raises(error, match=message):
        read_pairs(folder)


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_out_of_the_folder_is_not_followed(folder):
    (folder.parent / "secret.png").write_bytes(b"secret")
    (folder / "pictures" / "0-1.png").unlink()
    (folder / "pictures" / "0-1.png").symlink_to(folder.parent / "secret.png")
    with pytest.raises(ValueError, match="must be a picture"):
        read_pairs(folder)


def test_a_reference_that_is_not_there_is_named(folder):
    with pytest.raises(ValueError, match=r"pictures of 'PPO' and of another method: \['full model'"):
        read_pairs(folder, "PPO")


def vote(person="me", pair="p", choice="left", left="a", right="b", prompt="a cat"):
    return Vote(person, pair, prompt, left, right, choice)


def test_votes_are_kept_once(tmp_path):
    kept = Votes(tmp_path / "v.sqlite")
    kept.add(vote())
    with pytest.raises(AlreadyVoted):
        kept.add(vote(choice="tie"))
    kept.add(vote("you"))
    kept.add(vote(pair="q", choice="tie"))
    kept.close()
    again = Votes(tmp_path / "v.sqlite")
    assert list(again) == [vote(), vote("you"), vote(pair="q", choice="tie")]
    assert again.counts() == {"p": 2, "q": 1} and again.voted("me") == {"p", "q"}
    again.close()


def test_the_file_has_a_row_for_each_vote_with_all_there_is_to_know(tmp_path):
    kept = Votes(tmp_path / "v.sqlite")
    kept.add(vote(choice="right"))
    kept.close()
    with sqlite3.connect(tmp_path / "v.sqlite") as database:
        (mode,) = database.execute("PRAGMA journal_mode").fetchone()
        columns = "person, pair, raw_prompt, left_method, right_method, choice, time"
        (row,) = database.execute(f"SELECT {columns} FROM votes").fetchall()
    database.close()
    assert mode == "wal" and row[:-1] == ("me", "p", "a cat", "a", "b", "right")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", row[-1])


def test_a_choice_that_is_none_is_refused_by_the_file_itself(tmp_path):
    kept = Votes(tmp_path / "v.sqlite")
    with pytest.raises(AlreadyVoted):  # SQLite says only that a rule was broken
        kept.add(vote(choice="both"))
    assert list(kept) == []
    kept.close()


def test_undo_takes_back_the_persons_own_last_vote(tmp_path):
    kept = Votes(tmp_path / "v.sqlite")
    for person, pair in (("me", "p"), ("me", "q"), ("you", "p"), ("me", "elsewhere")):
        kept.add(vote(person, pair))
    assert kept.undo("me", ["p", "q"]) == "q"
    assert kept.undo("me", ["p", "q"]) == "p"
    assert kept.undo("me", ["p", "q"]) is None
    assert [(each.person, each.pair) for each in kept] == [("you", "p"), ("me", "elsewhere")]
    kept.close()


def test_another_file_is_no_file_of_votes(tmp_path):
    (tmp_path / "v.sqlite").write_bytes(b"something else entirely " * 100)
    with pytest.raises(ValueError, match="is no file of votes"):
        Votes(tmp_path / "v.sqlite")


def test_pairs_with_the_fewest_votes_come_first(study):
    keys = list(study.pairs)
    for key in keys[:-1]:
        study.votes.add(vote("somebody", key))
    assert study.next_pair("me").key == keys[-1]
    study.votes.add(vote("me", keys[-1]))
    assert study.next_pair("me").key in keys[:-1]


def test_each_person_gets_each_pair_once_in_an_order_of_their_own(study):
    orders = {}
    for person in ("one", "two", "three", "four"):
        seen = []
        while found := study.next_pair(person):
            assert study.next_pair(person) == found  # a reload shows the same
            seen.append(found.key)
            study.votes.add(vote(person, found.key))
        assert sorted(seen) == sorted(study.pairs)
        orders[person] = tuple(seen)
    assert len(set(orders.values())) > 1


def test_sides_are_drawn_by_lot_for_every_person_and_pair(study):
    pairs = list(study.pairs.values())
    drawn = Counter(study.order(f"person {number}", pair) for number in range(200) for pair in pairs)
    assert set(drawn) == {(0, 1), (1, 0)}
    assert abs(drawn[0, 1] - 600) < 5 * (1200 * 0.25) ** 0.5
    assert len({study.order(f"person {number}", pairs[0]) for number in range(20)}) == 2
    assert len({tuple(study.order(f"person {number}", pair) for pair in pairs) for number in range(20)}) > 5


class Person:
    """A browser: keeps cookies, sends JSON from the page's own address."""

    def __init__(self, client):
        self.client = client
        self.origin = str(client.make_url("/")).rstrip("/")

    async def get(self, path, **headers):
        return await self.client.get(path, headers=headers)

    async def post(self, path, content, **headers):
        return await self.client.post(path, json=content, headers={"Origin": self.origin, **headers})

    async def arrive(self):
        assert (await self.get("/")).status == 200
        return await (await self.get("/pair")).json()

    async def choose(self, shown, choice):
        answer = await self.post("/vote", {"pair": shown["pair"], "left": shown["left"], "choice": choice})
        assert answer.status == 200, await answer.text()
        return await answer.json()


def with_server(study, test):
    """Run `test(new_person)` with a server of the study; new_person() makes a Person with cookies of its own."""

    async def run():
        clients = []
        async with TestServer(prefer.application(study), host="127.0.0.1") as server:

            def new_person():
                # unsafe: cookies of an address that is a number
                clients.append(TestClient(server, cookie_jar=CookieJar(unsafe=True)))
                return Person(clients[-1])

            try:
                await test(new_person)
            finally:
                for client in clients:
                    await client.session.close()

    asyncio.run(run())


def test_a_person_votes_through_all_pairs(study):
    async def test(new_person):
        me = new_person()
        shown, seen = await me.arrive(), []
        while shown["pair"]:
            assert (shown["done"], shown["total"], shown["undo"]) == (len(seen), 6, bool(seen))
            seen.append((shown, ("left", "tie", "right")[len(seen) % 3]))
            shown = await me.choose(*seen[-1])
        assert shown == {"done": 6, "total": 6, "undo": True, "pair": None}
        for kept, (was, choice) in zip(study.votes, seen, strict=True):
            pair = study.pairs[was["pair"]]
            assert kept.choice == choice and kept.raw_prompt == pair.raw_prompt == was["raw_prompt"]
            by_name = dict(zip(pair.methods, pair.pictures, strict=True))
            for side, method in (("left", kept.left), ("right", kept.right)):
                # What was seen on a side is the picture of the method that is recorded for it.
                response = await me.get(f"/picture/{was[side]}")
                assert response.content_type == "image/png"
                assert await response.read() == by_name[method].read_bytes()

    with_server(study, test)


def test_two_people_and_somebody_else_on_the_same_computer(study):
    async def test(new_person):
        me, you = new_person(), new_person()
        for person in (me, you):
            await person.choose(await person.arrive(), "tie")
        assert len({kept.person for kept in study.votes}) == 2
        assert len({kept.pair for kept in study.votes}) == 2  # the second got what had no vote yet
        assert (await me.post("/someone-else", {})).status == 200
        assert (await (await me.get("/pair")).json())["done"] == 0
        await me.choose(await (await me.get("/pair")).json(), "left")
        assert len({kept.person for kept in study.votes}) == 3

    with_server(study, test)


def test_undo_shows_the_pair_again_as_it_was(study):
    async def test(new_person):
        me = new_person()
        first = await me.arrive()
        second = await me.choose(first, "left")
        back = await (await me.post("/undo", {})).json()
        assert back == first and list(study.votes) == []
        await me.choose(back, "right")
        assert [kept.choice for kept in study.votes] == ["right"]
        assert second["pair"] == (await (await me.get("/pair")).json())["pair"]
        await me.post("/undo", {})
        nothing = await (await me.post("/undo", {})).json()
        assert nothing["pair"] and not nothing["undo"]

    with_server(study, test)


def test_no_vote_twice_and_none_for_what_another_person_saw(study):
    async def test(new_person):
        me = new_person()
        shown = await me.arrive()
        ballot = {"pair": shown["pair"], "left": shown["left"], "choice": "left"}
        answers = await asyncio.gather(*(me.post("/vote", ballot) for _ in range(5)))
        assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409]
        swapped = {"pair": shown["pair"], "left": shown["right"], "choice": "left"}
        you = new_person()
        await you.arrive()
        theirs = study.sides(next(iter(you.client.session.cookie_jar)).value, study.pairs[shown["pair"]])
        wrong = ballot if theirs[0] != shown["left"] else swapped
        assert (await you.post("/vote", wrong)).status == 409
        assert len(list(study.votes)) == 1

    with_server(study, test)


def test_the_page_tells_nobody_the_methods_or_the_files(study):
    async def test(new_person):
        me = new_person()
        texts = [json.dumps(await me.arrive())]
        for path in ("/", "/page.js", "/page.css"):
            texts.append(await (await me.get(path)).text())
        shown = json.loads(texts[0])
        response = await me.get(f"/picture/{shown['left']}")
        texts.append(str(response.headers))
        for text in texts:
            assert not any(word in text for word in (*METHODS[:1], "supervised", "pictures/", "0-0", ".png"))
        assert len({*study.pictures}) == len(PROMPTS) * len(METHODS)
        assert all(re.fullmatch("[0-9a-f]{32}", name) for name in study.pictures)

    with_server(study, test)


def test_prompts_are_data_and_never_html(study):
    async def test(new_person):
        me = new_person()
        shown, prompts = await me.arrive(), set()
        page = await me.get("/")
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "onerror" not in await page.text()
        while shown["pair"]:
            prompts.add(shown["raw_prompt"])
            shown = await me.choose(shown, "tie")
        assert prompts == set(PROMPTS)

    with_server(study, test)
    script = (prefer.PAGE / "page.js").read_text(encoding="utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval", "Function("):
        assert way not in script


def test_nothing_on_the_page_comes_from_elsewhere():
    for path in prefer.PAGE.iterdir():
        assert not re.search(r"https?:|//[a-z]|@import|url\(", path.read_text(encoding="utf-8").replace("// ", "")), (
            path
        )


@pytest.mark.parametrize(
    "path",
    [
        "/picture/x",
        "/picture/..%2F..%2Fvotes.sqlite",
        "/picture/../pictures.jsonl",
        "/picture/pictures%2F0-0.png",
        "/pictures/0-0.png",
        "/page.html",
        "/index.html",
        "/..%2fprefer.py",
        "/%2e%2e/votes.py",
        "/votes.sqlite",
    ],
)
def test_only_listed_pictures_are_served(study, path):
    async def test(new_person):
        me = new_person()
        await me.arrive()
        from yarl import URL

        answer = await me.client.session.get(URL(me.origin + path, encoded=True))
        assert answer.status == 404

    with_server(study, test)


def test_votes_of_other_pages_are_refused(study):
    async def test(new_person):
        me = new_person()
        shown = await me.arrive()
        ballot = {"pair": shown["pair"], "left": shown["left"], "choice": "left"}
        for path, content in (("/vote", ballot), ("/undo", {}), ("/someone-else", {})):
            for origin in ("http://evil.example", "null", "", me.origin + "0", me.origin.replace("http", "https")):
                assert (await me.post(path, content, Origin=origin)).status == 403
            assert (await me.client.post(path, json=content)).status == 403  # no origin at all
            form = await me.client.post(path, data=content or {"a": "b"}, headers={"Origin": me.origin})
            assert form.status == 415
        foreign = {"Origin": "http://evil.example", "Host": "evil.example"}  # its name leads to 127.0.0.1
        assert (await me.post("/vote", ballot, **foreign)).status == 403
        assert (await me.get("/pair", Host="evil.example")).status == 403
        assert list(study.votes) == []

    with_server(study, test)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"choice": "both"}, 400),
        ({"choice": None}, 400),
        ({"pair": "gone"}, 400),
        ({"pair": ["list"]}, 400),
        ({"more": "x"}, 400),
        ({"left": 3}, 400),
        ({"left": "x"}, 409),
        ({"choice": "left" * 1000}, 413),
    ],
)
def test_votes_that_are_none_are_refused(study, change, status):
    async def test(new_person):
        me = new_person()
        shown = await me.arrive()
        ballot = {"pair": shown["pair"], "left": shown["left"], "choice": "left"} | change
        answer = await me.post("/vote", ballot)
        assert answer.status == status
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    with_server(study, test)
    assert list(study.votes) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 900, b'{"pair": "a", "pair": "b"}'])
def test_bodies_that_are_no_json_are_refused(study, body):
    async def test(new_person):
        me = new_person()
        await me.arrive()
        headers = {"Origin": me.origin, "Content-Type": "application/json"}
        assert (await me.client.post("/vote", data=body, headers=headers)).status == 400

    with_server(study, test)


def test_without_a_cookie_there_is_no_vote(study):
    async def test(new_person):
        me = new_person()
        assert (await me.get("/pair")).status == 403
        assert (await me.get("/pair", Cookie="person=../../x")).status == 403
        page = await me.get("/")
        cookie = page.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert "Set-Cookie" not in (await me.get("/")).headers  # a person stays the same

    with_server(study, test)


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-TW", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("de-DE,de;q=0.9,zh;q=0.5", "zh"),
        ("fr", "en"),
        ("en;q=0.2, zh;q=0.7", "zh"),
        ("zh;q=0", "en"),
        ("*", "en"),
        ("zh;q=x", "zh"),
        (";;,,;q=", "en"),
    ],
)
def test_language(accepted, chosen):
    assert prefer.language(accepted) == chosen


def test_the_page_is_in_the_readers_language(study):
    async def test(new_person):
        for accepted, chosen in (("zh-CN", "zh"), ("en", "en")):
            page = await new_person().get("/", **{"Accept-Language": accepted})
            assert f'<html lang="{chosen}">' in await page.text()

    with_server(study, test)


def test_both_languages_have_all_texts():
    script = (prefer.PAGE / "page.js").read_text(encoding="utf-8")
    english, chinese = (
        re.findall(r"(?<=[\s{])(\w+): \"", re.search(rf"{name}: {{(.*?)\n  }}", script, re.DOTALL)[1])
        for name in ("en", "zh")
    )
    assert english == chinese and len(english) == len(set(english)) > 10
    page = (prefer.PAGE / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'data-text="(\w+)"', page)) <= set(english)


def start(folder, path, port):
    command = [sys.executable, "-m", "prompt_beautifier.training.prefer", "--pairs", str(folder), "--votes", str(path)]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE, text=True)
    assert "6 pairs against full model" in process.stdout.readline()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.05)
    process.kill()
    pytest.fail("the server did not start")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_votes_outlive_a_server_that_is_killed(folder, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
    origin = f"http://127.0.0.1:{port}"

    def post(shown, choice):
        body = json.dumps({"pair": shown["pair"], "left": shown["left"], "choice": choice}).encode()
        headers = {"Origin": origin, "Content-Type": "application/json"}
        return json.load(browser.open(urllib.request.Request(f"{origin}/vote", body, headers), timeout=20))

    path = tmp_path / "killed.sqlite"
    process = start(folder, path, port)
    try:
        browser.open(origin, timeout=20).read()
        shown = json.load(browser.open(f"{origin}/pair", timeout=20))
        shown = post(post(shown, "left"), "tie")
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        process = start(folder, path, port)
        after = json.load(browser.open(f"{origin}/pair", timeout=20))
        assert after == shown and after["done"] == 2  # the same pair, the same sides
        post(after, "right")
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()
    kept = Votes(path)
    assert [each.choice for each in kept] == ["left", "tie", "right"]
    kept.close()


def cast():
    """Votes whose outcome can be counted by hand: against b, a has 3 wins, 1 tie and 1 loss, c loses both."""
    rows = [
        ("p1", "left", "a", "b"),
        ("p1", "right", "b", "a"),
        ("p2", "right", "b", "a"),
        ("p3", "tie", "a", "b"),
        ("p4", "left", "b", "a"),
        ("p1", "left", "b", "c"),
        ("p2", "right", "c", "b"),
    ]
    return [
        vote(f"person {number % 3}", f"{number}", choice, left, right, prompt)
        for number, (prompt, choice, left, right) in enumerate(rows)
    ]


def test_wins_ties_and_losses():
    found = votes.report(cast())
    assert (found.against, found.people, found.votes) == ("b", 3, 7)
    one, two = found.tallies
    assert (one.method, one.wins, one.ties, one.losses, one.votes, one.prompts) == ("a", 3, 1, 1, 5, 4)
    assert (two.method, two.wins, two.ties, two.losses, two.votes, two.prompts) == ("c", 0, 0, 2, 2, 2)
    assert one.win.value == 0.6 and one.tie.value == one.loss.value == 0.2
    assert one.lead.value == pytest.approx(0.4) and two.lead.value == -1
    assert one.lead.low < 0.4 < one.lead.high and (two.lead.low, two.lead.high) == (-1, -1)
    assert found.left.value == pytest.approx(3 / 6)


def test_the_bootstrap_draws_prompts_and_not_votes():
    """Ten votes on each of two prompts, all alike within a prompt: that is two samples, and not twenty."""
    rows = [vote(f"{k}", f"{p}", "left" if p else "right", "a", "b", f"prompt {p}") for p in (0, 1) for k in range(10)]
    (found,) = votes.report(rows, "b").tallies
    assert (found.lead.low, found.lead.high) == (-1, 1)
    assert found.win.low > 0.2 and found.win.high < 0.8


def test_the_reference_is_found_or_asked_for():
    assert votes.reference_of(cast()) == "b"
    with pytest.raises(ValueError, match=r"--against\): one of \['a', 'b'\]"):
        votes.reference_of(cast()[:5])
    with pytest.raises(ValueError, match="no vote is on 'x'"):
        votes.report(cast(), "x")
    with pytest.raises(ValueError, match="no votes yet"):
        votes.report([])


def saved(path, rows):
    kept = Votes(path)
    for row in rows:
        kept.add(row)
    kept.close()
    return path


def test_report_as_markdown_and_as_json(tmp_path, capsys):
    path = saved(tmp_path / "v.sqlite", cast())
    prefer.main(["--votes", str(path), "--report"])
    text = capsys.readouterr().out
    assert "against b" in text and "7 votes of 3 people" in text
    assert "Wilson" in text and "bootstrap interval over raw prompts" in text
    line = next(line for line in text.splitlines() if line.startswith("| a |"))
    assert "60.0 %" in line and "+40.0 %" in line and line.endswith("| 5 | 4 |")
    prefer.main(["--votes", str(path), "--report", "--json"])
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["tallies"][0]["win"]["value"] == 0.6 and numbers["people"] == 3


def test_report_of_one_prompt_has_no_bootstrap_interval(tmp_path, capsys):
    path = saved(tmp_path / "v.sqlite", cast()[:2])
    prefer.main(["--votes", str(path), "--report", "--against", "b"])
    assert "+100.0 % (one prompt, no interval)" in capsys.readouterr().out
    prefer.main(["--votes", str(path), "--report", "--against", "b", "--json"])
    assert json.loads(capsys.readouterr().out)["tallies"][0]["lead"] == {"value": 1.0, "low": None, "high": None}


def test_the_report_names_what_is_wrong(tmp_path):
    with pytest.raises(SystemExit, match=r"no file of votes .*gone\.sqlite"):
        prefer.main(["--votes", str(tmp_path / "gone.sqlite"), "--report"])
    assert not (tmp_path / "gone.sqlite").exists()
    with pytest.raises(SystemExit, match="no votes yet"):
        prefer.main(["--votes", str(saved(tmp_path / "empty.sqlite", [])), "--report"])
    with pytest.raises(SystemExit, match=r"there is no .*pictures\.jsonl"):
        prefer.main(["--votes", str(tmp_path / "v.sqlite"), "--pairs", str(tmp_path)])


def test_something_has_to_be_asked_for(tmp_path, capsys):
    with pytest.raises(SystemExit):
        prefer.main(["--votes", str(tmp_path / "v.sqlite")])
    assert "--pairs" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(folder, tmp_path, capsys):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(SystemExit, match="choose another --port"):
            prefer.main(["--pairs", str(folder), "--votes", str(tmp_path / "v.sqlite"), "--port", str(port)])


def test_the_page_is_installed_with_the_package(repository):
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    assert '"prompt_beautifier.training.voting" = ["page/*"]' in project
    assert {path.name for path in Path(prefer.PAGE).iterdir()} == {"index.html", *prefer.STATIC}
