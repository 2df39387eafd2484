"""Taste and history in the page: a click is a pick, ten picks rank, and the panel finds what was written."""

import json

import pytest

from .browser import LIST, ROW
from .conftest import BEAUTIFY
from .test_page_nodes import put

PANEL = ".prompt-beautifier-history"
TOLD = f"{LIST} .taste"
LIKED, OTHERS = "a {} at night, moonlit mist", ["a {} at noon, bright sunlight", "a {} in the morning, clear daylight"]
SUBJECTS = "cat dog fox owl ship tree barn door lamp road bird hill".split()


def ask(server, name, body):
    return server.post(f"/prompt_beautifier/{name}", body)


@pytest.fixture(autouse=True)
def nothing_known(server):
    ask(server, "taste", {"empty": True})
    ask(server, "forget", {"all": True})
    yield
    ask(server, "taste", {"empty": True})


def pick(server, count):
    for subject in SUBJECTS[:count]:
        others = [text.format(subject) for text in OTHERS]
        chosen = LIKED.format(subject)
        body = {"raw_prompt": subject, "target": "", "how": "click", "chosen": chosen, "others": others}
        answer = ask(server, "pick", body)
    return answer


def until_picks(page, server, number):
    for _ in range(100):
        if ask(server, "taste", {})["picks"] == number:
            return
        page.browser.wait_for_timeout(50)
    pytest.fail(f"there are {ask(server, 'taste', {})['picks']} picks, not {number}")


def test_a_click_and_a_star_are_picks_once_each(page, server, tmp_path):
    page.run()
    page.locator(ROW).nth(2).click()
    until_picks(page, server, 1)
    page.locator(ROW).nth(1).click()
    until_picks(page, server, 1)
    page.locator(f"{ROW} .pi-star").nth(3).click()
    page.locator(f"{ROW} .pi-star-fill").wait_for()
    until_picks(page, server, 2)
    page.browser.screenshot(path=tmp_path / f"starred {page.looks}.png")
    (entry,) = ask(server, "history", {"starred": True})["entries"]
    assert entry["stars"] == [3] and list(entry["prompts"]) == page.listed()
    page.locator(f"{ROW} .pi-star-fill").click()
    until_picks(page, server, 1)


def test_ten_picks_rank_and_a_click_stays_what_it_was(page, server, writes, tmp_path):
    page.run()
    plain = page.listed()
    assert page.locator(TOLD).count() == 0
    assert pick(server, 12) == {"picks": 12, "kept": True}
    put(page, BEAUTIFY, "prompt", "an old lighthouse")
    put(page, BEAUTIFY, "control_after_generate", "fixed")
    page.run()
    ranked = page.listed()
    assert page.locator(TOLD).inner_text() == "Ranked by your taste, 12 picks"
    page.browser.screenshot(path=tmp_path / f"ranked {page.looks}.png")
    listed = page.evaluate("type => nodeOf(type).properties.prompt_beautifier", BEAUTIFY)
    assert sorted(listed["places"]) == [0, 1, 2, 3, 4] and len(set(plain)) == 5
    page.locator(ROW).nth(3).click()
    until_picks(page, server, 13)
    assert page.inputs()["taste"] == "off" and page.inputs()["candidate"] == listed["places"][3] + 1
    page.run()
    assert page.chosen() == [ranked[3]] and page.listed() == ranked, "the list stays as it was"
    assert ranked[3] in page.evaluate("() => nodeOf('PreviewAny').widgets.map(widget => widget.value)")
    page.locator(ROW).nth(3).click()
    assert page.inputs()["taste"] == "auto" and page.inputs()["candidate"] == 1


def test_the_history_is_found_starred_and_put_into_a_box(page, server, tmp_path):
    page.run()
    texts = page.listed()
    page.evaluate(
        """type => app.collectNodeMenuItems(nodeOf(type)).find(each => each?.content === 'History of prompts')
           .callback()""",
        BEAUTIFY,
    )
    page.locator(f"{PANEL} .entry").first.wait_for()
    page.browser.wait_for_timeout(500)
    page.browser.screenshot(path=tmp_path / f"history {page.looks}.png")
    assert page.locator(f"{PANEL} .candidate .words").all_inner_texts()[:5] == texts
    page.locator(f"{PANEL} .candidate .pi-star").nth(1).click()
    page.locator(f"{PANEL} .pi-star-fill").wait_for()
    page.locator(f"{PANEL} input.words").fill("nobody wrote this")
    page.browser.get_by_text("Nothing has all of these words").wait_for()
    page.locator(f"{PANEL} input.words").fill("")
    page.locator(f"{PANEL} .only input").check()
    page.locator(f"{PANEL} .entry").first.wait_for()
    page.select("CLIPTextEncode")
    page.locator(f"{PANEL} .candidate .pi-arrow-right").nth(1).click()
    page.until("text => nodeOf('CLIPTextEncode').widgets[0].value === text", texts[1])
    page.locator(f"{PANEL} .head .pi-times").first.click()
    page.until(f"() => !document.querySelector('{PANEL} .entry')")
    assert ask(server, "history", {})["entries"] == []
    page.evaluate("() => app.extensionManager.command.execute('Workspace.ToggleSidebarTab.prompt-beautifier-history')")


def test_the_settings_say_export_and_empty(page, server, tmp_path):
    pick(server, 3)
    page.evaluate("() => app.extensionManager.command.execute('Comfy.ShowSettingsDialog')")
    page.browser.get_by_text("Prompt Beautifier", exact=True).first.click()
    page.browser.get_by_text("3 picks. Candidates are ranked from 10 on.").wait_for()
    page.browser.get_by_role("button", name="Export", exact=True).scroll_into_view_if_needed()
    page.browser.screenshot(path=tmp_path / f"settings {page.looks}.png")
    with page.browser.expect_download() as download:
        page.browser.get_by_role("button", name="Export", exact=True).click()
    rows = [json.loads(line) for line in download.value.path().read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 6 and {"prompt", "chosen", "rejected"} <= rows[0].keys()
    page.browser.get_by_role("button", name="Empty", exact=True).click()
    page.browser.get_by_text("Click again to forget all picks").click()
    page.browser.get_by_text("0 picks. Candidates are ranked from 10 on.").wait_for()
    page.keyboard.press("Escape")
