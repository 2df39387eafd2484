"""CLIP: the same features as transformers and open_clip's layout give, and files of other networks refused."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from prompt_beautifier.beautifier.images import clip_network
from prompt_beautifier.beautifier.images.clip_file import heads_of, load_clip, load_image_half
from prompt_beautifier.beautifier.images.clip_network import END, START
from prompt_beautifier.beautifier.language.weights import load_network

from ..stand_ins import tiny, tiny_scorers

SHAPES = [
    {},
    {"activation": "gelu", "width": 40, "heads": 5, "layers": 3, "projection": 8},
    {"image_size": 30, "patch": 10, "text_width": 32, "text_heads": 2},
]


def text_tokens(length: int, rows: int = 3) -> torch.Tensor:
    """Rows of different lengths, padded with END."""
    tokens = torch.full((rows, length), END)
    random = torch.Generator().manual_seed(length)
    for row in range(rows):
        words = torch.randint(1, START, (max(1, length - 2 - row),), generator=random)
        tokens[row, : len(words) + 1] = torch.cat([torch.tensor([START]), words])
    return tokens


def of_transformers(folder, tokens: torch.Tensor, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Text and image features of transformers' CLIPModel, which gives them bare in 4.x."""
    transformers = pytest.importorskip("transformers", reason="it is what the network is compared with")
    model = transformers.CLIPModel.from_pretrained(folder, torch_dtype=torch.float32).eval()
    mask = torch.ones_like(tokens)
    texts = model.get_text_features(input_ids=tokens, attention_mask=mask)
    images = model.get_image_features(pixel_values=pixels)
    return tuple(x if isinstance(x, torch.Tensor) else x.pooler_output for x in (texts, images))


def close(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    assert theirs.std() > 0.1 and ours.shape == theirs.shape  # else the comparison says nothing
    return bool((ours - theirs).abs().max() <= 2e-5 * theirs.abs().max())


@pytest.mark.parametrize("sizes", SHAPES)
@torch.inference_mode()
def test_features_equal_those_of_transformers(sizes, tmp_path):
    path = tiny_scorers.save_hugging_face_clip(tmp_path, **sizes)
    network = load_clip(path, activation="neither")  # config.json says which
    size = network.config.image_size
    assert size == sizes.get("image_size", 56)
    pixels = torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(1))
    for length in (3, 20, 77):
        tokens = text_tokens(length)
        texts, images = of_transformers(tmp_path, tokens, pixels)
        assert close(network.text(tokens), texts)
        assert close(network.vision(pixels), images)


@torch.inference_mode()
def test_configs_of_old_checkpoints_name_another_end(tmp_path):
    path = tiny_scorers.save_hugging_face_clip(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["text_config"]["eos_token_id"] = 2  # OpenAI's and LAION's published ones; transformers then looks for END
    (tmp_path / "config.json").write_text(json.dumps(config))
    tokens = text_tokens(12)
    texts, _ = of_transformers(tmp_path, tokens, torch.zeros(1, 3, 56, 56))
    assert close(load_clip(path).text(tokens), texts)


class OpenClipTower(nn.Module):
    """A tower as open_clip builds it, around nn.MultiheadAttention, whose weights have the names of the file."""

    def __init__(self, weights: dict, stem: str, heads: int):
        super().__init__()
        self.weights, self.stem, self.heads = weights, stem, heads

    def norm(self, x, name):
        return nn.functional.layer_norm(x, x.shape[-1:], self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def forward(self, x, mask=None):
        layer = 0
        while f"{self.stem}.{layer}.ln_1.weight" in self.weights:
            block = f"{self.stem}.{layer}"
            attention = nn.MultiheadAttention(x.shape[-1], self.heads, batch_first=True)
            names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
            attention.load_state_dict({name: self.weights[f"{block}.attn.{name}"] for name in names})
            y = self.norm(x, f"{block}.ln_1")
            x = x + attention(y, y, y, need_weights=False, attn_mask=mask)[0]
            y = self.norm(x, f"{block}.ln_2") @ self.weights[f"{block}.mlp.c_fc.weight"].T
            y = nn.functional.gelu(y + self.weights[f"{block}.mlp.c_fc.bias"])
            x = x + y @ self.weights[f"{block}.mlp.c_proj.weight"].T + self.weights[f"{block}.mlp.c_proj.bias"]
            layer += 1
        return x


def of_open_clip(weights: dict, tokens: torch.Tensor, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Text and image features by open_clip's steps."""
    kernel = weights["visual.conv1.weight"]
    tower = OpenClipTower(weights, "visual.transformer.resblocks", len(kernel) // 64)
    x = nn.functional.conv2d(pixels, kernel, stride=kernel.shape[2]).flatten(2).permute(0, 2, 1)
    first = weights["visual.class_embedding"].expand(len(pixels), 1, -1)
    x = torch.cat([first, x], 1) + weights["visual.positional_embedding"]
    x = tower(tower.norm(x, "visual.ln_pre"))
    images = tower.norm(x[:, 0], "visual.ln_post") @ weights["visual.proj"]

    width = weights["token_embedding.weight"].shape[1]
    tower = OpenClipTower(weights, "transformer.resblocks", width // 64)
    tokens = nn.functional.pad(tokens, (0, 77 - tokens.shape[1]))
    mask = torch.full((77, 77), float("-inf")).triu(1)
    x = tower(weights["token_embedding.weight"][tokens] + weights["positional_embedding"], mask)
    x = tower.norm(x, "ln_final")[torch.arange(len(x)), tokens.argmax(-1)]
    return x @ weights["text_projection"], images


@torch.inference_mode()
def test_features_equal_those_of_open_clip(tmp_path):
    path = tiny_scorers.save_open_clip(tmp_path / "hps.safetensors", text_width=128)
    network = load_clip(path, activation="gelu")
    assert (network.config.vision.heads, network.config.text.heads) == (2, 2)
    pixels, tokens = torch.randn(2, 3, 56, 56), text_tokens(30)
    texts, images = of_open_clip(load_file(path), tokens, pixels)
    assert close(network.text(tokens), texts)
    assert close(network.vision(pixels), images)


def test_both_products_of_matrices_are_the_same():
    layer, x = clip_network.Linear(48, 80), torch.randn(2, 5, 48)
    expected = x.double() @ layer.weight.double().T + layer.bias.double()
    with torch.inference_mode():
        assert torch.allclose(layer(x).double(), expected, atol=1e-5)
    assert torch.allclose(layer(x).double(), expected, atol=1e-5)
    layer(x).sum().backward()  # what is trained takes torch's own
    assert layer.weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    "width, heads", [(768, 12), (1024, 16), (1280, 16), (1408, 16), (1664, 16), (512, 8), (640, 10)]
)
def test_heads_of_published_towers(width, heads):  # ViT-B, L, H, g, bigG; text towers
    assert heads_of(width) == heads


@torch.inference_mode()
def test_the_image_tower_alone(tmp_path):
    whole = load_clip(tiny_scorers.save_hugging_face_clip(tmp_path / "whole"))
    path = tiny_scorers.save_hugging_face_clip(tmp_path / "vision", text=False)
    save_file({name: whole.state_dict()[ours] for name, ours in stored_names(path).items()}, path)
    pixels = torch.randn(2, 3, 56, 56)
    for alone in (load_image_half(path), load_image_half(tmp_path / "whole" / "model.safetensors")):
        assert torch.allclose(alone(pixels), whole.vision(pixels), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="image tower alone: the text tower is needed too"):
        load_clip(path)


def stored_names(path) -> dict[str, str]:
    from prompt_beautifier.beautifier.images.clip_names import canonical_names

    return {name: canonical_names(name)[0][0] for name in load_file(path)}


@torch.inference_mode()
def test_rows_do_not_change_each_other(tmp_path):
    network = load_clip(tiny_scorers.save_hugging_face_clip(tmp_path))
    pixels, tokens = torch.randn(5, 3, 56, 56), text_tokens(40, rows=5)
    images, texts = network.vision(pixels), network.text(tokens)
    for row in range(5):
        assert torch.allclose(network.vision(pixels[row : row + 1])[0], images[row], rtol=1e-5, atol=1e-5)
        own = tokens[row][: int((tokens[row] == END).int().argmax()) + 1]
        assert torch.allclose(network.text(own[None])[0], texts[row], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@torch.inference_mode()
def test_half_precision(dtype, tmp_path):
    path = tiny_scorers.save_hugging_face_clip(tmp_path)
    exact, network = load_clip(path), load_clip(path, dtype)
    assert network.vision.patches.dtype == dtype
    assert network.logit_scale.dtype == torch.float32
    pixels = torch.randn(4, 3, 56, 56)
    ours = nn.functional.normalize(network.vision(pixels), dim=1)
    assert ours.dtype == torch.float32
    difference = (ours - nn.functional.normalize(exact.vision(pixels), dim=1)).abs().max()
    assert 0 < difference < (0.01 if dtype == torch.float16 else 0.08)


def test_weights_are_not_copied(tmp_path):
    """What has the wanted dtype stays where it is in the file: a third of a tensor begins where the last one ends."""
    network = load_clip(tiny_scorers.save_open_clip(tmp_path / "x.safetensors"))
    for block in [*network.vision.blocks, *network.text.blocks]:
        parts = [block.attention.query, block.attention.key, block.attention.value]
        begins = [part.weight.data_ptr() for part in parts]
        size = parts[0].weight.numel() * 4
        assert begins == [begins[0], begins[0] + size, begins[0] + 2 * size]


# -- files that are no CLIP


@pytest.fixture
def clip(tmp_path):
    return tiny_scorers.save_hugging_face_clip(tmp_path)


def changed(path, change) -> None:
    weights = load_file(path)
    change(weights)
    save_file({name: value.contiguous() for name, value in weights.items()}, path)


def test_other_networks_are_told_apart(tmp_path):
    kinds = {
        "model.diffusion_model.input_blocks.0.0.weight": "a diffusion model",
        "double_blocks.0.img_attn.qkv.weight": "a diffusion model",
        "decoder.up_blocks.0.resnets.0.conv1.weight": "a VAE",
        "model.layers.0.self_attn.q_proj.weight": "a language model",
        "lora_unet_down_blocks_0.lora_up.weight": "a LoRA",
        "vision_model.head.probe": "a SigLIP",
        "something": "its tensors are called something",
    }
    for name, what in kinds.items():
        save_file({name: torch.zeros(2, 2)}, tmp_path / "x.safetensors")
        with pytest.raises(ValueError, match=f"x.safetensors is not a CLIP: .*{what}"):
            load_clip(tmp_path / "x.safetensors")
    for architecture in (tiny.save_bloom, tiny.save_gpt2):
        path = architecture(tmp_path / architecture.__name__) / "model.safetensors"
        assert load_network(path.parent)
        with pytest.raises(ValueError, match="a language model"):
            load_clip(path)


def test_a_text_encoder_alone_is_refused(clip):
    changed(clip, lambda w: [w.pop(name) for name in list(w) if name.startswith(("vision", "visual"))])
    with pytest.raises(ValueError, match="text encoder without its image tower"):
        load_clip(clip)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda w: w.pop("vision_model.encoder.layers.0.layer_norm1.bias"), r"blocks.0.norm1.bias is missing"),
        (lambda w: [w.pop(n) for n in list(w) if ".layers.0." in n and n.startswith("v")], "layers of its vision"),
        (lambda w: w.pop("visual_projection.weight"), "without its projection"),
        (lambda w: w.update(logit_scale=torch.zeros(2)), "logit_scale the shape"),
        (lambda w: w.update({"text_projection.weight": torch.zeros(16, 7)}), r"\(16, 7\), \(16, 24\) was"),
        (
            lambda w: w.update({"text_model.embeddings.token_embedding.weight": torch.zeros(600, 24)}),
            "600 tokens, CLIP's has 49408",
        ),
        (
            lambda w: w.update({"vision_model.embeddings.position_embedding.weight": torch.zeros(16, 32)}),
            "square pictures",
        ),
        (
            lambda w: w.update({"visual.class_embedding": torch.zeros(32)}),
            "vision.class_embedding twice",
        ),
        (
            lambda w: w.update({"visual_projection.weight": torch.zeros(16, 32, dtype=torch.int8)}),
            "stored as I8; quantized",
        ),
    ],
)
def test_damaged_clips_are_refused(clip, change, words):
    changed(clip, change)
    with pytest.raises(ValueError, match=words):
        load_clip(clip)


def test_files_that_cannot_be_read(clip, tmp_path):
    whole = clip.read_bytes()
    for content in (b"", b"PK\x03\x04 a pickle", whole[: len(whole) // 2], b"\xff" * 100):
        clip.write_bytes(content)
        with pytest.raises(ValueError, match="model.safetensors cannot be read as safetensors"):
            load_clip(clip)
    with pytest.raises(FileNotFoundError):
        load_clip(tmp_path / "missing.safetensors")


@pytest.mark.parametrize(
    "tower, field, value, words",
    [
        ("vision_config", "hidden_size", 48, "of different networks"),
        ("text_config", "num_hidden_layers", 5, "of different networks"),
        ("vision_config", "num_attention_heads", 5, "cannot be divided among 5 heads"),
        ("vision_config", "num_attention_heads", 0, "cannot be divided among 0 heads"),
        ("vision_config", "num_attention_heads", "4", "cannot be divided among '4' heads"),
        ("text_config", "hidden_act", "relu", "activation 'relu' is not supported, only gelu and quick_gelu"),
        ("text_config", "layer_norm_eps", "x", "layer_norm_eps"),
    ],
)
def test_configs_that_do_not_go_with_the_file(clip, tower, field, value, words):
    config = json.loads((clip.parent / "config.json").read_text())
    config[tower][field] = value
    (clip.parent / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=words):
        load_clip(clip)


def test_a_config_of_another_kind_is_not_looked_at(tmp_path):
    path = tiny_scorers.save_open_clip(tmp_path / "x.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bloom", "hidden_size": 1}))
    assert load_clip(path, activation="gelu").config.vision.activation == "gelu"


@torch.inference_mode()
@pytest.mark.parametrize("save", [tiny_scorers.save_hugging_face_clip, tiny_scorers.save_open_clip])
@pytest.mark.parametrize("suffix", [".bin", ".ckpt", ".pt", ".pth", ".safetensors"])
def test_what_stands_before_all_names_and_what_the_file_is_do_not_count(save, suffix, tmp_path):
    """As wrappers and trainers save a CLIP: "module." or "clip_model." before each name, pickled or not."""
    place = tmp_path if save is tiny_scorers.save_hugging_face_clip else tmp_path / "x.safetensors"
    plain = save(place)
    weights = {f"module.clip_model.{name}": value for name, value in load_file(plain).items()}
    other = tmp_path / f"other{suffix}"
    save_file(weights, other) if suffix == ".safetensors" else torch.save({"state_dict": weights}, other)
    pixels, tokens = torch.randn(1, 3, 56, 56), text_tokens(9)
    expected, found = load_clip(plain), load_clip(other)
    torch.testing.assert_close(found.vision(pixels), expected.vision(pixels))
    torch.testing.assert_close(found.text(tokens), expected.text(tokens))
    torch.testing.assert_close(load_image_half(other)(pixels), expected.vision(pixels))


@pytest.mark.slow
def test_the_activation_follows_the_width_where_nothing_says_it(tmp_path):
    """OpenAI's CLIPs are up to ViT-L wide; wider ones are LAION's."""
    path = tiny_scorers.save_open_clip(tmp_path / "x.safetensors")
    assert load_clip(path).config.vision.activation == "quick_gelu"
    wide = tiny_scorers.save_open_clip(tmp_path / "wide.safetensors", width=1280, layers=1)
    assert load_clip(wide).config.text.activation == "gelu"
