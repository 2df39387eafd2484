"""ImageReward: the numbers transformers' BLIP gives with the same weights; tokens as BERT's tokenizer makes them."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    BlipTextConfig,
    BlipVisionConfig,
    BlipVisionModel,
)
from transformers.models.blip.modeling_blip_text import BlipTextModel

from prompt_beautifier.beautifier.images.image_reward_file import load_image_reward, load_tokenizer

from ..stand_ins.tiny_image_reward import VOCABULARY, save_image_reward, save_vocabulary

# As published: (number of the head - mean) / standard deviation.
MEAN, STD = 0.16717362830052426, 1.0333394966054072
PROMPTS = [
    "a castle on the hill at sunset",
    "A CAT, red dress; unaffable!",
    "a cat in a red dress, " * 8,  # more than are read
    "x",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_image_reward(tmp_path_factory.mktemp("ImageReward"))


@pytest.fixture(scope="module")
def network(model):
    return load_image_reward({"model": model})


@pytest.fixture(scope="module")
def tokenizer(model):
    """transformers' own, with the tokens that BLIP adds."""
    tokenizer = BertTokenizer.from_pretrained(str(model.parent))
    tokenizer.add_special_tokens({"bos_token": "[DEC]"})
    tokenizer.add_special_tokens({"additional_special_tokens": ["[ENC]"]})
    return tokenizer


def images(count: int = len(PROMPTS), size: int = 224) -> torch.Tensor:
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(1))


def blip_vision(weights: dict, heads: int) -> BlipVisionModel:
    """transformers' vision model with these weights: its names, and LayerNorms of 1e-6, as BLIP was published."""
    stem = "blip.visual_encoder."
    width, _, patch, _ = weights[f"{stem}patch_embed.proj.weight"].shape
    patches = weights[f"{stem}pos_embed"].shape[1] - 1
    layers = len([name for name in weights if name.startswith(stem) and name.endswith("qkv.weight")])
    model = BlipVisionModel(
        BlipVisionConfig(
            hidden_size=width,
            intermediate_size=weights[f"{stem}blocks.0.mlp.fc1.weight"].shape[0],
            num_hidden_layers=layers,
            num_attention_heads=heads,
            image_size=round(patches**0.5) * patch,
            patch_size=patch,
            layer_norm_eps=1e-6,
            hidden_act="gelu",
        )
    ).eval()
    names = {
        "cls_token": "embeddings.class_embedding",
        "pos_embed": "embeddings.position_embedding",
        "patch_embed.proj": "embeddings.patch_embedding",
        "norm": "post_layernorm",
    }
    for layer in range(layers):
        old, new = f"blocks.{layer}", f"encoder.layers.{layer}"
        names |= {f"{old}.norm1": f"{new}.layer_norm1", f"{old}.norm2": f"{new}.layer_norm2"}
        names |= {
            f"{old}.attn.qkv": f"{new}.self_attn.qkv",
            f"{old}.attn.proj": f"{new}.self_attn.projection",
        }
        names |= {f"{old}.mlp.fc1": f"{new}.mlp.fc1", f"{old}.mlp.fc2": f"{new}.mlp.fc2"}
    state = {}
    for stored in (name for name in weights if name.startswith(stem)):
        name, dot, kind = stored.removeprefix(stem).rpartition(".")
        known = kind in ("weight", "bias")
        state[f"{names[name]}.{kind}" if known else names[kind]] = weights[stored]
    model.load_state_dict(state)
    return model


def text_sizes(weights: dict, heads: int) -> dict:
    vocabulary, width = weights["blip.text_encoder.embeddings.word_embeddings.weight"].shape
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": len([name for name in weights if name.endswith("intermediate.dense.weight")]),
        "num_attention_heads": heads,
        "intermediate_size": weights["blip.text_encoder.encoder.layer.0.intermediate.dense.weight"].shape[0],
        "max_position_embeddings": 512,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
    }


def text_weights(weights: dict) -> dict:
    stem = "blip.text_encoder."
    return {name.removeprefix(stem): tensor for name, tensor in weights.items() if name.startswith(stem)}


def blip_text(weights: dict, heads: int, vision_width: int) -> BlipTextModel:
    config = BlipTextConfig(**text_sizes(weights, heads), encoder_hidden_size=vision_width, is_decoder=True)
    model = BlipTextModel(config, add_pooling_layer=False).eval()
    model.load_state_dict(text_weights(weights), strict="embeddings.position_ids" in model.state_dict())
    return model


def bert(weights: dict, heads: int, vision_width: int) -> BertModel:
    """BERT with cross attention, to which an image as wide as the text can be shown. It adds a type to each word,
    which BLIP's has none of."""
    config = BertConfig(**text_sizes(weights, heads), add_cross_attention=True, is_decoder=True)
    assert vision_width == config.hidden_size
    model = BertModel(config, add_pooling_layer=False).eval()
    missing, unexpected = model.load_state_dict(text_weights(weights), strict=False)
    assert missing == ["embeddings.token_type_embeddings.weight"]
    assert not [name for name in unexpected if not name.endswith("position_ids")]
    torch.nn.init.zeros_(model.embeddings.token_type_embeddings.weight)
    model.config.is_decoder = False  # its layers have their cross attention; words see all words
    return model


def head(weights: dict, x: torch.Tensor) -> torch.Tensor:
    for number in (0, 2, 4, 6, 7):
        weight, bias = (weights[f"mlp.layers.{number}.{kind}"].to(x) for kind in ("weight", "bias"))
        x = x @ weight.T + bias
    return (x[:, 0] - MEAN) / STD


@torch.no_grad()
def expected(weights: dict, tokenizer, pixels: torch.Tensor, prompts: list[str], heads=(4, 3)) -> torch.Tensor:
    """The first token's features, float64, as ImageReward's published code computes them, by transformers."""
    image = blip_vision(weights, heads[0]).double()(pixels.double()).last_hidden_state
    inputs = tokenizer(prompts, padding="max_length", truncation=True, max_length=35, return_tensors="pt")
    answer = blip_text(weights, heads[1], image.shape[-1]).double()(
        input_ids=inputs["input_ids"],
        attention_mask=inputs["attention_mask"],
        encoder_hidden_states=image,
        encoder_attention_mask=torch.ones(image.shape[:-1], dtype=torch.long),
        is_decoder=False,
    )
    return answer.last_hidden_state[:, 0]


def first_token(files: dict, pixels: torch.Tensor, prompts: list[str]) -> torch.Tensor:
    """The same by ours."""
    network = load_image_reward(files, dtype=torch.float64)
    tokens, mask = network.tokens(prompts)
    return network.text_encoder(tokens, mask, network.features(pixels))[:, 0]


def assert_same(got: torch.Tensor, wanted: torch.Tensor, atol: float) -> None:
    torch.testing.assert_close(got, wanted.to(got), rtol=0, atol=atol)


# -- scores


def test_scores_are_those_of_transformers(model, network, tokenizer):
    weights = load_file(model)
    wanted = expected(weights, tokenizer, images(), PROMPTS)
    assert_same(first_token({"model": model}, images(), PROMPTS), wanted, 1e-9)
    scores = head(weights, wanted)
    assert len(set(scores.tolist())) == len(PROMPTS) and scores.std() > 0.1
    got = network.score(images(), PROMPTS)
    assert got.dtype == torch.float32
    assert_same(got, scores, 5e-5)


def test_another_shape_is_read_from_the_header(tmp_path, tokenizer):
    sizes = {"vision_width": 64, "vision_layers": 3, "vision_mlp": 40, "image_size": 96, "patch": 32}
    sizes |= {"text_width": 128, "text_layers": 1, "text_mlp": 72, "head": (6, 5, 4, 3)}
    model = save_image_reward(tmp_path, seed=3, **sizes)
    model.with_name("config.json").unlink()  # heads are 64 wide then
    wanted = expected(load_file(model), tokenizer, images(4, 96), PROMPTS, heads=(1, 2))
    assert_same(first_token({"model": model}, images(4, 96), PROMPTS), wanted, 1e-9)
    assert_same(
        load_image_reward({"model": model}).score(images(4, 96), PROMPTS),
        head(load_file(model), wanted),
        5e-4,
    )


def test_the_text_half_is_bert_with_cross_attention(tmp_path):
    """A second opinion on the text half: BERT's own code, which BLIP's was made from."""
    model = save_image_reward(tmp_path, vision_width=48, text_width=48)
    network = load_image_reward({"model": model}, dtype=torch.float64)
    image = torch.randn(4, 17, 48, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    tokens, mask = network.tokens(PROMPTS)
    other = bert(load_file(model), 3, 48).double()
    with torch.no_grad():
        wanted = other(input_ids=tokens, attention_mask=mask.long(), encoder_hidden_states=image)
    assert_same(network.text_encoder(tokens, mask, image)[mask], wanted.last_hidden_state[mask], 1e-9)


def test_an_image_is_read_once_for_many_prompts(network):
    features = network.features(images(1))
    many = network.score_features(features.expand(len(PROMPTS), -1, -1), PROMPTS)
    torch.testing.assert_close(many, network.score(images(1).expand(4, -1, -1, -1), PROMPTS), rtol=0, atol=1e-5)
    assert len(set(many.tolist())) == len(PROMPTS)


def test_a_batch_scores_as_its_rows_do(network):
    alone = [network.score(images()[[i]], [prompt]) for i, prompt in enumerate(PROMPTS)]
    assert_same(network.score(images(), PROMPTS), torch.cat(alone), 2e-5)


def test_half_precision_is_close_and_its_head_is_not_half(model, network):
    half = load_image_reward({"model": model}, dtype=torch.bfloat16)
    assert half.visual_encoder.cls_token.dtype == half.text_encoder.norm.weight.dtype == torch.bfloat16
    assert {parameter.dtype for parameter in half.mlp.parameters()} == {torch.float32}
    scores = half.score(images(), PROMPTS)
    assert scores.dtype == torch.float32
    assert_same(scores, network.score(images(), PROMPTS), 0.3)


def test_the_names_without_the_wrapper_are_read_too(model, network, tmp_path):
    weights = {name.removeprefix("blip."): tensor for name, tensor in load_file(model).items()}
    save_file(weights, tmp_path / "model.safetensors")
    files = {"model": tmp_path / "model.safetensors", "vocab": model.with_name("vocab.txt")}
    same = load_image_reward(files, vision_heads=4, text_heads=3)
    assert torch.equal(same.score(images(), PROMPTS), network.score(images(), PROMPTS))


@pytest.mark.parametrize(
    ("pixels", "prompts", "message"),
    [
        (images(2), ["one"], "2 images need a list of as many prompts"),
        (images(3), "cat", "3 images need a list of as many prompts"),
        (images(1)[0], ["one"], r"pixels must have shape \[N, 3, 224, 224\], not \[3, 224, 224\]"),
        (images(1, 112), ["one"], r"not \[1, 3, 112, 112\]"),
    ],
)
def test_what_does_not_fit_is_refused(pixels, prompts, message, network):
    with pytest.raises(ValueError, match=message):
        network.score(pixels, prompts)


# -- tokens

TEXTS = [
    *PROMPTS,
    "",
    "  UnAffable\tcats\n ",
    "Café crème, naïve straße",
    "猫 and 日本 cat,dress",
    "emoji 🐈 and controls \x00\x07 stay out",
    "[SEP] a [MASK] in [DEC] the [ENC] text [sep]",
    "w" * 120 + " cat",
    "e\u0301 ﬁne ①  half",
    "(red dress:1.2), [blurry], <lora:x:0.8>",
]


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_are_those_of_berts_tokenizer(text, network, tokenizer):
    wanted = tokenizer([text], padding="max_length", truncation=True, max_length=35, return_tensors="pt")
    tokens, mask = network.tokens([text])
    assert torch.equal(tokens, wanted["input_ids"])
    assert torch.equal(mask, wanted["attention_mask"].bool())


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_cut_is_counted(text, network, tokenizer):
    assert network.tokens_cut(text) == max(0, len(tokenizer(text)["input_ids"]) - 35)


def test_blips_tokens_follow_the_vocabulary(network):
    assert network.tokenizer.token_to_id("[DEC]") == len(VOCABULARY)
    assert network.tokenizer.token_to_id("[ENC]") == len(VOCABULARY) + 1


def test_a_tokenizer_json_is_as_good_as_a_vocabulary(model, tmp_path, network):
    tokenizer = load_tokenizer(model.with_name("vocab.txt"))
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=50)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    same = load_image_reward({"model": model, "vocab": tmp_path / "tokenizer.json"})
    assert torch.equal(same.tokens(TEXTS)[0], network.tokens(TEXTS)[0])


# -- files


def changed(model, folder, change):
    """A copy of a model with other weights."""
    weights = load_file(model)
    change(weights)
    save_file(weights, folder / "ImageReward.safetensors")
    for name in ("config.json", "vocab.txt"):
        (folder / name).write_bytes(model.with_name(name).read_bytes())
    return {"model": folder / "ImageReward.safetensors"}


def put(name, tensor):
    return lambda weights: weights.update({name: tensor})


QKV = "blip.visual_encoder.blocks.1.attn.qkv.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop(QKV), "it has no visual_encoder.blocks.1.qkv.weight"),
        (lambda weights: weights.pop("mlp.layers.4.weight"), "do not lead from 24 to 1"),
        (
            lambda weights: weights.pop("blip.visual_encoder.patch_embed.proj.weight"),
            "it has no .*patch_embed",
        ),
        (
            put(QKV, torch.zeros(96, 31)),
            r"qkv.weight has shape \(96, 31\), \(96, 32\) would go with the others",
        ),
        (put(QKV, torch.zeros(96, 32, dtype=torch.int8)), "is stored as I8; quantized weights do not work"),
        (
            put("blip.text_encoder.embeddings.position_embeddings.weight", torch.zeros(9, 24)),
            "9 positions for 35",
        ),
        (
            put("blip.text_encoder.embeddings.word_embeddings.weight", torch.zeros(50, 24)),
            "knows .* tokens, .* 50",
        ),
    ],
)
def test_weights_of_another_network_are_refused(change, message, model, tmp_path):
    with pytest.raises(ValueError, match=f"ImageReward.safetensors.*{message}"):
        load_image_reward(changed(model, tmp_path, change))


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ({"vision_heads": 5, "text_heads": 3}, "width of 32 cannot be divided among 5 heads"),
        ({"vision_heads": 4}, "text_heads into a config.json"),
        ({"vision_heads": "many", "text_heads": 3}, "among 'many' heads"),
    ],
)
def test_heads_that_cannot_be_are_refused(heads, message, model, tmp_path):
    files = changed(model, tmp_path, lambda weights: None)
    (tmp_path / "config.json").write_text(json.dumps(heads))
    with pytest.raises(ValueError, match=message):
        load_image_reward(files)


def test_what_is_no_safetensors_file_is_refused(model, tmp_path):
    (tmp_path / "ImageReward.safetensors").write_bytes(model.read_bytes()[:-9])
    with pytest.raises(ValueError, match="cannot be read as safetensors"):
        load_image_reward({"model": tmp_path / "ImageReward.safetensors"})
    with pytest.raises(FileNotFoundError):
        load_image_reward({"model": tmp_path / "none.safetensors"})


def test_a_vocabulary_that_is_none_is_refused(model, tmp_path):
    (tmp_path / "vocab.txt").write_text("a\nb\n")
    with pytest.raises(ValueError, match=r"vocab.txt has no \[CLS\]"):
        load_image_reward({"model": model, "vocab": tmp_path / "vocab.txt"})
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match="tokenizer.json cannot be read as a vocabulary"):
        load_image_reward({"model": model, "vocab": tmp_path / "tokenizer.json"})
    save_vocabulary(tmp_path / "vocab.txt")
    with (tmp_path / "vocab.txt").open("r+b") as file:
        file.truncate(10**9)  # a sparse file
    with pytest.raises(ValueError, match="has more than"):
        load_image_reward({"model": model, "vocab": tmp_path / "vocab.txt"})


def test_a_missing_vocabulary_is_named(model, tmp_path):
    files = changed(model, tmp_path, lambda weights: None)
    (tmp_path / "vocab.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no vocab.txt"):
        load_image_reward(files)
