"""The page where people choose between two pictures, in a browser: mouse, keyboard, reload, undo, phone, languages."""

import contextlib
import re
import sqlite3
import subprocess
import sys
import time
import urllib.request

import pytest
from PIL import Image, ImageDraw

from ..training.test_prefer import METHODS, write_rows
from .conftest import free_port

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
NASTY = '<img src=x onerror="document.title=\'broken in\'"><b>bold</b> & "quotes"'
LONG = "a castle on a hill at night, highly detailed, dramatic moonlight, volumetric fog, " * 6
PROMPTS = ("a cat", NASTY, "夜晚山丘上的一座城堡", LONG)
READY = "#choice[aria-busy=false]"


@pytest.fixture
def folder(tmp_path):
    """Pictures of different shapes; every one has a colour of its own."""
    (tmp_path / "pictures").mkdir()
    sizes = [(512, 512), (512, 512), (640, 400), (384, 640)]
    rows = []
    for row, (prompt, size) in enumerate(zip(PROMPTS, sizes, strict=True)):
        images = {method: f"pictures/{row}-{column}.png" for column, method in enumerate(METHODS)}
        for column, path in enumerate(images.values()):
            image = Image.new("RGB", size, (50 + 50 * row, 40 + 80 * column, 120))
            ImageDraw.Draw(image).ellipse((60, 60, size[0] - 60, size[1] - 60), (240, 60 * column, 30 * row))
            image.save(tmp_path / path)
        rows.append({"raw_prompt": prompt, "images": images})
    write_rows(tmp_path, rows)
    return tmp_path


@pytest.fixture
def server(folder):
    """The running server: its address, and the function that starts it again after `stop`."""
    server = Server(folder, free_port())
    server.start()
    yield server
    server.stop()


class Server:
    def __init__(self, folder, port):
        self.folder, self.port, self.url = folder, port, f"http://127.0.0.1:{port}"

    def start(self):
        command = [sys.executable, "-m", "prompt_beautifier.training.prefer", "--pairs", str(self.folder)]
        command += ["--votes", str(self.folder / "votes.sqlite"), "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                direct.open(self.url, timeout=5).close()
                return
            time.sleep(0.1)
        pytest.fail("the server did not start")

    def stop(self):
        self.process.kill()
        self.process.wait(20)

    def votes(self):
        with contextlib.closing(sqlite3.connect(self.folder / "votes.sqlite")) as database:
            columns = "person, raw_prompt, left_method, right_method, choice"
            return database.execute(f"SELECT {columns} FROM votes ORDER BY number").fetchall()


@contextlib.contextmanager
def page_of(server, chromium, viewport=DESKTOP, locale="en-US", **more):
    """The page in a new browser; yields it and the list of errors and of requests to other servers."""
    from playwright.sync_api import sync_playwright

    wrong = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = browser.new_context(viewport=viewport, locale=locale, **more)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("request", lambda each: None if each.url.startswith(server.url) else wrong.append(each.url))
        page.goto(server.url)
        page.wait_for_selector(READY, state="attached")
        yield page, wrong
        browser.close()


def done(page):
    return int(page.inner_text("#count").split("/")[0])


def after_vote(page, number):
    """Wait until `number` votes are counted and the next pair is seen."""
    page.locator("#count", has_text=re.compile(rf"^{number} /")).wait_for()
    page.wait_for_selector(READY, state="attached")


def seen(page):
    """Prompt, and the addresses of both pictures."""
    return page.evaluate("[document.querySelector('h1').textContent, ...[...document.images].map(image => image.src)]")


def bytes_of(page, address):
    return bytes(page.evaluate("async url => [...new Uint8Array(await (await fetch(url)).arrayBuffer())]", address))


def check_vote(server, page, was, choice):
    """The last vote in the file is on what was seen: the recorded methods' pictures were on these sides."""
    _, raw_prompt, left, right, chosen = server.votes()[-1]
    prompt, left_address, right_address = was
    assert (raw_prompt, chosen) == (prompt, choice)
    row = PROMPTS.index(prompt)
    for method, address in ((left, left_address), (right, right_address)):
        path = server.folder / "pictures" / f"{row}-{METHODS.index(method)}.png"
        assert bytes_of(page, address) == path.read_bytes()


def test_mouse_keyboard_reload_and_undo(server, chromium, tmp_path):
    with page_of(server, chromium) as (page, wrong):
        page.screenshot(path=tmp_path / "desktop.png")
        ways = [
            ("left", lambda: page.click("#left-picture")),
            ("right", lambda: page.click("#right")),
            ("left", lambda: page.keyboard.press("ArrowLeft")),
            ("right", lambda: page.keyboard.press("ArrowRight")),
            ("tie", lambda: page.keyboard.press("ArrowUp")),
        ]
        for number, (choice, act) in enumerate(ways, 1):
            was = seen(page)
            act()
            after_vote(page, number)
            check_vote(server, page, was, choice)
            assert seen(page) != was
        was = seen(page)
        page.reload()
        page.wait_for_selector(READY, state="attached")
        assert seen(page) == was and done(page) == 5
        page.keyboard.press("z")
        after_vote(page, 4)
        back = seen(page)
        assert len(server.votes()) == 4 and back != was
        page.click("#tie")
        after_vote(page, 5)
        check_vote(server, page, back, "tie")
        page.click("#undo")
        after_vote(page, 4)
        assert seen(page) == back
    assert wrong == []


def test_to_the_end_and_somebody_else(server, chromium, tmp_path):
    with page_of(server, chromium) as (page, wrong):
        for number in range(1, 9):
            page.keyboard.press("Space")
            after_vote(page, number)
        assert page.is_visible("#message") and not page.is_visible("#choice")
        assert page.inner_text("#message") == "That was the last pair. Thank you!"
        page.screenshot(path=tmp_path / "end.png")
        page.keyboard.press("ArrowLeft")  # there is nothing left to vote on
        page.on("dialog", lambda dialog: dialog.accept())
        page.click("#someone-else")
        after_vote(page, 0)
        page.keyboard.press("ArrowLeft")
        after_vote(page, 1)
    votes = server.votes()
    assert len(votes) == 9 and len({person for person, *_ in votes}) == 2
    assert wrong == []


def test_no_vote_by_accident(server, chromium):
    with page_of(server, chromium) as (page, wrong):
        page.click("#left")
        after_vote(page, 1)
        page.keyboard.press("Space")  # a tie, though the mouse was on "left" last
        after_vote(page, 2)
        assert [choice for *_, choice in server.votes()] == ["left", "tie"]
        page.evaluate(
            """() => { for (let i = 0; i < 5; i++)
               document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true })) }"""
        )
        after_vote(page, 3)
        page.keyboard.down("ArrowLeft")
        after_vote(page, 4)
        page.keyboard.down("ArrowLeft")  # held down: repeats
        page.wait_for_timeout(300)
        page.keyboard.up("ArrowLeft")
        for keys in ("Control+ArrowLeft", "Alt+ArrowRight", "a", "Enter"):
            page.keyboard.press(keys)
        page.wait_for_timeout(300)
        page.wait_for_selector(READY, state="attached")
        assert [choice for *_, choice in server.votes()] == ["left", "tie", "right", "left"]
    assert wrong == []


def test_a_prompt_is_text(server, chromium, tmp_path):
    with page_of(server, chromium) as (page, wrong):
        number = 0
        while seen(page)[0] != NASTY:
            number += 1
            page.keyboard.press("ArrowUp")
            after_vote(page, number)
        assert page.inner_text("h1") == NASTY
        assert page.evaluate("document.querySelector('h1').children.length") == 0
        page.wait_for_timeout(200)
        assert page.title() == "Which picture is better?"
        page.screenshot(path=tmp_path / "nasty.png")
    assert wrong == []


def inside(page, viewport):
    """What of the page is on the screen as a whole: boxes of the pictures, and of the buttons."""
    boxes = [
        page.locator(name).bounding_box() for name in ("#left-picture", "#right-picture", "#left", "#tie", "#right")
    ]
    for box in boxes:
        assert box["x"] >= 0 and box["y"] >= 0
        assert box["x"] + box["width"] <= viewport["width"] + 1 and box["y"] + box["height"] <= viewport["height"] + 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    return boxes


def ratio(box):
    return box["width"] / box["height"]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, {"width": 844, "height": 390}, {"width": 320, "height": 568}])
def test_all_fits_the_screen_and_nothing_is_distorted(server, chromium, tmp_path, viewport):
    name = f"{viewport['width']}x{viewport['height']}"
    touch = {"has_touch": True, "is_mobile": True} if viewport != DESKTOP else {}
    with page_of(server, chromium, viewport, **touch) as (page, wrong):
        tall = viewport["height"] > viewport["width"]
        for number in range(1, 9):
            left, right, *buttons = inside(page, viewport)
            natural = page.evaluate("[...document.images].map(image => image.naturalWidth / image.naturalHeight)")
            assert [ratio(left), ratio(right)] == pytest.approx(natural, rel=0.03)
            assert abs(left["height"] - right["height"]) <= 1  # neither looks more important
            assert (right["y"] >= left["y"] + left["height"]) if tall else (right["x"] >= left["x"] + left["width"])
            assert min(box["height"] for box in buttons) >= 44  # for a finger
            assert page.locator("#left").inner_text().split()[-1] == ("Upper" if tall else "Left")
            page.screenshot(path=tmp_path / f"{name}-{number}.png")
            page.tap("#left") if touch else page.click("#left")
            after_vote(page, number) if number < 8 else page.wait_for_selector("#message")
    assert wrong == []


def test_chinese(server, chromium, tmp_path):
    with page_of(server, chromium, locale="zh-CN") as (page, wrong):
        assert page.title() == "哪张图更好？"
        assert "不相上下" in page.inner_text("#tie") and "左图" in page.inner_text("#left")
        page.screenshot(path=tmp_path / "chinese.png")
    assert wrong == []


def test_a_server_that_is_away_for_a_while(server, chromium, tmp_path):
    with page_of(server, chromium) as (page, _):
        page.keyboard.press("ArrowLeft")
        after_vote(page, 1)
        was = seen(page)
        server.stop()
        page.keyboard.press("ArrowRight")
        page.wait_for_selector("#message button")
        assert "does not answer" in page.inner_text("#message")
        page.screenshot(path=tmp_path / "away.png")
        server.start()
        page.click("#message button")
        after_vote(page, 1)
        assert seen(page) == was and len(server.votes()) == 1  # it was not counted, and is asked again
        page.keyboard.press("ArrowRight")
        after_vote(page, 2)
        check_vote(server, page, was, "right")
