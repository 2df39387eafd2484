"""The store: downloads that survive every failure of a hub, found again without one; hostile folders refused."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import huggingface_hub.file_download
import huggingface_hub.utils._http
import pytest
import torch
from safetensors.torch import load_file, save_file

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.checkpoints import download, folders, transfer
from prompt_beautifier.beautifier.checkpoints import hub as checkpoints_hub
from prompt_beautifier.beautifier.checkpoints import places as checkpoints_places
from prompt_beautifier.beautifier.checkpoints.catalog import CATALOG, USUAL_FILES, Checkpoint, File
from prompt_beautifier.beautifier.checkpoints.progress import DownloadError, DownloadStopped
from prompt_beautifier.beautifier.language.tokenizer import load_tokenizer
from prompt_beautifier.beautifier.language.weights import load_network

from ..stand_ins import fake_hub, tiny

OWNER = "someone/Tiny"


def entry(**changes) -> Checkpoint:
    return replace(
        Checkpoint("tiny", OWNER, None, USUAL_FILES, family="text2prompt-v1", licence="MIT", bytes=200_000),
        **changes,
    )


TINY = entry()
WEIGHTS = "/content/"  # where the fake hub keeps large files: here the weights and the tokenizer


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, bytes]:
    """The files of a small BLOOM checkpoint, as a repository has them."""
    folder = tiny.save_checkpoint(tmp_path_factory.mktemp("published"), family=None)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def gpt2_files(tmp_path_factory) -> dict[str, bytes]:
    folder = tiny.save_checkpoint(tmp_path_factory.mktemp("published"), "gpt2", family=None)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def models(tmp_path) -> Path:
    return tmp_path / "models" / "LLM"


def assert_no_checkpoint(models: Path, checkpoint: Checkpoint = TINY) -> None:
    assert folders.list_checkpoints([models]) == {}
    assert not folders.is_downloaded(checkpoint, [models])


def assert_whole(place: Path, files: dict[str, bytes]) -> None:
    assert {name: (place / name).read_bytes() for name in files} == files
    assert {path.name for path in place.iterdir()} == {*files, "beautifier.json"}
    assert [path.name for path in place.parent.iterdir()] == [place.name]  # nothing is left beside it


def resumed_at(request: fake_hub.Request) -> int:
    """The byte from which on a request asked for a file. Its HTTP library may have lost the last few that came."""
    return int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))


# -- a download that works


def test_a_download_brings_a_checkpoint_that_loads(hub, files, models):
    commit = hub.add(OWNER, files)
    assert_no_checkpoint(models)
    place = download.download(TINY, models)
    assert place == models / OWNER
    assert_whole(place, files)
    assert folders.list_checkpoints([models]) == {OWNER: place}
    assert folders.locate(TINY, [models]) == place
    assert load_beautifier(place).family.name == "text2prompt-v1"
    notes = json.loads((place / "beautifier.json").read_text())
    assert notes["files"] == {
        name: {
            "repository": OWNER,
            "revision": commit,
            "size": len(content),
            "sha256": fake_hub.sha256(content),
        }
        for name, content in files.items()
    }


@pytest.mark.slow
def test_progress_grows_to_the_size_of_the_checkpoint(hub, files, models):
    hub.add(OWNER, files)
    hub.fail(WEIGHTS, "slow", at=0.02)
    seen, caller = [], threading.current_thread()

    def on_bytes(done, total):
        assert threading.current_thread() is caller
        seen.append((done, total))

    download.download(TINY, models, on_bytes)
    size = sum(map(len, files.values()))
    assert len(seen) > 2
    assert seen == sorted(seen) and seen[-1] == (size, size)
    assert {total for _, total in seen} == {size}


@pytest.mark.slow
def test_no_network_is_touched_where_the_files_are(hub, files, models, monkeypatch):
    hub.add(OWNER, files)
    monkeypatch.setitem(CATALOG, "tiny", TINY)
    place = download.download(TINY, models)
    asked = len(hub.requests)

    def refuse(*_, **__):
        raise AssertionError("a socket was made")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert download.obtain("tiny", [models]) == (place, "text2prompt-v1")
    assert download.download(TINY, models) == place
    assert folders.choices([models])["tiny"] == "tiny (downloaded)"
    assert load_beautifier(place).beautify("a cat", 1)
    assert len(hub.requests) == asked


def test_the_token_goes_to_the_hub_and_nowhere_else(hub, files, models, monkeypatch):
    hub.add(OWNER, files)
    hub.token[OWNER] = "hf_secret"
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    download.download(TINY, models)
    content = hub.asked(WEIGHTS)
    assert content and all(request.host.startswith("localhost:") for request in content)
    assert not any("Authorization" in request.headers for request in content)
    assert all("Authorization" in request.headers for request in hub.asked("resolve/"))


def test_a_repository_that_moved_is_followed(hub, files, models):
    hub.add("other/Name", files)
    hub.moved[OWNER] = "other/Name"
    assert_whole(download.download(TINY, models), files)


def test_files_that_the_user_put_there_are_not_downloaded_again(hub, files, models):
    hub.add(OWNER, files)
    (models / OWNER).mkdir(parents=True)
    (models / OWNER / "model.safetensors").write_bytes(files["model.safetensors"])
    assert_whole(download.download(TINY, models), files)
    assert not hub.asked("/model.safetensors")


@pytest.mark.parametrize("pointer", [True, False], ids=["a git LFS pointer", "cut off"])
def test_weights_that_are_not_whole_are_no_checkpoint_of_the_catalog(pointer, hub, files, models):
    hub.add(OWNER, files)
    place = download.download(TINY, models)
    half = b"version https://git-lfs.github.com/spec/v1\n" if pointer else files["model.safetensors"][:-9]
    (place / "model.safetensors").write_bytes(half)
    assert not folders.is_downloaded(TINY, [models])
    assert_whole(download.download(TINY, models), files)
    assert len(hub.asked(f"{WEIGHTS}")) == 3  # the weights twice, the tokenizer once


@pytest.mark.slow
def test_two_downloads_at_once_bring_every_file_once(hub, files, models):
    hub.add(OWNER, files)
    hub.fail(WEIGHTS, "slow", at=0.005)
    places = []
    threads = [threading.Thread(target=lambda: places.append(download.download(TINY, models))) for _ in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert places == [models / OWNER] * 2
    assert_whole(places[0], files)
    assert len(hub.asked("/model.safetensors")) == 2  # the redirect, and the file behind it


def test_a_linked_folder_may_lie_on_another_disk(hub, files, models, tmp_path):
    hub.add(OWNER, files)
    (tmp_path / "elsewhere").mkdir()
    (models / OWNER).parent.mkdir(parents=True)
    (models / OWNER).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    download.download(TINY, models)
    assert folders.is_downloaded(TINY, [models])
    assert (tmp_path / "elsewhere" / "model.safetensors").read_bytes() == files["model.safetensors"]


# -- revisions


def test_a_resumed_download_stays_with_the_commit_it_began_with(hub, files, models):
    first = hub.add(OWNER, files)
    hub.fail("/content/", "cut", at=5000)
    with pytest.raises(DownloadError):
        download.download(TINY, models)
    hub.recover()
    hub.add(OWNER, files | {"config.json": b'{"model_type": "other"}'})
    place = download.download(TINY, models)
    assert_whole(place, files)
    notes = json.loads((place / "beautifier.json").read_text())
    assert notes["commits"] == {f"{OWNER}@main": first}


def test_a_later_repair_stays_with_the_commit_too(hub, files, models):
    hub.add(OWNER, files)
    place = download.download(TINY, models)
    (place / "config.json").unlink()
    hub.add(OWNER, files | {"config.json": b'{"model_type": "other"}'})
    assert_whole(download.download(TINY, models), files)


def test_a_hub_that_answers_with_another_commit_is_not_believed(hub, files, models):
    commit = hub.add(OWNER, files)
    hub.repositories[OWNER]["f" * 40] = commit
    with pytest.raises(DownloadError, match=f"another commit, {commit}"):
        download.download(entry(revision="f" * 40), models)
    assert_whole(download.download(entry(revision=commit), models), files)


def test_a_file_may_come_from_another_repository_at_its_own_commit(hub, files, models):
    hub.add(OWNER, {name: content for name, content in files.items() if name != "tokenizer.json"})
    commit = hub.add("other/tokenizer", {"tokenizer.json": files["tokenizer.json"]})
    hub.add("other/tokenizer", {"tokenizer.json": b"changed since"})
    content = files["tokenizer.json"]
    tokenizer = File("tokenizer.json", "other/tokenizer", commit, len(content), fake_hub.sha256(content))
    download.download(entry(files=(File("config.json"), tokenizer, File("model.safetensors"))), models)
    assert_whole(models / OWNER, files)


# -- failures


@pytest.mark.parametrize(
    ("part", "failure", "message"),
    [
        ("config", {"status": 404, "code": "RepoNotFound"}, "no such repository .*HTTP 404"),
        ("config", {"status": 404, "code": "RevisionNotFound"}, "no such revision .*HTTP 404"),
        ("config", {"status": 404, "code": "EntryNotFound"}, "no such file .*HTTP 404"),
        ("config", {"status": 404}, "no such repository .*HTTP 404"),
        ("config", {"status": 401, "code": "RepoNotFound"}, r"HTTP 401.*`hf auth login` or set HF_TOKEN"),
        ("config", {"status": 401}, r"HTTP 401.*`hf auth login` or set HF_TOKEN"),
        ("config", {"status": 401, "code": "GatedRepo"}, "does not let .*HTTP 401.*Accept the terms"),
        ("config", {"status": 403, "code": "GatedRepo"}, "does not let .*HTTP 403.*Accept the terms"),
        ("config", {"status": 407}, "the proxy asks for a name"),
        ("config", {"status": 429}, "busy .*HTTP 429.*Try again later"),
        ("config", {"status": 418}, "was answered with HTTP 418"),
        ("config", {"status": 500}, "out of order .*HTTP 500.*Try again later"),
        (WEIGHTS, {"status": 502}, "out of order .*HTTP 502.*Try again later"),
        (WEIGHTS, {"status": 404}, "no such repository .*HTTP 404"),
    ],
)
def test_an_answer_with_an_error_is_explained(part, failure, message, hub, files, models):
    hub.add(OWNER, files)
    hub.fail(part, "status", **failure)
    with pytest.raises(DownloadError, match=f"^tiny: .*{message}") as caught:
        download.download(TINY, models)
    assert "kept" in str(caught.value)
    assert_no_checkpoint(models)
    hub.recover()
    assert_whole(download.download(TINY, models), files)


@pytest.mark.parametrize(
    ("part", "method", "kind", "at", "message"),
    [
        ("config", "GET", "wrong", 0, "config.json .*arrived damaged and was deleted: its hash is not"),
        (WEIGHTS, "GET", "wrong", 0, "arrived damaged and was deleted: its hash is not"),
        (WEIGHTS, "GET", "short", 5000, "arrived damaged and was deleted: it has 5,000 bytes, .* announced"),
        ("/model.safetensors", "HEAD", "short", 5000, "arrived damaged and was deleted: its hash is not"),
        ("config", None, "login", 0, "is not answered by a hub, .*login page"),
        ("/model.safetensors", "GET", "login", 0, "model.safetensors .*arrived damaged"),
    ],
)
def test_bytes_that_are_not_the_files_are_thrown_away(part, method, kind, at, message, hub, files, models):
    hub.add(OWNER, files)
    hub.fail(part, kind, at=at, method=method)
    with pytest.raises(DownloadError, match=f"^tiny: .*{message}"):
        download.download(TINY, models)
    assert_no_checkpoint(models)
    assert not list(models.rglob("*.part"))
    hub.recover()
    assert_whole(download.download(TINY, models), files)


def test_nothing_beyond_the_announced_size_is_written(hub, files, models):
    hub.add(OWNER, files)
    hub.fail("/model.safetensors", "short", at=5000, method="HEAD")
    written = []
    original = transfer.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "write", lambda file, chunk: (written.append(chunk), original(file, chunk)))
        with pytest.raises(DownloadError, match="damaged"):
            download.download(TINY, models)
    assert sum(map(len, written)) <= sum(map(len, files.values())) - len(files["model.safetensors"]) + 5000


def test_a_hub_that_refuses_connections(hub, files, models):
    hub.close()
    with pytest.raises(DownloadError, match=r"127.0.0.1:\d+/.* cannot be reached .*Nothing was kept.*HF_ENDPOINT"):
        download.download(TINY, models)
    assert_no_checkpoint(models)


@pytest.mark.parametrize("answers", [True, False])
def test_a_password_in_the_endpoint_is_not_shown(answers, hub, models, monkeypatch):
    hub.fail("", "status", status=500)
    endpoint = hub.url if answers else "http://127.0.0.1:9"
    template = endpoint.replace("//", "//me:secret@") + "/{repo_id}/resolve/{revision}/{filename}"
    for module in (huggingface_hub.constants, huggingface_hub.file_download):
        monkeypatch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
    with pytest.raises(DownloadError, match="HTTP 500" if answers else "cannot be reached") as caught:
        download.download(TINY, models)
    assert "secret" not in str(caught.value)


def test_offline_is_said_to_be_offline(hub, models, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    reset_session()
    with pytest.raises(DownloadError, match="^tiny: HF_HUB_OFFLINE is set.*Unset it"):
        download.download(TINY, models)
    assert not hub.requests
    monkeypatch.undo()
    reset_session()


def reset_session() -> None:
    """huggingface_hub before 1.0 looks at HF_HUB_OFFLINE when it makes a session, later ones at each request."""
    reset = getattr(huggingface_hub.utils._http, "reset_sessions", None)
    if reset:
        reset()


def test_a_disk_without_room_is_noticed_before_the_download(hub, files, models, monkeypatch):
    hub.add(OWNER, files)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: types.SimpleNamespace(free=100_000))
    with pytest.raises(DownloadError, match=r"has 100.0 kB left, \d+.\d kB are needed.*Make room"):
        download.download(TINY, models)
    assert not hub.asked(WEIGHTS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk here that is always full")
def test_a_disk_that_fills_up_is_named(hub, files, models, monkeypatch):
    hub.add(OWNER, files)
    monkeypatch.setattr(transfer, "part_of", lambda remote, folder: Path("/dev/full"))
    with pytest.raises(DownloadError, match="^tiny: the disk of /dev is full.*Make room"):
        download.download(TINY, models)
    assert_no_checkpoint(models)


def test_a_folder_that_cannot_be_written_to_is_named(hub, models):
    models.parent.mkdir()
    models.write_text("a file where a folder should be")
    with pytest.raises(
        DownloadError, match="models/LLM.* cannot be written to .*Nothing was kept.*another model folder"
    ):
        download.download(TINY, models)


@pytest.mark.parametrize("known", [{"sha256": "0" * 64}, {"size": 7, "sha256": None}])
def test_what_the_catalog_knows_of_a_file_is_held_against_it(known, hub, files, models):
    hub.add(OWNER, files)
    weights = replace(File("model.safetensors"), **known)
    with pytest.raises(DownloadError, match="^tiny: someone/Tiny offers another model.safetensors"):
        download.download(entry(files=(*USUAL_FILES[:2], weights)), models)
    assert_no_checkpoint(models)


# -- resuming and stopping


def test_a_cut_connection_resumes_where_it_ended(hub, files, models):
    hub.add(OWNER, files)
    hub.fail(f"{fake_hub.sha256(files['model.safetensors'])}", "cut", at=50_000)
    with pytest.raises(DownloadError, match="cannot be reached .*are kept, and the next run goes on") as caught:
        download.download(TINY, models)
    assert "58.8 kB" not in str(caught.value)
    assert_no_checkpoint(models)
    hub.recover()
    seen = []
    place = download.download(TINY, models, lambda done, total: seen.append(done))
    assert_whole(place, files)
    assert 30_000 < resumed_at(hub.asked("/model.safetensors")[-1]) <= 50_000
    assert seen[0] > 30_000


@pytest.mark.slow
def test_a_connection_that_is_cut_now_and_then_is_taken_up_again(hub, files, models, monkeypatch):
    monkeypatch.setattr(checkpoints_hub, "PAUSES", (0.01,))
    hub.add(OWNER, files)
    hub.fail(WEIGHTS, "cut", at=30_000)  # each time 30,000 bytes further
    assert_whole(download.download(TINY, models), files)
    assert len(hub.asked(WEIGHTS)) > 4


def test_a_hub_that_is_out_of_order_for_a_moment_is_asked_again(hub, files, models, monkeypatch):
    monkeypatch.setattr(checkpoints_hub, "PAUSES", (0.01, 0.01))
    hub.add(OWNER, files)
    hub.fail("config", "status", status=503, times=2)
    assert_whole(download.download(TINY, models), files)
    hub.fail("", "status", status=503)
    asked = len(hub.requests)
    with pytest.raises(DownloadError, match="HTTP 503"):
        download.download(entry(repository="someone/Else"), models)
    assert len(hub.requests) == asked + 3


def test_a_server_that_knows_no_ranges_starts_anew(hub, files, models):
    hub.add(OWNER, files)
    hub.fail("/content/", "cut", at=50_000)
    with pytest.raises(DownloadError):
        download.download(TINY, models)
    hub.recover()
    hub.fail("/content/", "whole")
    seen = []
    assert_whole(download.download(TINY, models, lambda done, total: seen.append((done, total))), files)
    assert seen[-1][0] == seen[-1][1]


def test_a_part_of_another_version_is_not_continued(hub, files, models):
    commit = hub.add(OWNER, files)
    hub.fail(fake_hub.sha256(files["model.safetensors"]), "cut", at=50_000)
    with pytest.raises(DownloadError):
        download.download(entry(revision=commit), models)
    newer = files | {"model.safetensors": files["model.safetensors"][:-4] + b"\0\0\0\0"}
    assert newer != files
    hub.recover()
    assert_whole(download.download(entry(revision=hub.add(OWNER, newer)), models), newer)
    assert "Range" not in hub.asked("/model.safetensors")[-1].headers


@pytest.mark.slow
@pytest.mark.parametrize("part", ["config", WEIGHTS], ids=["while asking", "while bringing"])
def test_a_stop_takes_effect_while_the_network_is_silent(part, hub, files, models):
    hub.add(OWNER, files)
    hub.fail(part, "stall" if part == WEIGHTS else "slow", at=40)
    stop_at = time.monotonic() + 0.5
    with pytest.raises(DownloadStopped, match="^tiny: the download was stopped.*Run again"):
        download.download(TINY, models, should_stop=lambda: time.monotonic() > stop_at)
    assert time.monotonic() < stop_at + 20  # nothing waits for the network's own time-out
    assert_no_checkpoint(models)


@pytest.mark.slow
def test_an_error_of_the_caller_ends_the_download_as_itself(hub, files, models):
    hub.add(OWNER, files)
    hub.fail(WEIGHTS, "slow", at=0.02)

    def cancelled(done, total):
        if done > 30_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.download(TINY, models, cancelled)
    hub.recover()
    assert_whole(download.download(TINY, models), files)
    assert any("Range" in request.headers for request in hub.asked(WEIGHTS))


CHILD = """
import sys
from pathlib import Path
from prompt_beautifier.beautifier.checkpoints import download
from prompt_beautifier.beautifier.checkpoints.catalog import USUAL_FILES, Checkpoint
tiny = Checkpoint("tiny", sys.argv[1], None, USUAL_FILES, "text2prompt-v1", "MIT", 1)
download.download(tiny, Path(sys.argv[2]), lambda done, total: print(done, flush=True))
"""


@pytest.mark.slow
def test_a_killed_process_leaves_what_the_next_one_continues(hub, files, models):
    """With HF_ENDPOINT, as a user sets it, and a process that has no time to tidy up."""
    hub.add(OWNER, files)
    hub.fail(fake_hub.sha256(files["model.safetensors"]), "slow", at=0.1)
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CHILD, OWNER, str(models)]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    start = len(files["config.json"]) + len(files["tokenizer.json"])
    for line in child.stdout:
        if int(line) > start + 20_000:
            child.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            break
    assert child.wait(10) != 0
    assert_no_checkpoint(models)
    (part,) = models.rglob("model.safetensors.*.part")
    had = part.stat().st_size
    assert 20_000 < had < len(files["model.safetensors"])
    hub.recover()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert int(done.stdout.split()[0]) >= had
    assert_whole(models / OWNER, files)
    assert hub.asked("/model.safetensors")[-1].headers["Range"] == f"bytes={had}-"


# -- ModelScope

MIRRORED = entry(modelscope="mirror/Tiny")


def test_modelscope_stands_in_where_the_hub_is_out_of_reach(hub, files, models, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.modelscope["mirror/Tiny"] = files
    hub.fail(f"{OWNER}/resolve", "status", status=503)
    place = download.download(MIRRORED, models)
    assert_whole(place, files)
    assert load_beautifier(place).family.name == "text2prompt-v1"
    mirror = [request for request in hub.requests if "mirror/Tiny" in request.path]
    assert mirror and not any("Authorization" in request.headers for request in mirror)


def test_modelscope_is_not_asked_where_the_hub_answers(hub, files, models):
    hub.modelscope["mirror/Tiny"] = files
    with pytest.raises(DownloadError, match="no such repository|log in"):
        download.download(MIRRORED, models)
    hub.add(OWNER, files)
    download.download(MIRRORED, models)
    assert not [request for request in hub.requests if "mirror/Tiny" in request.path]


@pytest.mark.slow
def test_files_of_modelscope_are_verified_and_resumed(hub, files, models):
    hub.modelscope["mirror/Tiny"] = files
    hub.fail(f"{OWNER}/resolve", "status", status=503)
    hub.fail("master/model.safetensors", "cut", at=50_000, times=1)
    hub.fail("master/model.safetensors", "wrong", times=1)
    with pytest.raises(DownloadError, match="kept"):
        download.download(MIRRORED, models)
    with pytest.raises(DownloadError, match="arrived damaged"):
        download.download(MIRRORED, models)
    assert 30_000 < resumed_at(hub.asked("master/model.safetensors")[-1]) <= 50_000
    assert_no_checkpoint(models)
    assert_whole(download.download(MIRRORED, models), files)


def test_both_hubs_out_of_reach_are_both_named(hub, models):
    hub.close()
    with pytest.raises(DownloadError, match="cannot be reached .*nor did ModelScope help: .*cannot be reached"):
        download.download(MIRRORED, models)


# -- pickled weights

PICKLED = entry(
    files=(
        *USUAL_FILES[:2],
        File("model.safetensors", revision="refs/pr/2", pickled=File("pytorch_model.bin")),
    ),
    family="promptist",
)


class Canary:
    """Makes a file when it is unpickled by someone who lets it."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def pickled(tmp_path: Path, value: object, **options) -> bytes:
    torch.save(value, tmp_path / "saved", **options)
    return (tmp_path / "saved").read_bytes()


@pytest.fixture
def pickled_only(gpt2_files, tmp_path) -> dict[str, bytes]:
    """A repository as Promptist's main branch: no safetensors; tied output and causal masks are in the file."""
    (tmp_path / "model.safetensors").write_bytes(gpt2_files["model.safetensors"])
    weights = load_file(tmp_path / "model.safetensors")
    weights["lm_head.weight"] = weights["transformer.wte.weight"]
    weights["transformer.h.0.attn.bias"] = torch.ones(1, 1, 128, 128, dtype=torch.bool)
    rest = {name: gpt2_files[name] for name in ("config.json", "tokenizer.json")}
    return rest | {"pytorch_model.bin": pickled(tmp_path, weights)}


def test_the_safetensors_revision_is_preferred(hub, gpt2_files, pickled_only, models):
    main = hub.add(OWNER, pickled_only)
    offered = hub.add(OWNER, pickled_only | gpt2_files, branch="refs/pr/2")
    place = download.download(PICKLED, models)
    assert_whole(place, gpt2_files)
    assert not hub.asked("pytorch_model.bin")
    notes = json.loads((place / "beautifier.json").read_text())
    assert notes["commits"] == {f"{OWNER}@main": main, f"{OWNER}@refs/pr/2": offered}
    assert notes["files"]["model.safetensors"]["revision"] == offered


@pytest.mark.parametrize("branch", [False, True], ids=["no such revision", "no such file"])
def test_pickled_weights_become_safetensors(branch, hub, gpt2_files, pickled_only, models, tmp_path):
    hub.add(OWNER, pickled_only)
    if branch:
        hub.add(OWNER, pickled_only, branch="refs/pr/2")
    place = download.download(PICKLED, models)
    assert {path.name for path in place.iterdir()} == {*gpt2_files, "beautifier.json"}
    (tmp_path / "expected.safetensors").write_bytes(gpt2_files["model.safetensors"])
    expected, made = load_file(tmp_path / "expected.safetensors"), load_file(place / "model.safetensors")
    assert expected.keys() == made.keys()
    assert all(torch.equal(expected[name], made[name]) for name in expected)
    assert load_beautifier(place).family.name == "promptist"
    made_of = json.loads((place / "beautifier.json").read_text())["files"]["model.safetensors"]
    assert made_of["made_from"] == "pytorch_model.bin"
    assert made_of["sha256"] == fake_hub.sha256((place / "model.safetensors").read_bytes())


def test_pickled_weights_that_the_user_put_there_are_not_downloaded_again(hub, pickled_only, models):
    hub.add(OWNER, pickled_only)
    (models / OWNER).mkdir(parents=True)
    (models / OWNER / "pytorch_model.bin").write_bytes(pickled_only["pytorch_model.bin"])
    assert load_beautifier(download.download(PICKLED, models))
    assert not hub.asked("pytorch_model.bin")
    assert (models / OWNER / "pytorch_model.bin").read_bytes() == pickled_only["pytorch_model.bin"]


def test_safetensors_that_appear_later_are_preferred_to_a_pickled_file_that_waits(
    hub, gpt2_files, pickled_only, models
):
    hub.add(OWNER, pickled_only)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(download, "to_safetensors", lambda *_: 1 / 0)
        download.download(PICKLED, models)
    assert list(models.rglob("pytorch_model.bin"))
    hub.add(OWNER, gpt2_files, branch="refs/pr/2")
    assert_whole(download.download(PICKLED, models), gpt2_files)


def test_an_error_of_the_caller_is_not_taken_for_one_of_the_disk(hub, files, models):
    hub.add(OWNER, files)

    def gone(done, total):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        download.download(TINY, models, gone)


def hostile(kind: str, tmp_path: Path) -> bytes:
    """Pickled files that are no weights."""
    values = {
        "code": {"transformer.wte.weight": Canary(tmp_path / "canary")},
        "a view": {"transformer.wte.weight": torch.zeros(1).expand(10**6, 10**6)},
        "a number": {"transformer.wte.weight": 3},
        "a list": [torch.zeros(3)],
    }
    if kind == "the old format":
        return pickled(tmp_path, {"wte.weight": torch.zeros(3)}, _use_new_zipfile_serialization=False)
    return pickled(tmp_path, values[kind]) if kind in values else b"PK not a zip file"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("code", r"pytorch_model.bin wants to run \w+.mkdir, so it was not opened; it was deleted"),
        ("a view", "larger than the file itself"),
        ("a number", "does not hold named tensors"),
        ("a list", "does not hold named tensors"),
        ("the old format", "not a file that torch 1.6 or newer wrote"),
        ("noise", "not a file that torch 1.6 or newer wrote"),
    ],
)
def test_a_pickled_file_that_is_more_than_weights_is_refused(kind, message, hub, pickled_only, models, tmp_path):
    hub.add(OWNER, pickled_only | {"pytorch_model.bin": hostile(kind, tmp_path)})
    with pytest.raises(DownloadError, match=message):
        download.download(PICKLED, models)
    assert not (tmp_path / "canary").exists()
    assert_no_checkpoint(models)
    assert not list(models.rglob("*.bin"))


def test_the_canary_sings_where_it_is_let_to(tmp_path):
    """Else the test above would show nothing."""
    (tmp_path / "file").write_bytes(hostile("code", tmp_path))
    torch.load(tmp_path / "file", weights_only=False)
    assert (tmp_path / "canary").is_dir()


def test_an_old_torch_does_not_open_pickled_files(hub, pickled_only, models, monkeypatch):
    monkeypatch.setattr(torch, "__version__", "2.5.1+cu124")
    hub.add(OWNER, pickled_only)
    with pytest.raises(DownloadError, match=r"torch 2.5.1\+cu124 cannot open pickled weights safely"):
        download.download(PICKLED, models)


# -- names and places


def test_a_published_checkpoint_is_found_by_every_name_it_has(hub, files, models, monkeypatch):
    monkeypatch.setitem(CATALOG, "tiny", TINY)
    hub.add(OWNER, files)
    place = download.download(TINY, models)
    for name in ("tiny", OWNER, "Tiny", folders.choices([models])["tiny"], "tiny (0.20 MB, not downloaded)"):
        assert download.obtain(name, [models]) == (place, "text2prompt-v1"), name
    place.rename(models / "Tiny")  # as git clone names it
    assert download.obtain(OWNER, [models]) == (models / "Tiny", "text2prompt-v1")


def test_any_model_folder_will_do_and_a_download_goes_to_the_first(hub, files, models, tmp_path, monkeypatch):
    monkeypatch.setitem(CATALOG, "tiny", TINY)
    hub.add(OWNER, files)
    place, family = download.obtain("tiny", [models, tmp_path / "second"])
    assert (place, family) == (models / OWNER, "text2prompt-v1")
    assert download.obtain("tiny", [tmp_path / "second", models])[0] == place
    assert not (tmp_path / "second").exists()


def test_a_local_checkpoint_keeps_its_own_family(models):
    tiny.save_checkpoint(models / "mine" / "model (v2)", family="embedded")
    assert download.obtain("mine/model (v2)", [models]) == (models / "mine" / "model (v2)", None)


def test_an_unknown_name_says_what_there_is(models):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint 'nothing' in .*LLM.*promptist"):
        download.obtain("nothing", [models])


def test_a_menu_shows_what_is_there_and_how_large_the_rest_is(hub, files, models, monkeypatch):
    monkeypatch.setitem(CATALOG, "tiny", TINY)
    tiny.save_checkpoint(models / "mine")
    shown = folders.choices([models])
    assert list(shown) == [*CATALOG, "mine"]
    assert shown["promptist"] == "promptist (0.50 GB, not downloaded)"
    assert shown["tiny"] == "tiny (200.0 kB, not downloaded)"
    hub.add(OWNER, files)
    hub.fail(fake_hub.sha256(files["model.safetensors"]), "cut", at=50_000)
    with pytest.raises(DownloadError):
        download.download(TINY, models)
    (part,) = models.rglob("*.part")
    left = 200_000 - part.stat().st_size - len(files["config.json"]) - len(files["tokenizer.json"])
    assert folders.size_to_download(TINY, [models]) == left < 170_000
    hub.recover()
    download.download(TINY, models)
    assert folders.size_to_download(TINY, [models]) == 0
    assert list(folders.choices([models])) == [
        *CATALOG,
        "mine",
    ]  # once, though it lies among the local ones now
    assert [folders.name_in(text) for text in shown.values()] == list(shown)


def test_the_default_folder_is_comfyuis_where_the_pack_is_inside_one(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    assert checkpoints_places.default_folder() == tmp_path / "home" / ".prompt-beautifier" / "models"
    pack = tmp_path / "ComfyUI" / "custom_nodes" / "prompt-beautifier"
    (tmp_path / "ComfyUI" / "models").mkdir(parents=True)
    monkeypatch.setattr(checkpoints_places, "__file__", str(pack / "beautifier" / "checkpoints" / "places.py"))
    assert checkpoints_places.default_folder() == tmp_path / "ComfyUI" / "models" / "LLM"


# -- local checkpoints


def shard(folder: Path) -> None:
    """Split the weights of a checkpoint in two, with an index, as large ones are."""
    weights = load_file(folder / "model.safetensors")
    names = sorted(weights)
    index = {name: f"model-0000{i % 2 + 1}-of-00002.safetensors" for i, name in enumerate(names)}
    for file in set(index.values()):
        save_file({name: weights[name] for name in names if index[name] == file}, folder / file)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))


@pytest.mark.parametrize("architecture", ["bloom", "gpt2"])
def test_a_sharded_checkpoint_is_listed_and_loads(architecture, models):
    folder = tiny.save_checkpoint(models / "sharded", architecture)
    expected = load_network(folder).state_dict()
    shard(folder)
    assert folders.list_checkpoints([models]) == {"sharded": folder}
    assert folders.is_complete(folder)
    loaded = load_beautifier(folder).network.state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert not folders.is_complete(folder)
    with pytest.raises(FileNotFoundError, match="no model-00002-of-00002.safetensors"):
        load_network(folder)


def test_gpt2s_vocabulary_and_merges_are_a_tokenizer(models):
    folder = tiny.save_checkpoint(models / "gpt2", "gpt2")
    whole = load_tokenizer(folder)
    whole.model.save(str(folder))
    (folder / "tokenizer.json").unlink()
    assert folders.list_checkpoints([models]) == {"gpt2": folder}
    made = load_tokenizer(folder)
    text = " A cat, highly detailed — 8k  (red dress:1.2)\n日本 ｆｕｌｌ\t<|endoftext|>'s 1234"
    assert made.encode(text).ids == whole.encode(text).ids
    assert made.decode(made.encode(text).ids) == text
    (folder / "merges.txt").unlink()
    assert folders.list_checkpoints([models]) == {}
    with pytest.raises(FileNotFoundError, match="no tokenizer.json"):
        load_tokenizer(folder)


def test_a_tokenizers_own_cutting_and_padding_are_left_off(models):
    folder = tiny.save_checkpoint(models)
    tokenizer = load_tokenizer(folder)
    expected = tokenizer.encode("a castle on a hill").ids
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=50)
    tokenizer.save(str(folder / "tokenizer.json"))
    assert load_tokenizer(folder).encode("a castle on a hill").ids == expected


LINKED = ["config.json", "tokenizer.json", "model.safetensors", "beautifier.json"]


@pytest.mark.parametrize("name", LINKED)
@pytest.mark.parametrize("how", ["missing", "loop"])
def test_a_link_that_leads_nowhere_is_named(name, how, models, tmp_path):
    folder = tiny.save_checkpoint(models / "linked")
    (folder / name).unlink()
    (folder / name).symlink_to(folder / name if how == "loop" else tmp_path / "gone")
    with pytest.raises((ValueError, FileNotFoundError), match=name):
        load_beautifier(folder)


@pytest.mark.parametrize("relative", [True, False])
def test_links_of_the_users_are_followed(relative, models, tmp_path):
    """To each file, and to the folder, wherever they lead."""
    folder = tiny.save_checkpoint(tmp_path / "elsewhere" / "folder")
    outside = tmp_path / "elsewhere" / "files"
    outside.mkdir()
    expected = load_beautifier(folder).beautify("a cat", num_candidates=1)
    for name in LINKED:
        (folder / name).rename(outside / f"{name}.kept")
        (folder / name).symlink_to(f"../files/{name}.kept" if relative else outside / f"{name}.kept")
    models.mkdir(parents=True)
    (models / "linked").symlink_to(folder, target_is_directory=True)
    (models / "owner").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert list(folders.choices([models]))[-2:] == ["linked", "owner/folder"]
    for place in folders.list_checkpoints([models]).values():
        assert folders.is_complete(place)
        assert load_beautifier(place).beautify("a cat", num_candidates=1) == expected


@pytest.mark.parametrize(
    "name",
    [
        "../outside.safetensors",
        "/outside.safetensors",
        "sub/a.safetensors",
        "weights.bin",
        "",
        "..",
        7,
        None,
        ["a"],
    ],
)
def test_an_index_that_names_a_file_elsewhere_is_refused(name, models):
    folder = tiny.save_checkpoint(models / "hostile")
    save_file({}, models / "outside.safetensors")
    index = {"weight_map": {"word_embeddings.weight": name}}
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match="shards must be safetensors files in the same folder"):
        load_beautifier(folder)
    assert not folders.is_complete(folder)


@pytest.mark.parametrize("index", ["{", "[]", "{}", '{"weight_map": []}', '{"weight_map": {}}'])
def test_an_index_that_is_none_is_refused(index, models):
    folder = tiny.save_checkpoint(models / "hostile")
    (folder / "model.safetensors").unlink()  # beside which nobody looks at an index
    (folder / "model.safetensors.index.json").write_text(index)
    with pytest.raises(ValueError, match="model.safetensors.index.json"):
        load_beautifier(folder)
    assert not folders.is_complete(folder)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 10_000, "\xff", "null", " " * 17_000_000])
def test_a_configuration_made_to_break_readers_breaks_nothing(text, models):
    folder = tiny.save_checkpoint(models / "hostile")
    tiny.save_checkpoint(models / "sound")
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    assert list(folders.list_checkpoints([models])) == ["sound"]
    with pytest.raises(ValueError, match="config.json"):
        load_beautifier(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_layer": 10**9}, "num_layers"),
        ({"n_layer": 50}, "576 tensors are missing"),
        ({"n_layer": -2}, "num_layers"),
        ({"hidden_size": -32}, "hidden_size"),
        ({"hidden_size": 64}, r"has shape \(512, 32\), config.json says \(512, 64\)"),
        ({"vocab_size": 10**8}, "vocab_size"),
        ({"vocab_size": 10**6}, r"has shape \(512, 32\), config.json says \(1000000, 32\)"),
        ({"n_head": 0}, "num_heads"),
        ({"layer_norm_epsilon": "small"}, "layer_norm_epsilon"),
        ({"layer_norm_epsilon": float("nan")}, "layer_norm_epsilon"),
        ({"layer_norm_epsilon": -1}, "layer_norm_epsilon"),
        ({"model_type": ["bloom"]}, "model_type"),
    ],
)
def test_sizes_are_refused_before_a_tensor_is_read(change, message, models):
    folder = tiny.save_checkpoint(models / "hostile")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(ValueError, match=message), no_tensor_may_be_read():
        load_network(folder)


@contextmanager
def no_tensor_may_be_read():
    """A block in which nothing may leave a safetensors file: what does is given its dtype first."""

    def refuse(*_, **__):
        raise AssertionError("memory was taken")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "to", refuse)
        yield


def test_a_sound_checkpoint_is_what_the_block_above_would_notice(models):
    with pytest.raises(AssertionError, match="memory was taken"), no_tensor_may_be_read():
        load_network(tiny.save_checkpoint(models / "sound"))


def test_quantized_weights_are_refused_by_their_type(models):
    folder = tiny.save_checkpoint(models / "quantized")
    weights = load_file(folder / "model.safetensors")
    name = "transformer.h.0.mlp.dense_h_to_4h.weight"
    weights[name] = weights[name].to(torch.int8)
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(ValueError, match=f"{name} is stored as I8"):
        load_network(folder)


def test_a_tokenizer_of_absurd_size_is_refused(models):
    folder = tiny.save_checkpoint(models / "hostile")
    with (folder / "tokenizer.json").open("r+b") as file:
        file.truncate(10**9)  # a sparse file
    with pytest.raises(ValueError, match="tokenizer.json has more than"):
        load_beautifier(folder)
