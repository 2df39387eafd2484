"""The image model is found in the official templates; tests/stand_ins/official_templates.py says where those are."""

import re
from pathlib import Path

import pytest

from .stand_ins import official_templates
from .stand_ins.official_templates import TEXT_TO_PICTURE, TEXT_TO_VIDEO, WITHOUT_TEXT


@pytest.fixture(scope="module")
def templates():
    where = official_templates.folder()
    if where is None:
        pytest.skip("needs COMFYUI_TEMPLATES, the folder of ComfyUI's official templates")
    return official_templates.templates(where)


def test_every_template_of_text_to_image_and_text_to_video_is_recognised(templates):
    asked = [each for each in templates if each.tags & {TEXT_TO_PICTURE, TEXT_TO_VIDEO}]
    missed = {each.name: (each.rows, each.right) for each in asked if not each.recognised}
    assert len(asked) > 100 and missed.keys() <= WITHOUT_TEXT.keys(), missed
    assert all(found.sure for each in asked for found in each.found.values())


def test_no_other_template_is_taken_for_what_it_is_not(templates):
    missed = {each.name: (each.rows, each.right) for each in templates if each.rows and not each.recognised}
    assert not missed


LINK = re.compile(r'"(https://[^"?]+/([^"/?]+\.safetensors))(?:\?download=true)?"')


def links(folder: Path) -> dict[str, set[str]]:
    """Where the workflows of a folder say that model files are to be had, by the name of the file."""
    found: dict[str, set[str]] = {}
    for path in folder.glob("*.json"):
        for address, name in LINK.findall(path.read_text(encoding="utf-8")):
            found.setdefault(name, set()).add(address)
    return found


def test_model_files_are_had_where_the_official_templates_say(repository):
    if (where := official_templates.folder()) is None:
        pytest.skip("needs COMFYUI_TEMPLATES, the folder of ComfyUI's official templates")
    ours, theirs = links(repository / "workflows"), links(where)
    shared = {name for name in ours if name in theirs}
    assert len(shared) >= 4
    assert not {name: ours[name] - theirs[name] for name in shared if ours[name] - theirs[name]}
