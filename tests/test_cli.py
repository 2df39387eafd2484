"""The `beautify` command: what it reads, what it prints, how it ends."""

import _thread
import io
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from prompt_beautifier.beautifier import beautify as library
from prompt_beautifier.beautifier import cli
from prompt_beautifier.beautifier import request as beautifier_request
from prompt_beautifier.beautifier.checkpoints import folders
from prompt_beautifier.beautifier.checkpoints.catalog import CATALOG, USUAL_FILES, Checkpoint
from prompt_beautifier.beautifier.request import Candidate, Sampling
from prompt_beautifier.beautifier.rewards.model import load_reward_model

from .stand_ins import tiny, tiny_rewards

FAMILY_SAMPLING = Sampling(temperature=0.7, top_k=11, top_p=0.8, repetition_penalty=1.1, max_new_tokens=60)


class FakeBeautifier:
    """Answers "<prompt> 1", "<prompt> 2" … and remembers how it was asked."""

    name = "fake"
    sampling = FAMILY_SAMPLING

    def __init__(self):
        self.calls = []
        self.error = None

    def beautify(self, raw_prompt, num_candidates, **settings):
        self.calls.append({"raw_prompt": raw_prompt, "num_candidates": num_candidates, **settings})
        if self.error and raw_prompt != "fine":
            raise self.error
        greedy = settings["sampling"].greedy
        return [Candidate(f"{raw_prompt} {k}") for k in range(1, 2 if greedy else num_candidates + 1)]


@pytest.fixture
def fake(monkeypatch):
    beautifier = FakeBeautifier()

    def load(*arguments, instruction=""):
        beautifier.loaded, beautifier.instruction = arguments, instruction
        return beautifier

    monkeypatch.setattr(library, "load_beautifier", load)
    return beautifier


@pytest.fixture
def standard_input(monkeypatch):
    def give(text: bytes):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    return give


def usage_error(capsys, *arguments) -> str:
    """What the command says on standard error when it refuses the arguments."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    return capsys.readouterr().err


def json_lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


# -- what the library is asked


def test_family_settings_hold_where_nothing_is_given(fake):
    assert cli.main(["1 girl"]) == 0
    assert fake.calls == [
        {
            "raw_prompt": "1 girl",
            "num_candidates": 5,
            "seed": 0,
            "sampling": FAMILY_SAMPLING,
            "mode": "rewrite",
            "clip_tokens": None,
            "style": "auto",
            "target": "",
            "strength": "balanced",
            "length": "medium",
            "keep": "",
            "avoid": "",
        }
    ]
    assert fake.loaded == ("embedded", "cpu", None, None)


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (["--temperature", "0.5"], "temperature", 0.5),
        (["--top-k", "0"], "top_k", 0),
        (["--top-p", "1"], "top_p", 1.0),
        (["--repetition-penalty", "1.3"], "repetition_penalty", 1.3),
        (["--max-new-tokens", "9"], "max_new_tokens", 9),
        (["--greedy"], "greedy", True),
    ],
)
def test_a_sampling_option_changes_its_own_field_alone(fake, arguments, field, value):
    assert cli.main(["1 girl", *arguments]) == 0
    sampling = vars(fake.calls[0]["sampling"])
    assert sampling.pop(field) == value
    assert sampling == {name: kept for name, kept in vars(FAMILY_SAMPLING).items() if name != field}


def test_other_options_reach_the_library(fake, tmp_path):
    import torch

    arguments = "-n 3 --seed 7 --mode append --clip-tokens 75 --dtype bfloat16 --family promptist --model"
    assert cli.main([*arguments.split(), str(tmp_path), "a cat"]) == 0
    call = fake.calls[0]
    assert (call["num_candidates"], call["seed"], call["mode"], call["clip_tokens"]) == (3, 7, "append", 75)
    assert fake.loaded == (str(tmp_path), "cpu", torch.bfloat16, "promptist")


def test_a_template_asks_a_checkpoint_in_its_own_way(fake, tmp_path):
    for arguments in ([], ["--family", "custom"]):
        options = ["--model", str(tmp_path), "--template", "in: {raw_prompt}\nout:", *arguments]
        assert cli.main([*options, "a cat"]) == 0
        family = fake.loaded[3]
        assert (family.template, family.continues) == ("in: {raw_prompt}\nout:", False)
        assert family.sampling == Sampling()


def test_prompts_may_stand_between_options_and_begin_with_a_dash(fake):
    assert cli.main(["a cat", "-n", "2", "a dog"]) == 0
    assert cli.main(["--", "-5 degrees"]) == 0
    assert [call["raw_prompt"] for call in fake.calls] == ["a cat", "a dog", "-5 degrees"]


# -- standard input


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        (b"a cat\na dog\n", ["a cat", "a dog"]),
        (b"a cat\r\na dog", ["a cat", "a dog"]),
        (b"\xef\xbb\xbfa cat\n", ["a cat"]),
        (b"a cat\n\n  a dog \n", ["a cat", "", "  a dog "]),
        ("一只猫\x0b\u2028🐈\n".encode(), ["一只猫\x0b\u2028🐈"]),
        (b"\n", [""]),
        (b"", []),
    ],
)
def test_each_line_is_one_prompt(fake, standard_input, text, prompts):
    standard_input(text)
    assert cli.main([]) == 0
    assert [call["raw_prompt"] for call in fake.calls] == prompts


def test_an_instruction_is_read_from_a_file(fake, tmp_path, capsys):
    (tmp_path / "poet.md").write_text("Write like a poet.\n", encoding="utf-8")
    assert cli.main(["--instruction", str(tmp_path / "poet.md"), "a cat"]) == 0
    assert fake.instruction == "Write like a poet."
    (tmp_path / "poet.md").write_bytes(b"\xff")
    with pytest.raises(SystemExit):
        cli.main(["--instruction", str(tmp_path / "poet.md"), "a cat"])
    assert "save it as UTF-8" in capsys.readouterr().err


def test_a_dash_among_prompts_stands_for_the_lines(fake, standard_input):
    standard_input(b"2\n3\n")
    assert cli.main(["1", "-", "4"]) == 0
    assert [call["raw_prompt"] for call in fake.calls] == ["1", "2", "3", "4"]


def test_one_candidate_a_line_stays_in_step_with_the_lines(fake, standard_input, capsys, monkeypatch):
    monkeypatch.setattr(fake, "beautify", lambda prompt, **_: [Candidate(prompt.upper())])
    standard_input(b"a cat\n\na dog\n")
    assert cli.main(["-n", "1"]) == 0
    assert capsys.readouterr().out == "A CAT\n\nA DOG\n"


def test_text_that_is_not_utf8_is_refused_before_any_work(fake, standard_input, capsys):
    standard_input("a cat\na café\n".encode("latin-1"))
    assert "line 2 of standard input is not UTF-8 text (byte 0xe9 at column 6)" in usage_error(capsys)
    assert not fake.calls


def test_no_prompt_on_a_terminal_is_wrong_usage(fake, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    assert "give a prompt" in usage_error(capsys)


# -- what is printed


def test_candidates_of_one_prompt_are_numbered(fake, capsys):
    assert cli.main(["cat", "-n", "10"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == " 1. cat 1" and lines[9] == "10. cat 10" and len(lines) == 10


def test_several_prompts_have_headings(fake, capsys):
    assert cli.main(["cat", "dog", "-n", "2"]) == 0
    assert capsys.readouterr().out == "cat\n1. cat 1\n2. cat 2\n\ndog\n1. dog 1\n2. dog 2\n\n"


@pytest.mark.parametrize("arguments", [["-n", "1"], ["--greedy"], ["--greedy", "-n", "3"]])
def test_a_single_candidate_is_printed_bare(fake, capsys, arguments):
    assert cli.main(["cat", *arguments]) == 0
    assert capsys.readouterr().out == "cat 1\n"


BARE = {"negative": "", "tokens": None, "notes": [], "ratio": None}  # of a candidate for no image model


def test_json_is_one_object_a_prompt(fake, capsys, monkeypatch):
    monkeypatch.setattr(fake, "beautify", lambda prompt, **_: [Candidate(prompt + "!", 0.5), Candidate("ü")])
    assert cli.main(["一只猫", "dog", "--json", "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    assert "一只猫!" in printed and "ü" in printed
    assert json_lines(printed) == [
        {
            "raw_prompt": prompt,
            "model": "fake",
            "seed": 3,
            "target": None,
            "candidates": [
                {"text": prompt + "!", "score": 0.5, "kept": [], "lost": []} | BARE,
                {"text": "ü", "score": None, "kept": [], "lost": []} | BARE,
            ],
        }
        for prompt in ("一只猫", "dog")
    ]


@pytest.mark.parametrize("prompt", ["\ud800", "a\udc80b", 'quote " \\ \n\t\0', "🐈\u2028"])
def test_json_survives_any_text(fake, capsys, prompt):
    assert cli.main([prompt, "-n", "1", "--json"]) == 0
    [answer] = json_lines(capsys.readouterr().out.replace("\u2028", "\\u2028"))
    assert answer["raw_prompt"] == prompt
    assert answer["candidates"][0]["text"] == prompt + " 1"


def test_a_lone_surrogate_can_be_printed(fake, capsys):
    assert cli.main(["\ud800", "-n", "1"]) == 0
    assert capsys.readouterr().out == "\\ud800 1\n"


def test_a_random_seed_is_told_and_is_the_one_that_is_used(fake, capsys):
    assert cli.main(["1 girl", "--seed", "random", "--json"]) == 0
    printed = capsys.readouterr()
    seed = fake.calls[0]["seed"]
    assert printed.err == f"seed {seed}\n" and json_lines(printed.out)[0]["seed"] == seed


def test_the_best_device_is_one_that_is_there(fake):
    import torch

    assert cli.main(["1 girl", "--device", "auto"]) == 0
    device = fake.loaded[1]
    assert device in ("cpu", "cuda", "xpu", "mps")
    assert (device == "cuda") == torch.cuda.is_available()


# -- how it ends


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["cat", "--temperature", "0"], "for the most likely prompt every time use --greedy"),
        (["cat", "--temperature", "nan"], "--temperature must be"),
        (["cat", "--top-p", "0"], "--top-p must be"),
        (["cat", "--top-k", "-1"], "--top-k must be"),
        (["cat", "--repetition-penalty", "0"], "--repetition-penalty must be"),
        (["cat", "--max-new-tokens", "0"], "--max-new-tokens must be"),
        (["cat", "-n", "two"], "--num-candidates"),
        (["cat", "--mode", "improve"], "--mode"),
        (["cat", "--device", "abacus"], "--device"),
        (["cat", "--dtype", "int3"], "--dtype"),
        (["cat", "--template", "no place"], "--template: template must have {raw_prompt}"),
        (["cat", "--template", "{raw_prompt}", "--family", "promptist"], "--template"),
        (["cat", "--family", "custom"], "custom needs a --template"),
        (["cat", "--family", "chats"], "--family: 'chats' is none of embedded, text2prompt-v1"),
        (["cat", "--seed", "dice"], "--seed: must be a whole number or random, not 'dice'"),
        (["cat", "--tempo", "1"], "--tempo"),
        (["cat", "--temp", "1"], "--temp"),
    ],
)
def test_a_wrong_argument_is_named_before_a_model_is_loaded(fake, capsys, arguments, named):
    message = usage_error(capsys, *arguments)
    assert named in message.splitlines()[-1]
    assert not hasattr(fake, "loaded")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["-n", "0"], "--num-candidates must"),
        (["--seed", "-1"], "--seed must"),
        (["--clip-tokens", "0"], "--clip-tokens"),
    ],
)
def test_the_librarys_own_check_of_an_argument_is_wrong_usage(fake, capsys, monkeypatch, arguments, named):
    monkeypatch.setattr(fake, "beautify", beautifier_request.Request)
    assert named in usage_error(capsys, "cat", *arguments)


def test_the_prompt_of_a_batch_that_fails_is_named_and_earlier_answers_are_printed(fake, capsys):
    fake.error = ValueError("too long")
    with pytest.raises(SystemExit) as stopped:
        cli.main(["fine", "broken", "-n", "1"])
    printed = capsys.readouterr()
    assert stopped.value.code == 2
    assert printed.out == "fine 1\n"
    assert "too long (raw prompt: 'broken')" in printed.err


def test_a_model_that_is_not_there_is_wrong_usage(capsys, tmp_path):
    message = usage_error(capsys, "cat", "--model", "nothing", "--models-dir", str(tmp_path))
    assert "argument --model: 'nothing' is no folder, and there is no checkpoint 'nothing' in " in message
    assert str(tmp_path) in message and "promptist" in message


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), PermissionError("not allowed")])
def test_a_failure_is_one_line(fake, capsys, error):
    fake.error = error
    assert cli.main(["cat"]) == 1
    assert capsys.readouterr().err == f"beautify: {error}\n"


def test_a_missing_package_is_named(fake, capsys):
    fake.error = ModuleNotFoundError("No module named 'torch'", name="torch")
    assert cli.main(["cat"]) == 1
    assert "install the package torch" in capsys.readouterr().err


def test_version_is_the_one_of_the_package(capsys, repository):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    version = capsys.readouterr().out.removeprefix("beautify ").strip()
    assert f'version = "{version}"' in (repository / "pyproject.toml").read_text(encoding="utf-8")


# -- published checkpoints

ARCHITECTURES = {
    "text2prompt-v1": "bloom",
    "text2prompt-v2": "bloom",
    "promptist": "gpt2",
    "magicprompt": "gpt2",
    "superprompt-v1": "t5",
    "flux-prompt-enhance": "t5",
    "tipo-200m": "tipo",
    "tipo-200m-ft": "tipo",
    "tipo-500m": "tipo",
    "dart-v2": "dart",
}


@pytest.mark.parametrize("checkpoint", CATALOG.values(), ids=CATALOG)
def test_every_published_checkpoint_answers(hub, capsys, tmp_path, checkpoint):
    """On random weights, in a folder as a download leaves it; called by its name, and by its repository."""
    folder = tiny.save_checkpoint(tmp_path / checkpoint.repository, ARCHITECTURES[checkpoint.name], checkpoint.family)
    options = ["a cat", "-n", "2", "--json", "--max-new-tokens", "8", "--models-dir", str(tmp_path)]
    answers = []
    for name in (checkpoint.name, checkpoint.repository, str(folder)):
        assert cli.main([*options, "--model", name]) == 0
        answers += json_lines(capsys.readouterr().out)
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["model"] == folder.name
    candidates = [candidate["text"] for candidate in answers[0]["candidates"]]
    assert len(candidates) == 2 and all(candidates)
    assert not hub.requests


@pytest.fixture
def published(hub, monkeypatch, tmp_path_factory):
    """A small checkpoint called tiny, on a hub."""
    folder = tiny.save_checkpoint(tmp_path_factory.mktemp("published"), family=None)
    hub.add("someone/Tiny", {path.name: path.read_bytes() for path in folder.iterdir()})
    entry = Checkpoint("tiny", "someone/Tiny", None, USUAL_FILES, "text2prompt-v1", "MIT", bytes=200_000)
    monkeypatch.setitem(CATALOG, "tiny", entry)
    return hub


def test_a_checkpoint_is_downloaded_once(published, capsys, tmp_path):
    options = ["a cat", "-n", "1", "--max-new-tokens", "8", "--models-dir", str(tmp_path), "--model"]
    assert cli.main([*options, "tiny"]) == 0
    first = capsys.readouterr()
    assert first.out.strip() and first.err == ""
    assert (tmp_path / "someone" / "Tiny" / "model.safetensors").is_file()
    asked = len(published.requests)
    assert asked > 0
    assert cli.main([*options, "someone/Tiny"]) == 0
    assert capsys.readouterr().out == first.out
    assert len(published.requests) == asked


def test_a_licence_with_limits_is_told_before_a_download(published, capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(CATALOG, "tiny", replace(CATALOG["tiny"], terms="it limits commercial use"))
    options = ["a cat", "-n", "1", "--max-new-tokens", "8", "--models-dir", str(tmp_path), "--model", "tiny"]
    assert folders.choices([tmp_path])["tiny"] == "tiny (200.0 kB, licence it limits commercial use, not downloaded)"
    assert cli.main(options) == 0
    assert capsys.readouterr().err == "beautify: tiny is downloaded. Its licence: it limits commercial use.\n"
    assert cli.main(options) == 0
    assert capsys.readouterr().err == ""


def test_a_failed_download_is_one_line_and_not_wrong_usage(published, capsys, tmp_path):
    published.fail("config.json", "status", status=404, code="EntryNotFound")
    assert cli.main(["a cat", "--model", "tiny", "--models-dir", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("beautify: tiny: there is no such file (HTTP 404)")
    assert printed.err.count("\n") == 1


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_downloaded(published, capsys, tmp_path):
    published.fail("/content/", "slow", at=0.05)
    waiting = tmp_path / "someone" / ".Tiny.download"

    def has_come():  # of the large file, which takes a while; the small ones and the notes come and go
        return any(path.stat().st_size for path in waiting.glob("model.safetensors.*.part"))

    def interrupt():
        while not has_come():
            time.sleep(0.01)
        _thread.interrupt_main()

    watcher = threading.Thread(target=interrupt, daemon=True)
    watcher.start()
    options = ["a cat", "-n", "1", "--max-new-tokens", "8", "--model", "tiny", "--models-dir", str(tmp_path)]
    assert cli.main(options) == 130
    watcher.join(5)
    assert has_come()
    published.recover()
    before = len(published.requests)
    assert cli.main(options) == 0
    assert any("Range" in request.headers for request in published.requests[before:])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.slow
def test_a_download_shows_bytes_on_a_terminal(published, monkeypatch, tmp_path):
    published.fail("/content/", "slow", at=0.02)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    options = ["a cat", "-n", "1", "--max-new-tokens", "8", "--model", "tiny", "--models-dir", str(tmp_path)]
    assert cli.main(options) == 0
    assert "100%" in terminal.getvalue() and "B/s" in terminal.getvalue()


# -- a reward model


@pytest.fixture
def reward_folder(tmp_path):
    return tiny_rewards.save_reward(tmp_path / "LLM" / "someone" / "pick")


def test_candidates_are_ranked_by_a_reward_model(fake, capsys, reward_folder, tmp_path):
    expected = load_reward_model(reward_folder).rank("cat", [Candidate(f"cat {k}") for k in range(1, 7)])
    assert [each.text for each in expected] != [f"cat {k}" for k in range(1, 7)]
    assert cli.main(["cat", "-n", "6", "--reward-model", str(reward_folder)]) == 0
    listed = [f"{k}. [{each.score:.3f}] {each.text}" for k, each in enumerate(expected, 1)]
    assert capsys.readouterr().out.splitlines() == listed
    names = ["--reward-model", "someone/pick", "--models-dir", str(tmp_path / "LLM")]
    assert cli.main(["cat", "-n", "6", "--json", *names]) == 0
    (answer,) = json_lines(capsys.readouterr().out)
    assert [each["text"] for each in answer["candidates"]] == [each.text for each in expected]
    scores = [each["score"] for each in answer["candidates"]]
    assert scores == pytest.approx([each.score for each in expected], abs=1e-5)


@pytest.mark.slow
def test_the_embedded_model_brings_its_reward_model(capsys):
    def listed(*more):
        assert cli.main(["a cat", "-n", "4", "--json", *more]) == 0
        (answer,) = json_lines(capsys.readouterr().out)
        return answer["candidates"]

    ranked, written = listed(), listed("--reward-model", "none")
    assert ranked == listed("--reward-model", "embedded") != written
    assert sorted(each["text"] for each in ranked) == sorted(each["text"] for each in written)
    scores = [each["score"] for each in ranked]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) > 1


@pytest.mark.parametrize(
    ("name", "message"),
    [("nothing", "there is no reward folder nothing"), ("writer", "writer is a beautifier")],
)
def test_a_wrong_reward_model_is_named_before_a_model_is_loaded(fake, capsys, tmp_path, monkeypatch, name, message):
    tiny.save_checkpoint(tmp_path / "writer")
    monkeypatch.chdir(tmp_path)
    shown = usage_error(capsys, "cat", "--reward-model", name, "--models-dir", str(tmp_path))
    assert f"argument --reward-model: {message}" in shown
    assert not hasattr(fake, "loaded")


# -- as a process of its own

# A command whose model answers at once for "cat" and never for "sleep".
SCRIPT = """
import sys, time
from types import SimpleNamespace
from prompt_beautifier.beautifier import beautify, cli
from prompt_beautifier.beautifier.request import Candidate, Sampling

def answer(raw_prompt, **_):
    if raw_prompt == "sleep":
        time.sleep(60)
    return [Candidate(raw_prompt)]

fake = SimpleNamespace(name="fake", sampling=Sampling(), beautify=answer)
beautify.load_beautifier = lambda *_, **__: fake
sys.exit(cli.main(sys.argv[1:]))
"""


def start(*arguments, **streams):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments], **streams)


def test_help_and_wrong_usage_do_not_wait_for_torch():
    script = "import sys; from prompt_beautifier.beautifier import cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_it_quietly_and_keeps_what_was_printed():
    process = start("cat", "sleep", "-n", "1")
    assert process.stdout.readline() == b"cat\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, b"")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows reports a closed pipe in another way")
def test_a_reader_that_leaves_ends_it_quietly():
    reader, writer = os.pipe()
    os.close(reader)
    process = start("cat", "dog", stdout=writer)
    os.close(writer)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (141, b"")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_progress_shows_on_a_terminal_only():
    import fcntl
    import pty
    import termios

    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = start("cat", "dog", "-n", "1", stderr=terminal)
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(controller, 4096):
            shown += chunk
    except OSError:  # Linux reports the other end's closing so
        pass
    os.close(controller)
    printed, _ = process.communicate(timeout=60)
    assert b"2/2" in shown
    assert printed == b"cat\ndog\n"

    process = start("cat", "dog", "-n", "1")
    assert process.communicate(timeout=60) == (b"cat\ndog\n", b"")


@pytest.mark.slow
def test_the_embedded_model_answers(embedded):
    command = [sys.executable, "-m", "prompt_beautifier.beautifier.cli", "--json", "-n", "2", "--seed", "7"]
    lines = "1 girl\n\n(red dress:1.3) in the rain\n"
    done = subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    answers = json_lines(done.stdout)
    assert [answer["raw_prompt"] for answer in answers] == lines.split("\n")[:-1]
    assert [answer["model"] for answer in answers] == ["embedded"] * 3
    girl, blank, dress = ([candidate["text"] for candidate in answer["candidates"]] for answer in answers)
    assert len(set(girl)) == 2 and all(len(text) > len("1 girl") for text in girl)
    assert blank == [""]
    assert all(text.count("(red dress:1.3)") == 1 for text in dress)


def test_what_a_prompt_is_for_goes_with_it(fake):
    assert cli.main(["a cat", "--for", "pony", "--keep", "ohwx", "--keep", "Ada", "--avoid", "portrait"]) == 0
    call = fake.calls[0]
    assert (call["target"], call["keep"], call["avoid"]) == ("pony", "ohwx\nAda", "portrait")


def test_what_goes_with_a_prompt_is_printed_beside_it(fake, capsys, monkeypatch):
    found = [
        Candidate("a cat", negative="blurry", tokens=2, notes=("One.",)),
        Candidate("cats", notes=("One.", "Two.")),
    ]
    monkeypatch.setattr(fake, "beautify", lambda *_, **__: found)
    assert cli.main(["cat", "--for", "sdxl"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "1. a cat\n2. cats\nnegative: blurry\n"
    assert printed.err.splitlines() == ["for SDXL: comma-separated phrases (2 of 75 CLIP tokens)", "One.", "Two."]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--for", "z-imge"], "no image model 'z-imge': did you mean z-image"),
        (["--keep", "red fox", "--avoid", "fox"], "'red fox' is to be kept, and 'fox' is to be avoided"),
    ],
)
def test_wrong_wishes_are_told_before_anything_is_loaded(monkeypatch, capsys, options, message):
    monkeypatch.setattr(cli, "_load", lambda *_: pytest.fail("loaded"))
    with pytest.raises(SystemExit, match="2"):
        cli.main(["a cat", *options])
    assert message in capsys.readouterr().err
