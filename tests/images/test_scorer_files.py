"""The files of scorers: found among the user's by name and header, downloaded otherwise, converted, refused."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file

from prompt_beautifier.beautifier.checkpoints import folders as checkpoints_folders
from prompt_beautifier.beautifier.checkpoints import places
from prompt_beautifier.beautifier.checkpoints.catalog import File
from prompt_beautifier.beautifier.checkpoints.progress import DownloadError, DownloadStopped
from prompt_beautifier.beautifier.images import scorer_files
from prompt_beautifier.beautifier.images.own_scorers import list_scorers, read_scorer
from prompt_beautifier.beautifier.images.scorer_files import obtain_scorer
from prompt_beautifier.beautifier.images.scorer_kinds import SCORERS
from prompt_beautifier.beautifier.images.scorers import load_scorer

from ..checkpoints.test_store import hostile, pickled, reset_session
from ..stand_ins import fake_hub
from ..stand_ins.tiny_image_reward import save_image_reward, save_vocabulary
from ..stand_ins.tiny_scorers import save_head, save_linear_head, save_open_clip, save_v2_5_head

HALF = torch.float16


@pytest.fixture
def folders(tmp_path) -> dict[str, list[Path]]:
    """Model folders as ComfyUI has them; downloads go to the first of the scorers'."""
    names = {"scorers": ["scorers", "more/scorers"], "clip_vision": ["clip_vision"], "LLM": ["LLM"]}
    return {kind: [tmp_path / "models" / name for name in each] for kind, each in names.items()}


def save_header(path: Path, shapes: dict[str, tuple], dtype: str = "F16") -> Path:
    """Write a safetensors file with tensors of these shapes, of which the disk need not hold the zeros."""
    header, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + torch.Size(shape).numel() * {"F16": 2, "F8_E4M3": 1}[dtype]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
    return path


def save_part(path: Path, kind: str, part: str, names: int = 0, **options) -> Path:
    """Write a file with the header of a part; names is which of the ways to call its tensors."""
    return save_header(path, SCORERS[kind].parts[part].shapes[names], **options)


def publish(monkeypatch, kind: str, part: str, shapes=None, **changes) -> str:
    """Have a part come from a fake hub's main branch, and its repository back: nothing is known of the file."""
    piece = SCORERS[kind].parts[part]
    checkpoint, file = piece.download, piece.download.files[0]
    other = file.pickled and replace(file.pickled, size=None, sha256=None)
    file = replace(file, **{"size": None, "sha256": None, "pickled": other} | changes)
    checkpoint = replace(checkpoint, revision=None, files=(file,))
    piece = replace(piece, download=checkpoint, shapes=piece.shapes if shapes is None else shapes)
    monkeypatch.setitem(SCORERS[kind].parts, part, piece)
    return checkpoint.repository


# -- what the user has


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a socket was made")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


NAMES = [
    ("pickscore", "scorers", "yuvalkirstain/PickScore_v1/model.safetensors", 0),
    ("pickscore", "scorers", "PickScore_v1/model.safetensors", 0),
    ("pickscore", "more/scorers", "pickscore.safetensors", 0),
    ("pickscore", "more/scorers", "pickscore/clip.safetensors", 1),
    ("pickscore", "LLM", "mine/Pick-A-Pic.safetensors", 0),
    ("clip-score", "clip_vision", "clip-vit-large-patch14.safetensors", 0),
    ("clip-score", "clip_vision", "openai/clip-vit-large-patch14/model.safetensors", 0),
    ("clip-score", "clip_vision", "clip_vit_large_patch14.safetensors", 1),
    ("hps-v2.1", "scorers", "HPS_v2.1_compressed.safetensors", 1),
    ("hps-v2.1", "LLM", "hpsv21/model.safetensors", 1),
    ("pickscore", "scorers", "models--yuvalkirstain--PickScore_v1/snapshots/a4e4367c/model.safetensors", 0),
]


@pytest.mark.parametrize(("kind", "folder", "name", "names"), NAMES)
def test_a_file_of_the_users_is_taken_by_its_name_and_header(kind, folder, name, names, folders, no_network):
    path = save_part(folders["scorers"][0].parent / folder / name, kind, "clip", names)
    assert scorer_files.scorer_choices(folders)[kind] == kind
    assert obtain_scorer(kind, folders) == {"clip": path}


def test_the_image_half_of_a_clip_serves_the_aesthetic_scorer_only(folders, no_network):
    """As ComfyUI's clip_vision has it: without a text encoder."""
    clip = save_part(folders["clip_vision"][0] / "clip-vit-large-patch14.safetensors", "aesthetic", "clip")
    head = save_part(folders["scorers"][0] / "sac+logos+ava1-l14-linearMSE.safetensors", "aesthetic", "head")
    assert obtain_scorer("aesthetic", folders) == {"clip": clip, "head": head}
    assert scorer_files.scorer_choices(folders)["clip-score"] == "clip-score (1.71 GB download)"


def test_a_whole_clip_serves_both(folders, no_network):
    clip = save_part(folders["clip_vision"][0] / "clip-vit-large-patch14.safetensors", "clip-score", "clip")
    assert obtain_scorer("clip-score", folders) == {"clip": clip}
    assert scorer_files.scorer_choices(folders)["aesthetic"] == "aesthetic (3714.8 kB download)"


def test_image_reward_is_found_with_berts_vocabulary(folders, no_network, monkeypatch, tmp_path):
    model = save_part(folders["scorers"][0] / "ImageReward" / "model.safetensors", "imagereward", "model")
    vocab = save_vocabulary(folders["LLM"][0] / "bert-base-uncased" / "vocab.txt")
    assert scorer_files.scorer_choices(folders)["imagereward"] == "imagereward (231.5 kB download)"
    content = vocab.read_bytes()
    publish(monkeypatch, "imagereward", "vocab", size=len(content), sha256=fake_hub.sha256(content))
    assert obtain_scorer("imagereward", folders) == {"model": model, "vocab": vocab}
    vocab.write_bytes(content.replace(b"castle", b"palace"))  # of another BERT
    assert scorer_files.find_parts("imagereward", folders)["vocab"] is None


def save_pickle(path: Path, kind: str, part: str, names: int = 0, before: str = "") -> Path:
    """Write a pickle with tensors of the names and shapes of a part: all of them zero and in one place, so small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shapes = SCORERS[kind].parts[part].shapes[names]
    torch.save({before + name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}, path)
    return path


AS_THEY_ARE = [
    ("hps-v2.1", "clip", 1, "HPS_v2.1_compressed.pt", ""),
    ("hps-v2.1", "clip", 1, "sub/HPS_v2.1.ckpt", "module."),
    ("pickscore", "clip", 0, "PickScore_v1/pytorch_model.bin", ""),
    ("imagereward", "model", 0, "ImageReward.pt", ""),
    ("aesthetic", "head", 0, "sac+logos+ava1-l14-linearMSE.pth", "layers."),
    ("aesthetic", "head", 0, "sac%2Blogos%2Bava1-l14-linearMSE.pth", "layers."),
    ("aesthetic", "head", 0, "laion_aesthetic_sac+logos+ava1-l14-linearMSE.pth", "layers."),
    ("aesthetic", "clip", 1, "clip-vit-large-patch14.pth", ""),
    ("hps-v1", "clip", 1, "hpc.pt", ""),
]


@pytest.mark.parametrize(("kind", "part", "names", "name", "before"), AS_THEY_ARE, ids=[row[3] for row in AS_THEY_ARE])
def test_files_as_they_are_published_or_saved_are_taken(kind, part, names, name, before, folders, no_network):
    path = save_pickle(folders["scorers"][0] / name, kind, part, names, before)
    assert scorer_files.find_parts(kind, folders)[part] == path


def test_safetensors_come_before_a_pickle(folders):
    save_pickle(folders["scorers"][0] / "HPS_v2.1_compressed.pt", "hps-v2.1", "clip", 1)
    path = save_part(folders["scorers"][1] / "HPS_v2.1_compressed.safetensors", "hps-v2.1", "clip", 1)
    assert scorer_files.find_parts("hps-v2.1", folders) == {"clip": path}


def test_a_pickle_that_would_run_something_is_not_taken(folders, tmp_path):
    path = folders["scorers"][0] / "HPS_v2.1_compressed.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes(hostile("code", tmp_path))
    assert scorer_files.find_parts("hps-v2.1", folders) == {"clip": None}
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("path", "kind", "names", "options"),
    [
        ("clip_vision/CLIP-ViT-H-14.safetensors", "pickscore", 0, {}),  # any ViT-H looks like PickScore's
        ("clip_vision/model.safetensors", "pickscore", 0, {}),
        ("clip_vision/PickScore_v1.pt", "pickscore", 0, {}),
        ("scorers/.hidden/PickScore_v1.safetensors", "pickscore", 0, {}),
        ("scorers/a/b/c/d/PickScore_v1.safetensors", "pickscore", 0, {}),
        ("scorers/PickScore_v1.safetensors", "clip-score", 0, {}),  # a ViT-L under that name
        ("scorers/PickScore_v1.safetensors", "pickscore", 0, {"dtype": "F8_E4M3"}),
    ],
)
def test_other_files_are_not_taken(path, kind, names, options, folders):
    save_part(folders["scorers"][0].parent / path, kind, "clip", names, **options)
    assert scorer_files.find_parts("pickscore", folders) == {"clip": None}


@pytest.mark.parametrize("content", [b"version https://git-lfs.github.com/spec/v1\n", b"", b"\xff" * 100])
def test_a_file_that_is_not_whole_is_not_taken(content, folders):
    path = save_part(folders["scorers"][0] / "PickScore_v1.safetensors", "pickscore", "clip")
    assert scorer_files.find_parts("pickscore", folders) == {"clip": path}
    path.write_bytes(content)
    assert scorer_files.find_parts("pickscore", folders) == {"clip": None}


def test_a_menu_shows_what_would_be_downloaded(folders):
    shown = scorer_files.scorer_choices(folders)
    assert shown == {
        "pickscore": "pickscore (3.94 GB download)",
        "aesthetic": "aesthetic (1.71 GB download)",
        "clip-score": "clip-score (1.71 GB download)",
        "hps-v2.1": "hps-v2.1 (1.97 GB download)",
        "imagereward": "imagereward (1.79 GB download)",
    }
    assert [scorer_files.name_in(text) for text in shown.values()] == list(shown)
    assert not folders["scorers"][0].exists()


# -- what is not downloaded


def save_v2_5(folders) -> dict[str, Path]:
    vision = folders["clip_vision"][0] / "sigclip_vision_patch14_384.safetensors"
    return {
        "vision": save_part(vision, "aesthetic-v2.5", "vision"),
        "head": save_v2_5_head(folders["scorers"][0] / "aesthetic_predictor_v2_5.pth"),
    }


def test_the_aesthetic_predictor_v2_5_is_used_where_the_user_has_it(folders, no_network):
    assert "aesthetic-v2.5" not in scorer_files.scorer_choices(folders)
    files = save_v2_5(folders)
    assert scorer_files.scorer_choices(folders)["aesthetic-v2.5"] == "aesthetic-v2.5"
    assert obtain_scorer("aesthetic-v2.5", folders) == files


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (
            "head",
            r"needs aesthetic_predictor_v2_5.pth in .*scorers: .*/aesthetic-predictor-v2-5 \(AGPL-3.0\)",
        ),
        ("vision", r"needs sigclip_vision_patch14_384.safetensors in .*scorers: .*Comfy-Org/sigclip_vision_384"),
    ],
)
def test_what_is_missing_and_not_downloaded_is_named_with_its_place(part, told, folders, no_network):
    save_v2_5(folders)[part].unlink()
    assert scorer_files.scorer_choices(folders)["aesthetic-v2.5"] == "aesthetic-v2.5"
    with pytest.raises(FileNotFoundError, match=told):
        obtain_scorer("aesthetic-v2.5", folders)


# -- downloads


@pytest.fixture
def head(tmp_path) -> bytes:
    """The head of the aesthetic scorer as it is published: pickled."""
    return save_head(tmp_path / "saved" / "head.pth").read_bytes()


PTH = "sac+logos+ava1-l14-linearMSE.pth"


def give_clip(folders) -> Path:
    return save_part(folders["clip_vision"][0] / "clip-vit-large-patch14.safetensors", "aesthetic", "clip")


def test_a_pickled_head_is_downloaded_and_becomes_safetensors(hub, head, folders, monkeypatch, tmp_path):
    clip = give_clip(folders)
    repository = publish(monkeypatch, "aesthetic", "head")
    hub.add(repository, {PTH: head})
    seen = []
    files = obtain_scorer("aesthetic", folders, lambda done, total: seen.append((done, total)))
    place = folders["scorers"][0] / repository
    assert files == {"clip": clip, "head": place / "sac+logos+ava1-l14-linearMSE.safetensors"}
    wanted = load_file(save_head(tmp_path / "same.safetensors"))
    assert load_file(files["head"]).keys() == wanted.keys()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in load_file(files["head"]).items())
    assert {path.name for path in place.iterdir()} == {files["head"].name, "beautifier.json"}
    assert seen == sorted(seen) and seen[-1] == (len(head), len(head))
    assert scorer_files.scorer_choices(folders)["aesthetic"] == "aesthetic"
    asked = len(hub.requests)
    assert obtain_scorer("aesthetic (9.99 GB download)", folders) == files
    assert len(hub.requests) == asked
    assert checkpoints_folders.list_checkpoints(folders["scorers"]) == {}


def test_progress_covers_all_files(hub, head, folders, monkeypatch, tmp_path):
    shapes = ({"visual_projection.weight": (30, 50)},)
    save_file({name: torch.zeros(shape) for name, shape in shapes[0].items()}, tmp_path / "clip")
    hub.add(
        publish(monkeypatch, "aesthetic", "clip", shapes),
        {"model.safetensors": (tmp_path / "clip").read_bytes()},
    )
    hub.add(publish(monkeypatch, "aesthetic", "head"), {PTH: head})
    seen = []
    obtain_scorer("aesthetic", folders, lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]
    assert seen[0][1] > len(head)  # of both, from the start


CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
from prompt_beautifier.beautifier.images import scorer_files as s
parts = s.SCORERS["aesthetic"].parts
piece = parts["head"]
file = piece.download.files[0]
file = replace(file, pickled=replace(file.pickled, size=None, sha256=None))
parts["head"] = replace(piece, download=replace(piece.download, files=(file,)))
del parts["clip"]
folders = {"scorers": [Path(sys.argv[1])]}
print(s.obtain_scorer("aesthetic", folders, lambda done, total: print(done, flush=True))["head"])
"""


@pytest.mark.slow
def test_a_killed_process_leaves_what_the_next_one_continues(hub, head, folders, monkeypatch):
    repository = publish(monkeypatch, "aesthetic", "head")
    hub.add(repository, {PTH: head})
    hub.fail("/content/", "slow", at=0.002)
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CHILD, str(folders["scorers"][0])]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if int(line) > 200_000:
            child.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            break
    assert child.wait(10) != 0
    (part,) = folders["scorers"][0].rglob("*.part")
    had = part.stat().st_size
    assert 200_000 < had < len(head)
    assert scorer_files.find_parts("aesthetic", folders)["head"] is None
    hub.recover()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split()[-1].endswith("linearMSE.safetensors")
    assert hub.asked("/content/")[-1].headers["Range"] == f"bytes={had}-"


def test_a_stop_keeps_what_has_come(hub, head, folders, monkeypatch):
    give_clip(folders)
    hub.add(publish(monkeypatch, "aesthetic", "head"), {PTH: head})
    hub.fail("/content/", "slow", at=0.01)
    with pytest.raises(DownloadStopped, match="^aesthetic-head: the download was stopped.*are kept"):
        obtain_scorer("aesthetic", folders, should_stop=lambda: len(hub.asked("/content/")) > 0)


def test_offline_is_said_to_be_offline(hub, folders, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    reset_session()
    with pytest.raises(DownloadError, match="^pickscore: HF_HUB_OFFLINE is set.*Unset it"):
        obtain_scorer("pickscore", folders)
    assert not hub.requests
    monkeypatch.undo()
    reset_session()


@pytest.mark.parametrize("known", [{"sha256": "0" * 64}, {"size": 7}])
def test_what_is_known_of_a_file_is_held_against_it(known, hub, head, folders, monkeypatch):
    give_clip(folders)
    hub.add(publish(monkeypatch, "aesthetic", "head", pickled=File(PTH, **known)), {PTH: head})
    with pytest.raises(DownloadError, match=r"^aesthetic-head: .* offers another sac\+logos"):
        obtain_scorer("aesthetic", folders)


def test_bytes_that_are_not_the_files_are_thrown_away(hub, head, folders, monkeypatch):
    give_clip(folders)
    hub.add(publish(monkeypatch, "aesthetic", "head"), {PTH: head})
    hub.fail("/content/", "wrong", times=1)
    with pytest.raises(DownloadError, match="arrived damaged and was deleted: its hash is not"):
        obtain_scorer("aesthetic", folders)
    assert not list(folders["scorers"][0].rglob("*.p*t*"))
    assert obtain_scorer("aesthetic", folders)["head"].is_file()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("other things", "does not hold named tensors"),
        ("no weights", "does not hold named tensors"),
        ("code", r"wants to run \w+.mkdir, so it was not opened; it was deleted"),
        ("a view", "larger than the file itself"),
        ("a number", "does not hold named tensors"),
        ("noise", "not a file that torch 1.6 or newer wrote"),
    ],
)
def test_a_pickled_file_that_is_more_than_weights_is_refused(kind, message, hub, folders, monkeypatch, tmp_path):
    give_clip(folders)
    nested = {"other things": {"state_dict": {"layers.0.weight": [1.0]}}, "no weights": {"state_dict": {}}}
    content = pickled(tmp_path, nested[kind]) if kind in nested else hostile(kind, tmp_path)
    hub.add(publish(monkeypatch, "aesthetic", "head"), {PTH: content})
    with pytest.raises(DownloadError, match=f"{message}.*Put a sac.*safetensors from a source you trust"):
        obtain_scorer("aesthetic", folders)
    assert not (tmp_path / "canary").exists()
    assert not list(folders["scorers"][0].rglob("*.pth"))
    assert scorer_files.find_parts("aesthetic", folders)["head"] is None


def test_a_file_of_another_architecture_is_refused_again_and_again(hub, folders, monkeypatch, tmp_path):
    give_clip(folders)
    torch.save({"layers.0.weight": torch.zeros(1, 768)}, tmp_path / "linear.pth")  # an older predictor's
    hub.add(publish(monkeypatch, "aesthetic", "head"), {PTH: (tmp_path / "linear.pth").read_bytes()})
    for _ in range(2):
        with pytest.raises(DownloadError, match="is not the aesthetic-head .* other names or shapes.*Delete"):
            obtain_scorer("aesthetic", folders)


def test_a_training_checkpoint_gives_its_weights(hub, folders, monkeypatch, tmp_path):
    """As HPS v2.1 is published: the weights are under state_dict, beside what training wants."""
    shapes = ({"visual.proj": (8, 4), "logit_scale": ()},)
    weights = {
        "visual.proj": torch.randn(8, 4).to(HALF),
        "logit_scale": torch.tensor(4.6),
        "ids": torch.arange(9),
    }
    moments = {"state": {0: {"exp_avg": torch.ones(8, 4)}}, "param_groups": [{"lr": 1e-6}]}
    saved = {"epoch": 3, "name": "hps", "state_dict": weights, "optimizer": moments}
    torch.save(saved, tmp_path / "saved")
    repository = publish(monkeypatch, "hps-v2.1", "clip", shapes)
    hub.add(repository, {"HPS_v2.1_compressed.pt": (tmp_path / "saved").read_bytes()})
    files = obtain_scorer("hps-v2.1", folders)
    assert files == {"clip": folders["scorers"][0] / repository / "HPS_v2.1_compressed.safetensors"}
    found = load_file(files["clip"])
    assert found.keys() == {"visual.proj", "logit_scale"}
    assert torch.equal(found["visual.proj"], weights["visual.proj"])


def test_a_vocabulary_that_was_cut_off_is_brought_again(hub, folders, monkeypatch, tmp_path):
    save_part(folders["scorers"][0] / "ImageReward.safetensors", "imagereward", "model")
    content = save_vocabulary(tmp_path / "vocab.txt").read_bytes()
    known = {"size": len(content), "sha256": fake_hub.sha256(content)}
    hub.add(publish(monkeypatch, "imagereward", "vocab", **known), {"vocab.txt": content})
    vocab = obtain_scorer("imagereward", folders)["vocab"]
    assert vocab == folders["scorers"][0] / "google-bert" / "bert-base-uncased" / "vocab.txt"
    vocab.write_bytes(content[:-9])
    assert obtain_scorer("imagereward", folders)["vocab"].read_bytes() == content


def test_modelscope_has_them_under_other_paths(hub, folders, monkeypatch):
    give_clip(folders)
    repository = publish(monkeypatch, "aesthetic", "head")
    save_head(folders["LLM"][0] / "head.safetensors")
    content = (folders["LLM"][0] / "head.safetensors").read_bytes()
    mirror = "DiffSynth-Studio/QualityMetric_reward_pretrained"
    hub.modelscope[mirror] = {"aesthetic-predictor/sac+logos+ava1-l14-linearMSE.safetensors": content}
    hub.fail(f"{repository}/resolve", "status", status=503)
    path = obtain_scorer("aesthetic", folders)["head"]
    assert path == folders["scorers"][0] / repository / "sac+logos+ava1-l14-linearMSE.safetensors"
    assert path.read_bytes() == content
    hub.recover()
    assert obtain_scorer("aesthetic", folders)["head"] == path


def test_what_modelscope_has_must_be_what_is_known(hub, folders, monkeypatch):
    save_part(folders["scorers"][0] / "ImageReward.safetensors", "imagereward", "model")
    repository = publish(monkeypatch, "imagereward", "vocab", size=6, sha256=fake_hub.sha256(b"right\n"))
    mirrored = hub.modelscope["DiffSynth-Studio/QualityMetric_reward_pretrained"] = {}
    mirrored["bert-base-uncased/vocab.txt"] = b"wrong\n"
    hub.fail(f"{repository}/resolve", "status", status=503)
    with pytest.raises(DownloadError, match="HTTP 503.*ModelScope help: .* offers another bert-base-uncased/vocab.txt"):
        obtain_scorer("imagereward", folders)
    mirrored["bert-base-uncased/vocab.txt"] = b"right\n"
    assert obtain_scorer("imagereward", folders)["vocab"].read_bytes() == b"right\n"


def test_an_unreachable_network_is_explained(hub, folders):
    hub.close()
    with pytest.raises(DownloadError, match="^pickscore: .*cannot be reached.*nor did ModelScope help"):
        obtain_scorer("pickscore", folders)


# -- scorers of the user's own


def describe(folder: Path, description: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scorer.json").write_text(json.dumps(description), encoding="utf-8")
    return folder


def test_a_folder_with_a_description_is_a_scorer(folders, no_network):
    folder = folders["scorers"][1] / "mine" / "tiny reward"
    model = save_image_reward(folder)
    describe(folder, {"kind": "imagereward", "files": {"model": model.name}})
    scorers = list_scorers(folders["scorers"])
    assert list(scorers) == ["mine/tiny reward"]
    assert scorers["mine/tiny reward"].kind == "imagereward"
    assert scorer_files.scorer_choices(folders)["mine/tiny reward"] == "mine/tiny reward"
    files = {"model": model, "vocab": folder / "vocab.txt"}
    assert obtain_scorer("mine/tiny reward", folders) == files
    assert scorer_files.kind_of("mine/tiny reward", folders) == "imagereward"
    assert scorer_files.kind_of("pickscore (3.94 GB download)", folders) == "pickscore"


def test_files_called_after_their_parts_need_no_names(folders):
    folder = describe(folders["scorers"][0] / "mine (v2)", {"kind": "aesthetic"})
    files = {part: save_header(folder / f"{part}.safetensors", {"x": (1,)}) for part in ("clip", "head")}
    assert obtain_scorer("mine (v2)", folders) == files


def test_the_first_folder_counts(folders):
    for folder in folders["scorers"]:
        save_header(describe(folder / "mine", {"kind": "clip-score"}) / "clip.safetensors", {"x": (1,)})
    assert obtain_scorer("mine", folders) == {"clip": folders["scorers"][0] / "mine" / "clip.safetensors"}


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ([], "must hold one JSON object"),
        ({}, "kind must be one of pickscore, aesthetic, .*, not None"),
        ({"kind": "best"}, "kind must be one of .* not 'best'"),
        ({"kind": ["pickscore"]}, r"kind must be one of .* not \['pickscore'\]"),
        ({"kind": "pickscore", "files": ["clip.safetensors"]}, "files must be an object"),
        (
            {"kind": "pickscore", "files": {"clip": "../clip.safetensors"}},
            "must name a file in the same folder",
        ),
        (
            {"kind": "pickscore", "files": {"clip": "/clip.safetensors"}},
            "must name a file in the same folder",
        ),
        ({"kind": "pickscore", "files": {"clip": 7}}, "must name a file in the same folder"),
        (
            {"kind": "pickscore", "files": {"clip": "none"}},
            "has no none, which its scorer.json needs as clip",
        ),
        ({"kind": "aesthetic"}, "has no head.safetensors, which its scorer.json needs as head"),
    ],
)
def test_a_description_that_is_wrong_is_not_listed_and_explained(description, message, folders):
    folder = describe(folders["scorers"][0] / "mine", description)
    save_header(folder / "clip.safetensors", {"x": (1,)})
    save_header(folder.parent / "clip.safetensors", {"x": (1,)})
    assert list_scorers(folders["scorers"]) == {}
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_scorer(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        obtain_scorer("mine", folders)


def test_a_clip_of_any_name_is_a_clip_score_of_its_own(folders, no_network):
    path = folders["scorers"][1] / "mine" / "finetuned (v2).pt"
    weights = load_file(save_open_clip(folders["LLM"][0] / "x.safetensors"))
    path.parent.mkdir(parents=True)
    torch.save({f"model.{name}": value for name, value in weights.items()}, path)
    name = "mine/finetuned (v2).pt"
    assert scorer_files.scorer_choices(folders)[name] == name
    assert scorer_files.is_known(name, folders) and scorer_files.kind_of(name, folders) == "clip-score"
    files = obtain_scorer(name, folders)
    assert files == {"clip": path}
    assert load_scorer("clip-score", files).score(torch.rand(1, 56, 56, 3), "a cat").shape == (1,)


def test_laions_older_head_is_a_scorer_of_its_own(folders, no_network):
    """It is not the published one of that name; its CLIP is."""
    head = save_linear_head(folders["scorers"][0] / "sa_0_4_vit_l_14_linear.pth")
    shown = scorer_files.scorer_choices(folders)
    assert shown["sa_0_4_vit_l_14_linear.pth"] == "sa_0_4_vit_l_14_linear.pth (1.71 GB download)"
    assert shown["aesthetic"] == "aesthetic (1.71 GB download)"
    clip = give_clip(folders)
    assert scorer_files.scorer_choices(folders)["sa_0_4_vit_l_14_linear.pth"] == "sa_0_4_vit_l_14_linear.pth"
    for saved in shown["sa_0_4_vit_l_14_linear.pth"], "sa_0_4_vit_l_14_linear.pth":
        assert scorer_files.kind_of(saved, folders) == "aesthetic"
        assert obtain_scorer(saved, folders) == {"clip": clip, "head": head}


def test_files_that_are_no_scorers_are_not_listed(folders):
    store = folders["scorers"][0]
    save_header(store / "lora.safetensors", {"unet.lora_up.weight": (4, 4)})
    save_part(store / "text.safetensors", "clip-score", "clip")  # names of a CLIP, but not all of them
    save_image_reward(describe(store / "mine", {"kind": "imagereward"}))
    (store / "damaged.pt").write_bytes(b"PK")
    assert list(list_scorers(folders["scorers"])) == []


def test_a_link_to_a_file_elsewhere_is_followed(folders, tmp_path):
    folder = describe(folders["scorers"][0] / "mine", {"kind": "pickscore"})
    save_header(tmp_path / "outside", {"x": (1,)})
    (folder / "clip.safetensors").symlink_to(tmp_path / "outside")
    assert read_scorer(folder).files == {"clip": folder / "clip.safetensors"}


def test_an_unknown_name_says_what_there_is(folders):
    with pytest.raises(FileNotFoundError, match="no scorer 'nothing' in .*scorers.*pickscore, aesthetic"):
        obtain_scorer("nothing", folders)
    with pytest.raises(FileNotFoundError, match="no scorer '../mine'"):
        obtain_scorer("../mine", folders)


def test_the_default_folders_are_comfyuis_where_the_pack_is_inside_one(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    home = tmp_path / "home" / ".prompt-beautifier" / "models" / "scorers"
    assert scorer_files.default_folders() == {"scorers": [home]}
    models = tmp_path / "ComfyUI" / "models"
    models.mkdir(parents=True)
    pack = tmp_path / "ComfyUI" / "custom_nodes" / "prompt-beautifier"
    monkeypatch.setattr(places, "__file__", str(pack / "beautifier" / "checkpoints" / "places.py"))
    names = ["scorers", "clip_vision", "text_encoders", "LLM"]
    assert scorer_files.default_folders() == {name: [models / name] for name in names}
