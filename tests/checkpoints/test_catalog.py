"""The catalog: entries that can be downloaded and loaded, and names that find them."""

import re

import pytest

from prompt_beautifier.beautifier.checkpoints.catalog import CATALOG, File, find_checkpoint
from prompt_beautifier.beautifier.families import FAMILIES
from prompt_beautifier.beautifier.files import TOKENIZER_FILES
from prompt_beautifier.beautifier.images.scorer_kinds import SCORERS as SCORER_KINDS

PARTS = [part.download for kind in SCORER_KINDS.values() for part in kind.parts.values() if part.download]
SCORER_CATALOG = {checkpoint.name: checkpoint for checkpoint in PARTS}
EVERY = pytest.mark.parametrize("checkpoint", CATALOG.values(), ids=CATALOG)
SCORERS = pytest.mark.parametrize("checkpoint", SCORER_CATALOG.values(), ids=SCORER_CATALOG)


def with_others(files: tuple[File, ...]) -> list[File]:
    """The files, and those that may be taken instead."""
    return [each for file in files for each in (file, file.pickled) if each]


def test_all_published_checkpoints_are_there():
    assert {checkpoint.repository for checkpoint in CATALOG.values()} == {
        "alibaba-pai/pai-bloom-1b1-text2prompt-sd",
        "alibaba-pai/pai-bloom-1b1-text2prompt-sd-v2",
        "microsoft/Promptist",
        "Gustavosta/MagicPrompt-Stable-Diffusion",
        "roborovski/superprompt-v1",
        "gokaygokay/Flux-Prompt-Enhance",
        "KBlueLeaf/TIPO-200M",
        "KBlueLeaf/TIPO-200M-ft",
        "KBlueLeaf/TIPO-500M",
        "p1atdev/dart-v2-sft",
    }


@EVERY
def test_an_entry_has_what_loading_needs(checkpoint):
    names = {file.name for file in checkpoint.files}
    assert {"config.json", "model.safetensors"} < names
    assert any(set(tokenizer) <= names for tokenizer in TOKENIZER_FILES)
    assert checkpoint.family in FAMILIES
    assert checkpoint.licence in ("Apache-2.0", "MIT") or checkpoint.terms.startswith(checkpoint.licence)
    assert 0.2e9 < checkpoint.bytes < 3e9


@EVERY
def test_only_the_weights_may_come_in_another_format(checkpoint):
    others = {file.name: file.pickled.name for file in checkpoint.files if file.pickled}
    assert others in ({}, {"model.safetensors": "pytorch_model.bin"})


@SCORERS
def test_an_entry_of_a_scorer_is_one_file_that_can_be_read(checkpoint):
    (file,) = checkpoint.files
    assert file.name.endswith((".safetensors", ".txt"))
    assert file.pickled is None or file.pickled.name.endswith((".pt", ".pth"))
    assert checkpoint.family is None
    assert checkpoint.licence in ("Apache-2.0", "MIT", "not stated")
    assert file.modelscope and checkpoint.modelscope
    sizes = {each.size for each in with_others(checkpoint.files)} - {None}
    assert sizes <= {checkpoint.bytes}


def test_scorers_and_prompt_models_have_names_of_their_own():
    assert not CATALOG.keys() & SCORER_CATALOG.keys()
    assert not any(find_checkpoint(name) for name in SCORER_CATALOG)


@pytest.mark.parametrize("checkpoint", [*CATALOG.values(), *SCORER_CATALOG.values()], ids=lambda each: each.name)
def test_what_is_known_of_files_is_well_formed(checkpoint):
    for file in with_others(checkpoint.files):
        revision = file.revision or checkpoint.revision
        assert revision is None or re.fullmatch(r"[0-9a-f]{40}|refs/pr/\d+", revision)
        assert file.sha256 is None or (re.fullmatch(r"[0-9a-f]{64}", file.sha256) and file.size)
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", file.repository or checkpoint.repository)


@EVERY
def test_no_name_can_be_taken_for_another_entrys(checkpoint):
    for name in (checkpoint.name, checkpoint.repository, checkpoint.repository.split("/")[1]):
        assert find_checkpoint(name) is checkpoint
        assert find_checkpoint(name.upper()) is checkpoint


def test_an_unknown_name_finds_nothing():
    assert find_checkpoint("gpt2") is None
    assert find_checkpoint("") is None
