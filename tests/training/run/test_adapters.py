"""Adapters: one clear line without peft, and what is asked for with it."""

import argparse
import sys

import pytest

pytest.importorskip("torch")

from prompt_beautifier.training.run import adapters
from prompt_beautifier.training.run.adapters import add_four_bit, add_lora, lora_config, quantised


def options(*flags):
    parser = argparse.ArgumentParser()
    add_lora(parser)
    return parser.parse_args(flags)


def test_without_the_option_nothing_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    assert lora_config(options()) is None


def test_without_peft_one_line_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ImportError, match=r"^--lora needs peft: pip install peft$"):
        lora_config(options("--lora", "8"))


def test_alpha_is_twice_the_rank_unless_it_is_given():
    pytest.importorskip("peft")
    found = [lora_config(options("--lora", "8", *more)) for more in ((), ("--lora-alpha", "5"))]
    assert [(each.r, each.lora_alpha, each.target_modules) for each in found] == [
        (8, 16, "all-linear"),
        (8, 5.0, "all-linear"),
    ]
    with pytest.raises(ValueError, match="a rank of 1 or more, not 0"):
        lora_config(options("--lora", "0"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--four-bit"], "give --lora RANK, too"),
        (["--four-bit", "--lora", "8"], "pip install 'bitsandbytes>=0.46'"),
    ],
)
def test_a_base_in_4_bits_says_what_it_needs(monkeypatch, flags, message):
    parser = argparse.ArgumentParser()
    add_lora(parser)
    add_four_bit(parser)
    parser.set_defaults(cpu=False)
    assert quantised(parser.parse_args([])) == {}
    monkeypatch.setattr(adapters.importlib.util, "find_spec", lambda name: None)
    with pytest.raises((ValueError, ImportError), match=message):
        quantised(parser.parse_args(flags))
