"""Image scorers: the published formulas to the digit, whatever the batch; what cannot be scored is refused."""

import gzip
import html
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from prompt_beautifier.beautifier.images import pixels as images_pixels
from prompt_beautifier.beautifier.images.heads import load_head
from prompt_beautifier.beautifier.images.judges import as_open_clip_reads
from prompt_beautifier.beautifier.images.scorer_kinds import SCORERS
from prompt_beautifier.beautifier.images.scorers import load_scorer
from prompt_beautifier.beautifier.prompts.clip_tokens import MERGES, clip_token_ids

from ..stand_ins import tiny_scorers
from .test_clip_network import of_open_clip

PROMPTS = [
    "a cat",
    "A castle on a hill at sunset,  volumetric light",
    "猫, ünïcode & \U0001f431 \u201cquotes\u201d",
    "a cat",
    "red dress, " * 40,  # more than 77 tokens
    "(masterpiece:1.2), [blurry], 1girl",
    "x",
]
# The middle of 56 × 59 is where the references differ: transformers leaves 1 column out before it, torchvision 2.
SIZES = [(64, 64), (40, 75), (90, 33), (56, 56), (56, 59), (120, 61), (8, 9)]
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def pictures(count: int = len(SIZES)) -> list[torch.Tensor]:
    """Images of odd sizes in which there is something to see."""
    random = torch.Generator().manual_seed(5)
    made = []
    for height, width in SIZES[:count]:
        coarse = torch.rand(1, 3, 3, 4, generator=random)
        fine = 0.2 * torch.rand(1, 3, height, width, generator=random)
        whole = F.interpolate(coarse, (height, width), mode="bilinear") * 0.8 + fine
        made.append(whole[0].permute(1, 2, 0).clamp(0, 1))
    return made


def saved(image: torch.Tensor) -> Image.Image:
    """The picture that ComfyUI's Save Image makes of a tensor."""
    return Image.fromarray(np.clip(255.0 * image.numpy(), 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scorers")
    return {kind: tiny_scorers.save_scorer(folder / kind, kind) for kind in SCORERS}


@pytest.fixture(scope="module")
def loaded(files):
    return {kind: load_scorer(kind, files[kind]) for kind in SCORERS}


# -- the published formulas


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory) -> Path:
    """The files that CLIP's tokenizer was published as."""
    folder = tmp_path_factory.mktemp("vocabulary")
    merges = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    prints = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(byte) for byte in prints] + [chr(256 + i) for i in range(256 - len(prints))]
    words = letters + [letter + "</w>" for letter in letters] + [line.replace(" ", "") for line in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    table = {word: number for number, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(table), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tokenizer(vocabulary):
    transformers = pytest.importorskip("transformers", reason="its CLIP is what scorers are compared with")
    return transformers.CLIPTokenizerFast.from_pretrained(vocabulary)


def model_of(files: dict[str, Path]):
    transformers = pytest.importorskip("transformers", reason="its CLIP is what scorers are compared with")
    return transformers.CLIPModel.from_pretrained(files["clip"].parent, torch_dtype=torch.float32).eval()


def bare(output) -> torch.Tensor:
    """What get_image_features and get_text_features give, in transformers 4 and 5."""
    return output if isinstance(output, torch.Tensor) else output.pooler_output


def model_card(model, tokenizer, image: torch.Tensor, prompt: str) -> torch.Tensor:
    """The cosine of an image and a prompt, one at a time, as PickScore's model card does it."""
    import transformers

    processor = getattr(transformers, "CLIPImageProcessorPil", transformers.CLIPImageProcessor)(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}
    )
    pixels = torch.as_tensor(np.array(processor(images=saved(image))["pixel_values"]))
    words = tokenizer(prompt, padding=True, truncation=True, max_length=77, return_tensors="pt")
    seen, read = bare(model.get_image_features(pixel_values=pixels)), bare(model.get_text_features(**words))
    seen, read = seen / seen.norm(dim=-1, keepdim=True), read / read.norm(dim=-1, keepdim=True)
    return (read @ seen.T)[0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pickscore", "clip-score"])
@torch.inference_mode()
def test_pickscore_and_clip_score_are_those_of_transformers(kind, files, loaded, tokenizer):
    model, images = model_of(files[kind]), pictures()
    cosines = [model_card(model, tokenizer, *pair) for pair in zip(images, PROMPTS, strict=True)]
    expected = torch.stack(cosines) * (model.logit_scale.exp() if kind == "pickscore" else 1)
    assert expected.std() > 0.02
    for batch_size in (1, 2, 7, None):
        ours = loaded[kind].score(images, PROMPTS, batch_size=batch_size)
        assert ours.dtype == torch.float32 and ours.shape == (7,)
        assert torch.allclose(ours, expected, rtol=2e-5, atol=2e-6 * expected.abs().max())


def published_head() -> nn.Sequential:
    """The layers of improved-aesthetic-predictor, which its file names layers.0 to layers.7."""
    return nn.Sequential(
        nn.Linear(768, 1024),
        nn.Dropout(0.2),
        nn.Linear(1024, 128),
        nn.Dropout(0.2),
        nn.Linear(128, 64),
        nn.Dropout(0.1),
        nn.Linear(64, 16),
        nn.Linear(16, 1),
    ).eval()


def normalised(picture: Image.Image) -> torch.Tensor:
    """torchvision's ToTensor and Normalize."""
    unit = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float().div(255)
    return (unit - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def openai_preprocess(image: torch.Tensor, size: int) -> torch.Tensor:
    """The preprocessing of OpenAI's clip package: torchvision's Resize, CenterCrop, ToTensor, Normalize."""
    picture = saved(image)
    short = min(picture.size)
    width, height = (size if side == short else int(size * side / short) for side in picture.size)
    picture = picture.resize((width, picture.height), Image.BICUBIC).resize((width, height), Image.BICUBIC)
    left, top = int(round((width - size) / 2.0)), int(round((height - size) / 2.0))
    return normalised(picture.crop((left, top, left + size, top + size)))


@pytest.mark.slow
@torch.inference_mode()
def test_the_aesthetic_score_is_that_of_the_published_head(files, loaded):
    from safetensors.torch import load_file

    model, images, head = model_of(files["aesthetic"]), pictures(), published_head()
    weights = load_file(files["aesthetic"]["head"])
    head.load_state_dict({name.removeprefix("layers."): value for name, value in weights.items()})
    expected = []
    for image in images:
        seen = bare(model.get_image_features(pixel_values=openai_preprocess(image, 56)[None]))
        expected.append(head(seen / seen.norm(dim=-1, keepdim=True))[0, 0])
    expected = torch.stack(expected)
    assert expected.std() > 0.02
    for batch_size in (1, 2, 7, None):
        ours = loaded["aesthetic"].score(images, "", batch_size=batch_size)
        assert torch.allclose(ours, expected, rtol=2e-5, atol=2e-6)


def resize_max_size(image: torch.Tensor, size: int) -> torch.Tensor:
    """HPS v2's preprocessing: ToTensor, ResizeMaxSize with black around, Normalize."""
    unit = torch.from_numpy(np.array(saved(image))).permute(2, 0, 1).float().div(255)
    scale = size / max(unit.shape[1:])
    small = [round(side * scale) for side in unit.shape[1:]]
    unit = F.interpolate(unit[None], small, mode="bicubic", align_corners=False, antialias=True)[0]
    canvas = torch.zeros(3, size, size)
    top, left = (size - small[0]) // 2, (size - small[1]) // 2
    canvas[:, top : top + small[0], left : left + small[1]] = unit
    return (canvas - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


@pytest.mark.slow
@torch.inference_mode()
def test_hps_is_that_of_open_clip(files, loaded, tokenizer):
    from safetensors.torch import load_file

    weights, images = load_file(files["hps-v2.1"]["clip"]), pictures()
    expected = []
    for image, prompt in zip(images, PROMPTS, strict=True):
        plain = html.unescape(prompt.replace("\u201c", '"').replace("\u201d", '"'))  # ftfy does the quotes
        tokens = tokenizer(plain, truncation=True, max_length=77, return_tensors="pt").input_ids
        read, seen = of_open_clip(weights, tokens, resize_max_size(image, 56)[None])
        expected.append(F.cosine_similarity(read, seen)[0])
    expected = torch.stack(expected)
    assert expected.std() > 0.02
    for batch_size in (1, 2, 7, None):
        ours = loaded["hps-v2.1"].score(images, PROMPTS, batch_size=batch_size)
        assert torch.allclose(ours, expected, rtol=2e-5, atol=2e-6)


@torch.inference_mode()
def test_imagereward_gets_pixels_as_published(loaded):
    scorer, images = loaded["imagereward"], pictures(3)
    size = scorer.network.image_size
    pixels = torch.stack([openai_preprocess(image, size) for image in images])
    expected = scorer.network.score(pixels, PROMPTS[:3])
    assert expected.std() > 0.02
    for batch_size in (1, 2, None):
        ours = scorer.score(images, PROMPTS[:3], batch_size=batch_size)
        assert torch.allclose(ours, expected, rtol=2e-5, atol=2e-5)


@torch.inference_mode()
def test_laions_older_head_is_one_linear_layer(files, loaded, tmp_path):
    """github.com/LAION-AI/aesthetic-predictor: nn.Linear(768, 1) on the normalised features."""
    head = tiny_scorers.save_linear_head(tmp_path / "sa_0_4_vit_l_14_linear.pth")
    weights = torch.load(head, weights_only=True)
    features = F.normalize(torch.randn(5, 768, generator=torch.Generator().manual_seed(3)), dim=1)
    expected = (features @ weights["weight"].T + weights["bias"])[:, 0]
    torch.testing.assert_close(load_head(head, 768)(features), expected)
    older = load_scorer("aesthetic", {**files["aesthetic"], "head": head})
    assert older.score(pictures(3), "").std() > 0.001


@torch.inference_mode()
def test_the_real_aesthetic_head():
    """LAION's published head, where AESTHETIC_HEAD names its file (sac+logos+ava1-l14-linearMSE.pth)."""
    path = os.environ.get("AESTHETIC_HEAD")
    if not path:
        pytest.skip("AESTHETIC_HEAD does not name the published head")
    head = published_head()
    weights = torch.load(path, map_location="cpu", weights_only=True)
    head.load_state_dict({name.removeprefix("layers."): value for name, value in weights.items()})
    features = F.normalize(torch.randn(50, 768, generator=torch.Generator().manual_seed(3)), dim=1)
    expected = head(features)[:, 0]
    assert expected.std() > 0.05
    assert torch.allclose(load_head(Path(path), 768)(features), expected, rtol=1e-5, atol=1e-5)


def test_tokens_are_those_of_transformers(tokenizer):
    texts = [
        *PROMPTS,
        "",
        "   ",
        "don't I'LL we've 'S",
        "İstanbul ŞŞ ß ẞ Σας",
        "e\u0301 é \u3000a\u00a0b\u2028c",
        "１２３ ½ ﬁ",
        "a\x00b\x07",
        "!!!! ... ;;-)) (((",
        "a   b\n\nc\td",
        "by Greg Rutkowski, f/1.8 35mm, art-nouveau",
        "👩‍👩‍👧 🏳️‍🌈 ไทย हिन्दी עברית",
        "<|startoftext|> <|endoftext|>x",
        "\u200b\ufeff zero",
        "don’t “quote”",
        "¿qué?" * 30,
    ]
    for text in texts:
        expected = tokenizer(text, add_special_tokens=False).input_ids
        assert clip_token_ids(text) == expected, text
    assert clip_token_ids("a\ud800b") == clip_token_ids("ab")


@pytest.mark.parametrize(
    "text, read",  # made with ftfy 6.3.1 and html.unescape, which is what open_clip's tokenizer does
    [
        (" a cat,  猫 ½ é™ ", "a cat,  猫 ½ é™"),
        ("\u201cit\u2019s\u201d \u201ea\u02bc \u2018b\u201b \u201fc", "\"it's\" \"a' 'b' \"c"),
        ("R&amp;amp;D &copy; &eacute; &quot;x&quot; &lt;b&gt;", 'R&D © é "x" <b>'),
        ("ＦＵＬＬ\u3000ｗｉｄｔｈ ｶﾞ ～！ ￥", "FULL width ガ ~! ¥"),
        ("\ufb01ne \ufb00 \ufb04", "fine ff ffl"),
        ("a\ufeffb\u206ac\x07d\x7fe\ufffc", "abcde"),
        ("e\u0301 \U0001f469\u200d\U0001f3a8", "\u00e9 \U0001f469\u200d\U0001f3a8"),
    ],
)
def test_what_open_clip_reads(text, read):
    assert as_open_clip_reads(text) == read


# -- batches, prompts, probabilities


@pytest.mark.parametrize("kind", SCORERS)
def test_neither_batch_nor_company_changes_a_score(kind, loaded):
    scorer, images = loaded[kind], pictures()
    expected = scorer.score(images, PROMPTS)
    for order in ([6, 5, 4, 3, 2, 1, 0], [2, 2, 0]):
        ours = scorer.score([images[i] for i in order], [PROMPTS[i] for i in order], batch_size=2)
        assert torch.allclose(ours, expected[order], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", SCORERS)
def test_a_batch_is_what_its_images_are(kind, loaded):
    batch = torch.rand(3, 40, 50, 4)
    expected = loaded[kind].score(batch, "a cat")
    assert torch.allclose(loaded[kind].score(list(batch), ["a cat"] * 3, batch_size=3), expected, rtol=1e-5, atol=1e-5)
    assert torch.allclose(
        loaded[kind].score([x[None, ..., :3] for x in batch], "a cat"), expected, rtol=1e-5, atol=1e-5
    )
    assert loaded[kind].score(batch[0], "a cat").shape == (1,)


def test_each_prompt_is_read_once(loaded, monkeypatch):
    scorer, rows = loaded["pickscore"], []
    read = scorer.network.clip.text.forward
    monkeypatch.setattr(scorer.network.clip.text, "forward", lambda tokens: rows.append(len(tokens)) or read(tokens))
    scorer.score(pictures(4), ["a cat", "a dog", "a cat", "a cat"], batch_size=1)
    assert rows == [2]


def test_steps_are_told(loaded):
    steps = []
    loaded["clip-score"].score(pictures(5), "a cat", 2, lambda *step: steps.append(step))
    assert steps == [(2, 5), (4, 5), (5, 5)]


def test_an_error_in_a_step_ends_the_scoring(loaded):
    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loaded["clip-score"].score(pictures(5), "a cat", 1, cancel)
    assert len(loaded["clip-score"].score(pictures(2), "a cat")) == 2


@pytest.mark.parametrize("most", [1, 2, 3])
def test_batches_are_halved_where_memory_ends(most, loaded, monkeypatch):
    scorer, images = loaded["clip-score"], pictures()
    expected = scorer.score(images, PROMPTS)
    look, sizes = scorer.network.clip.vision.forward, []

    def narrow(pixels: torch.Tensor) -> torch.Tensor:
        sizes.append(len(pixels))
        if len(pixels) > most:
            raise torch.cuda.OutOfMemoryError("out of memory")
        return look(pixels)

    monkeypatch.setattr(scorer.network.clip.vision, "forward", narrow)
    ours = scorer.score(images, PROMPTS, batch_size=6)
    assert torch.allclose(ours, expected, rtol=1e-5, atol=1e-6)
    assert sum(size for size in sizes if size <= most) == 7
    assert sum(size > most for size in sizes) <= 3  # it is remembered
    monkeypatch.setattr(scorer.network.clip.vision, "forward", lambda pixels: narrow(torch.zeros(9, 3, 1, 1)))
    with pytest.raises(torch.cuda.OutOfMemoryError):
        scorer.score(images, PROMPTS)


def test_scores_that_are_no_numbers_are_refused(loaded, monkeypatch):
    scorer = loaded["pickscore"]
    monkeypatch.setattr(scorer.network.clip.vision, "forward", lambda pixels: torch.full((len(pixels), 16), torch.nan))
    with pytest.raises(RuntimeError, match="PickScore gave a score that is no number: load it with dtype float32"):
        scorer.score(pictures(2), "a cat")


def test_probabilities(loaded):
    scores = torch.tensor([21.0, 22.0, 20.5])
    for kind in ("pickscore", "imagereward", "aesthetic", "aesthetic-v2.5"):
        assert torch.allclose(loaded[kind].probabilities(scores), scores.softmax(0))
    for kind in ("clip-score", "hps-v1", "hps-v2.1"):  # a cosine times the network's scale, 100
        assert torch.allclose(loaded[kind].probabilities(scores / 100), scores.softmax(0), atol=1e-4)
    assert torch.allclose(loaded["pickscore"].probabilities([1.0, 1.0]), torch.tensor([0.5, 0.5]))


def test_tokens_cut(loaded):
    for kind in ("pickscore", "clip-score", "hps-v2.1"):
        assert loaded[kind].tokens_cut("cat " * 75) == 0
        assert loaded[kind].tokens_cut("cat " * 80) == 5
    assert loaded["aesthetic"].tokens_cut("cat " * 800) == 0
    assert loaded["imagereward"].tokens_cut("cat " * 35) == loaded["imagereward"].network.tokens_cut("cat " * 35) > 0


def test_tokens_seen(loaded):
    seen = {kind: scorer.tokens_seen() for kind, scorer in loaded.items()}
    clips = dict.fromkeys(("pickscore", "clip-score", "hps-v1", "hps-v2.1"), 75)
    assert seen == {**clips, "aesthetic": 0, "aesthetic-v2.5": 0, "imagereward": 33}


def test_words_behind_the_last_token_change_nothing(loaded):
    image = pictures(1)
    long = "cat " * 75
    scores = [loaded["clip-score"].score(image, text).item() for text in (long, long + "dog", "cat " * 74 + "dog")]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    assert abs(scores[0] - scores[2]) > 1e-4


def test_the_table():
    for name, kind in SCORERS.items():
        assert kind.name == name
        assert kind.title and kind.range_text and kind.decimals in (2, 3)
        assert kind.parts and all(part.shapes or part.download for part in kind.parts.values())
        assert all(part.download or part.advice for part in kind.parts.values()), "the user has to know where it is"
    assert [name for name, kind in SCORERS.items() if not kind.reads_prompt] == ["aesthetic", "aesthetic-v2.5"]
    assert len({kind.column for kind in SCORERS.values()}) == len(SCORERS)


@pytest.mark.parametrize("kind", SCORERS)
def test_memory_grows_with_the_images(kind, loaded):
    assert 0 < loaded[kind].working_memory(1) < loaded[kind].working_memory(8)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", SCORERS)
def test_half_precision_is_close(kind, dtype, files, loaded):
    half = load_scorer(kind, files[kind], dtype=dtype)
    expected, ours = (scorer.score(pictures(), PROMPTS) for scorer in (loaded[kind], half))
    assert ours.dtype == torch.float32
    # A quarter of what tells the images apart; half of that for float16, which has three bits more.
    assert (ours - expected).abs().max() < expected.std() * (0.25 if dtype == torch.bfloat16 else 0.05)


# -- what is refused


@pytest.mark.parametrize(
    "images, prompts, words",
    [
        ([], "a cat", "no images to score"),
        (torch.rand(2, 8, 8, 3), ["a cat"], "2 images and 1 prompts"),
        (torch.rand(1, 8, 8, 3), [], "1 images and 0 prompts"),
        (torch.rand(1, 8, 8, 3), "", "prompt 1 is empty: CLIP score judges an image by a prompt"),
        (torch.rand(2, 8, 8, 3), ["a cat", " \n"], "prompt 2 is empty"),
        (torch.rand(1, 8, 8, 3), [None], "prompt 1 must be a string, not NoneType"),
        (torch.full((1, 8, 8, 3), torch.nan), "a cat", "no numbers"),
        (torch.rand(1, 8, 8, 3) * 255, "a cat", "looks like 0..255"),
    ],
)
def test_what_cannot_be_scored_is_refused(images, prompts, words, loaded):
    with pytest.raises(ValueError, match=words):
        loaded["clip-score"].score(images, prompts)


@pytest.mark.parametrize("batch_size", [0, -1, True])
def test_batch_sizes_that_are_none(batch_size, loaded):
    with pytest.raises(ValueError, match="batch_size must be 1 or more"):
        loaded["clip-score"].score(pictures(1), "a cat", batch_size)


def test_aesthetic_needs_no_prompt(loaded):
    assert torch.equal(loaded["aesthetic"].score(pictures(2), ""), loaded["aesthetic"].score(pictures(2), ["a", "b"]))


# -- loading


def test_a_folder_will_do(files, loaded, tmp_path):
    for kind in ("pickscore", "aesthetic"):
        folder = files[kind]["clip"].parent
        ours = load_scorer(kind, folder).score(pictures(3), "a cat")
        assert torch.allclose(ours, loaded[kind].score(pictures(3), "a cat"), rtol=1e-5, atol=1e-6)
    with pytest.raises(FileNotFoundError, match="LAION aesthetic needs clip and head: there is no clip and no head"):
        load_scorer("aesthetic", tmp_path)
    with pytest.raises(FileNotFoundError, match="is no folder: give one, or a file for each of clip, head"):
        load_scorer("aesthetic", tmp_path / "missing")


def test_files_that_are_missing(files, tmp_path):
    with pytest.raises(ValueError, match="no scorer 'pickscor': one of pickscore, aesthetic"):
        load_scorer("pickscor", files["pickscore"])
    with pytest.raises(FileNotFoundError, match="LAION aesthetic needs clip and head: there is no head"):
        load_scorer("aesthetic", files["pickscore"])
    with pytest.raises(FileNotFoundError, match=r"x.safetensors does not exist: PickScore needs it"):
        load_scorer("pickscore", {"clip": tmp_path / "x.safetensors"})


@pytest.mark.parametrize("kind, activation", [("pickscore", "gelu"), ("clip-score", "quick_gelu")])
def test_the_activation_of_a_file_without_a_config(kind, activation, tmp_path):
    files = tiny_scorers.save_scorer(tmp_path, kind, width=64, text_width=64, activation="quick_gelu")
    (tmp_path / "config.json").unlink()
    config = load_scorer(kind, files).network.clip.config
    assert (config.vision.activation, config.text.activation) == (activation, activation)


@pytest.mark.parametrize("before", ["", "module.layers.", "mlp."])
def test_a_head_is_found_whatever_its_names_begin_with(before, tmp_path):
    weights = torch.load(tiny_scorers.save_head(tmp_path / "head.pth"), weights_only=True)
    torch.save({before + name.removeprefix("layers."): value for name, value in weights.items()}, tmp_path / "x.ckpt")
    features = torch.randn(4, 768)
    expected = load_head(tiny_scorers.save_head(tmp_path / "head.safetensors"), 768)(features)
    assert torch.equal(load_head(tmp_path / "head.pth", 768)(features), expected)
    assert torch.equal(load_head(tmp_path / "x.ckpt", 768)(features), expected)


def test_heads_that_are_none(files, tmp_path):
    with pytest.raises(ValueError, match=r"is no head of an aesthetic predictor: it has no linear layers"):
        load_scorer("aesthetic", {"clip": files["aesthetic"]["clip"], "head": files["aesthetic"]["clip"]})
    with pytest.raises(ValueError, match="reads 768 numbers of a network, and this one gives 16"):
        load_scorer("aesthetic", {"clip": files["clip-score"]["clip"], "head": files["aesthetic"]["head"]})
    broken = tmp_path / "head.safetensors"
    for content in (b"", b"\x00" * 50):
        broken.write_bytes(content)
        with pytest.raises(ValueError, match="cannot be read as safetensors"):
            load_head(broken, 768)
    hostile = tmp_path / "head.pth"
    torch.save({"layers.0.weight": images_pixels.Framing()}, hostile)
    with pytest.raises(ValueError, match="wants to run"):
        load_head(hostile, 768)
    weights = torch.load(tiny_scorers.save_head(tmp_path / "good.pth"), weights_only=True)
    weights["layers.2.weight"] = weights["layers.2.weight"][:, :1000]
    torch.save(weights, hostile)
    with pytest.raises(ValueError, match="is no head of an aesthetic predictor"):
        load_head(hostile, 768)


def test_the_wrong_clip(files):
    with pytest.raises(ValueError, match="is not a CLIP: .*another vision transformer|is not a CLIP"):
        load_scorer("pickscore", {"clip": files["imagereward"]["model"]})
