"""The image model is found in the official templates; tests/stand_ins/official_templates.py says where those are."""

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
