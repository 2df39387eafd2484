"""Texts of the browser page: complete in English and Chinese, used, and where ComfyUI looks for them."""

import json
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
WEB = REPOSITORY / "nodes" / "web"
DOCS = WEB / "docs"
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in WEB.glob("*.js")}
ENTRY = re.compile(r'^    (\w+):\s*"((?:[^"\\]|\\.)*)",$', re.MULTILINE)
LARGEST_PICTURE = 120 * 1024


def strings(language: str) -> dict[str, str]:
    """What strings.js has of a language."""
    table = re.search(rf"^  {language}: \{{\n(.*?)^  \}},$", SCRIPTS["strings.js"], re.MULTILINE | re.DOTALL)[1]
    found = dict(ENTRY.findall(table))
    assert len(found) == len(table.splitlines()), "a line was not understood"
    return found


def locale(language: str, name: str) -> dict:
    return json.loads((REPOSITORY / "locales" / language / name).read_text(encoding="utf-8"))


def leaves(tree: dict, path: tuple = ()) -> dict[tuple, str]:
    """All texts of a locales file by their path in it."""
    found = {}
    for key, value in tree.items():
        found |= leaves(value, (*path, key)) if isinstance(value, dict) else {(*path, key): value}
    return found


def settings() -> dict[str, dict]:
    """What settings.js offers: id -> its English name, tooltip and categories."""
    script = SCRIPTS["settings.js"]
    ids = dict(re.findall(r'^const (\w+) = "(PromptBeautifier\.\w+)";$', script, re.MULTILINE))
    found = {}
    for entry in re.findall(r"^  \{\n(.*?)^  \},$", script, re.MULTILINE | re.DOTALL):
        one = dict(re.findall(r'^    (name|tooltip): "(.*)",$', entry, re.MULTILINE))
        found[ids[re.search(r"id: (\w+),", entry)[1]]] = one
    return found


# -- at home beside other packs

SHARED = re.compile(
    r"\.prototype\b|document\.(?:body|head|addEventListener|adoptedStyleSheets)|\bwindow\.|\binnerHTML\b"
    r"|\b(?:app|api|LiteGraph|globalThis)(?:\.\w+)+\s*=[^=>]"
)


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_changes_nothing_that_others_use(name):
    lines = [line for line in SCRIPTS[name].splitlines() if not line.lstrip().startswith(("//", "*", "/*"))]
    assert not [line for line in lines if SHARED.search(line)]
    for source in re.findall(r'^(?:import|export) .* from "(.*)";$', SCRIPTS[name], re.MULTILINE):
        assert source in ("../../scripts/app.js", "../../scripts/api.js") or (WEB / source).is_file()


def test_ids_have_the_packs_own_prefix():
    scripts = "\n".join(SCRIPTS.values())
    (extension,) = re.findall(r'registerExtension\(\{\s+name: "([^"]+)"', scripts)
    assert extension.startswith("promptbeautifier.")
    ids = re.findall(
        r'^const (?:COMMAND|MODEL|CANDIDATES|MODE|IMAGE_MODEL|STYLE|KEEP|AVOID|TASTE|HISTORY|KEPT) = "([^"]+)"',
        scripts,
        re.M,
    )
    assert len(ids) == 11 and all(each.startswith("PromptBeautifier.") for each in ids)
    assert re.search(r'^const PROPERTY = "prompt_beautifier";$', scripts, re.MULTILINE)


def test_every_rule_of_the_style_sheet_is_for_the_packs_own_elements():
    sheet = re.sub(r"/\*.*?\*/", "", (WEB / "prompt_beautifier.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    selectors = [each.strip() for rule in re.findall(r"([^{}]+)\{", sheet) for each in rule.split(",")]
    assert selectors
    for selector in selectors:
        assert re.match(r"(\[data-node-id\] )?\.prompt-beautifier-\w+", selector), selector


# -- strings.js


def test_both_languages_have_the_same_strings():
    english, chinese = strings("en"), strings("zh")
    assert list(english) == list(chinese)
    for key, text in english.items():
        assert text.strip() and chinese[key].strip()
        placeholders = [sorted(re.findall(r"\{(\w+)\}", each)) for each in (text, chinese[key])]
        assert placeholders[0] == placeholders[1], key
        assert re.search("[\u4e00-\u9fff]", chinese[key]), f"{key} is not Chinese"


def test_every_string_is_used_and_every_one_used_is_there():
    others = "\n".join(text for name, text in SCRIPTS.items() if name != "strings.js")
    calls = re.findall(r"\btext\(([^)]*)", others)
    used = {key for call in calls for key in re.findall(r'"(\w+)"', call)}
    assert used == set(strings("en"))


# -- locales/


def test_both_languages_have_the_same_files():
    names = [sorted(path.name for path in (REPOSITORY / "locales" / language).iterdir()) for language in ("en", "zh")]
    assert names[0] == names[1] == ["commands.json", "main.json", "nodeDefs.json", "settings.json"]


@pytest.mark.parametrize("name", ["commands.json", "main.json", "nodeDefs.json", "settings.json"])
def test_both_languages_have_the_same_keys(name):
    english, chinese = leaves(locale("en", name)), leaves(locale("zh", name))
    assert set(english) == set(chinese)
    assert all(isinstance(text, str) and text.strip() for text in (*english.values(), *chinese.values()))


def test_settings_are_translated():
    offered = settings()
    assert len(offered) == 10
    english = {f"PromptBeautifier.{key.partition('_')[2]}": text for key, text in locale("en", "settings.json").items()}
    assert {key: {"name": text["name"], "tooltip": text["tooltip"]} for key, text in english.items()} == offered
    categories = re.findall(r'const \w+ = \(name\) => \["([^"]+)", "([^"]+)", name\];', SCRIPTS["settings.js"])
    for language in ("en", "zh"):
        assert {name for each in categories for name in each} == set(
            locale(language, "main.json")["settingsCategories"]
        )


def test_commands_are_translated():
    commands = re.findall(r'^const COMMAND = "(.*)";$', SCRIPTS["prompt_beautifier.js"], re.MULTILINE)
    label = re.search(r'label: "([^"]*)"', SCRIPTS["prompt_beautifier.js"])[1]
    assert locale("en", "commands.json") == {commands[0].replace(".", "_"): {"label": label}}
    for language in ("en", "zh"):  # the menu of a node and the command say the same
        shown = locale(language, "commands.json")[commands[0].replace(".", "_")]["label"]
        assert shown == strings(language)["beautify"]


# -- help pages


@pytest.mark.parametrize("folder", sorted(path.name for path in DOCS.iterdir() if path.name != "images"))
def test_help_has_the_same_form_in_both_languages(folder):
    english, chinese = ((DOCS / folder / f"{name}.md").read_text(encoding="utf-8") for name in ("en", "zh"))
    for form in (r"^#+ ", r"^\|", r"^```", r"^!\[", r"^- ", r"^\d+\. "):
        counts = [len(re.findall(form, text, re.MULTILINE)) for text in (english, chinese)]
        assert counts[0] == counts[1], f"lines that begin with {form}"


def pictures() -> dict[Path, list[str]]:
    """Pictures that help pages show, by page."""
    pages = DOCS.glob("*/*.md")
    return {page: re.findall(r"!\[[^]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8")) for page in pages}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_pages_have_no_tables_and_say_how_to_use_a_node_before_they_list_its_inputs(language):
    for path in (WEB / "docs").glob(f"*/{language}.md"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert not any(line.startswith("|") for line in lines), f"{path}: a side panel has no room for a table"
        headings = [line for line in lines if line.startswith("#")]
        assert headings[0].startswith("# ") and lines[2] and not lines[2].startswith("#")
        inputs = {"en": "## Inputs", "zh": "## 输入"}[language]
        behind = headings[headings.index(inputs) + 1 :] if inputs in headings else []
        assert set(behind) <= {"## Output", "## Outputs", "## 输出"}


def test_pictures_of_help_pages_are_there_small_and_all_shown():
    shown = {name for names in pictures().values() for name in names}
    assert shown
    for name in shown:  # ComfyUI looks for them from docs/, not from where the page is
        path = DOCS / name
        assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size <= LARGEST_PICTURE, name
    assert {path.relative_to(DOCS).as_posix() for path in (DOCS / "images").iterdir()} == shown
