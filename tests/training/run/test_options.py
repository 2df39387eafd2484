"""Options of a stage: a file gives defaults, flags override it, and what is wrong is said."""

import argparse
from pathlib import Path

import pytest

from prompt_beautifier.training.run import options
from prompt_beautifier.training.run.kept import Kept
from prompt_beautifier.training.run.options import parse


def parser():
    parser = argparse.ArgumentParser(prog="stage")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--reward-weights", type=float, nargs="*", default=[1.0])
    parser.add_argument("--keep", choices=("best", "last"), default="best")
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--fresh", action="store_true")
    return parser


@pytest.fixture
def config(tmp_path):
    def write(text: str) -> list[str]:
        (tmp_path / "stage.yaml").write_text(text)
        return ["--config", str(tmp_path / "stage.yaml")]

    return write


def refused(capsys, arguments) -> str:
    with pytest.raises(SystemExit) as stopped:
        parse(parser(), arguments)
    assert stopped.value.code == 2
    return capsys.readouterr().err


def test_without_a_file_it_is_plain_argparse():
    args = parse(parser(), ["--data", "pairs"])
    assert (args.data, args.lr, args.bf16, args.config) == (Path("pairs"), 1e-3, None, None)


def test_the_file_gives_defaults_even_for_what_is_required_and_flags_override_it(config):
    arguments = config("data: pairs\nlr: 5e-6\nreward-weights: [0.7, -0.3]\nkeep: last\nbf16: false\nfresh: true\n")
    args = parse(parser(), arguments)
    assert (args.data, args.lr, args.keep, args.bf16, args.fresh) == (Path("pairs"), 5e-6, "last", False, True)
    assert args.reward_weights == [0.7, -0.3]
    args = parse(parser(), [*arguments, "--lr=2e-5", "--keep", "best", "--bf16", "--reward-weights", "1", "2", "3"])
    assert (args.lr, args.keep, args.bf16, args.reward_weights) == (2e-5, "best", True, [1, 2, 3])
    assert args.data == Path("pairs")


def test_flags_may_stand_in_front_of_the_file(config):
    assert parse(parser(), ["--lr", "2", *config("lr: 1\ndata: x\n")]).lr == 2


def test_underscores_single_values_for_lists_null_and_values_that_look_like_flags(config):
    args = parse(parser(), config("data: --odd name\nreward_weights: 0.5\nlr: null\n"))
    assert (args.data, args.reward_weights, args.lr) == (Path("--odd name"), [0.5], 1e-3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data: x\nlearning_rate: 1\nlrr: 2", "'learning_rate'"),
        ("data: x\nrewardweights: 2", "did you mean reward_weights?"),
        ("data: x\nzzz: 2", "known are bf16, data, fresh"),
        ("data: x\nconfig: other.yaml", "'config'"),
        ("data: x\nlr: fast", "argument --lr: invalid float value: 'fast'"),
        ("data: x\nkeep: worst", "invalid choice: 'worst'"),
        ("data: x\nbf16: 1", "bf16 must be true or false, not 1"),
        ("data: x\nfresh: no way", "fresh must be true or false"),
        ("data: x\nlr: [1, 2]", "lr takes one value"),
        ("data: x\nlr: true", "lr must be a text or a number, not True"),
        ("data: x\nlr: {a: 1}", "lr must be a text or a number"),
        ("lr: 1", "the following arguments are required: --data"),
        ("", "holds nothing"),
        ("- data", "it must hold lines like"),
        ("data: [", "cannot be read as YAML"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(config, capsys, text, expected):
    assert expected in refused(capsys, config(text))


def test_a_file_that_is_not_there_and_an_unknown_flag(capsys, tmp_path):
    assert "absent.yaml" in refused(capsys, ["--config", str(tmp_path / "absent.yaml")])
    assert "--conf" in refused(capsys, ["--data", "x", "--conf", "y.yaml"])


def test_what_goes_wrong_is_one_line(capsys):
    def fails():
        raise ValueError("--rollouts 7 must be\n   a multiple of 2")

    with pytest.raises(SystemExit) as left:
        options.as_command("ppo", fails)
    assert left.value.code == "ppo: --rollouts 7 must be a multiple of 2"


def test_an_error_that_nobody_expected_keeps_its_stack():
    with pytest.raises(ZeroDivisionError):
        options.as_command("ppo", lambda: 1 / 0)


def test_ctrl_c_ends_it_with_a_word(capsys):
    def stopped():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as left:
        options.as_command("sft", stopped)
    assert left.value.code == options.INTERRUPTED and capsys.readouterr().err == "\nsft: stopped\n"


def test_a_file_that_cannot_be_kept_is_one_line(tmp_path):
    (tmp_path / "kept.sqlite").mkdir()
    with pytest.raises(SystemExit) as left:
        options.as_command("label", lambda: Kept(tmp_path / "kept.sqlite"))
    assert "results cannot be kept (unable to open database file): make room" in left.value.code


def test_too_little_memory_says_which_options_help():
    class OutOfMemoryError(RuntimeError):
        """Named as torch's."""

    assert "lower --micro-batch" in options.one_line(OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
