"""Small checkpoints with random weights, for tests that need a network but not what it knows."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from prompt_beautifier.beautifier.families import FAMILIES

from .sentencepiece_file import save_sentencepiece

SPECIAL_TOKENS = ["<unk>", "<s>", "</s>", "<pad>"]  # BLOOM's, with BLOOM's ids: </s> is 2
EOS = 2
VOCABULARY = 512  # the bytes, and merges enough to write the longest template in under 192 tokens

# Whose words the tokenizer knows. Another list makes another tokenizer, and other answers.
TEMPLATES = ("embedded", "text2prompt-v1", "text2prompt-v2", "promptist", "magicprompt")
TEXT = [
    "a cat, highly detailed, digital painting, sharp focus, by the sea, (red dress:1.2), [blurry], 8k",
    "portrait of 1 girl in a garden, soft light, oil on canvas, masterpiece, trending on artstation",
    "a castle on a hill at sunset, volumetric light, wide angle, concept art, intricate, elegant",
]


def save_tokenizer(folder: Path, vocab_size: int = VOCABULARY) -> Tokenizer:
    """Write a byte-level BPE tokenizer.json, as BLOOM's and GPT-2's are, of at most `vocab_size` tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    templates = [FAMILIES[name].template for name in TEMPLATES]
    tokenizer.train_from_iterator(TEXT + templates, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


def save_bloom(folder: Path, seed=0, vocab_size=VOCABULARY, hidden=32, layers=2, heads=4) -> Path:
    """Write a BLOOM checkpoint (config.json, model.safetensors) under the names of the published ones."""
    config = {
        "model_type": "bloom",
        "architectures": ["BloomForCausalLM"],
        "vocab_size": vocab_size,
        "hidden_size": hidden,
        "n_layer": layers,
        "n_head": heads,
        "layer_norm_epsilon": 1e-5,
        "bos_token_id": 1,
        "eos_token_id": EOS,
        "pad_token_id": 3,
    }
    shapes = {"word_embeddings.weight": (vocab_size, hidden)}
    shapes |= norm_shapes("word_embeddings_layernorm", hidden)
    for layer in range(layers):
        block = f"h.{layer}"
        shapes |= norm_shapes(f"{block}.input_layernorm", hidden)
        shapes |= linear_shapes(f"{block}.self_attention.query_key_value", 3 * hidden, hidden)
        shapes |= linear_shapes(f"{block}.self_attention.dense", hidden, hidden)
        shapes |= norm_shapes(f"{block}.post_attention_layernorm", hidden)
        shapes |= linear_shapes(f"{block}.mlp.dense_h_to_4h", 4 * hidden, hidden)
        shapes |= linear_shapes(f"{block}.mlp.dense_4h_to_h", hidden, 4 * hidden)
    return save(folder, config, shapes | norm_shapes("ln_f", hidden), seed)


def save_gpt2(folder: Path, seed=0, vocab_size=VOCABULARY, hidden=32, layers=2, heads=4, positions=128) -> Path:
    """Write a GPT-2 checkpoint (config.json, model.safetensors) under the names of the published ones."""
    config = {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "vocab_size": vocab_size,
        "n_embd": hidden,
        "n_layer": layers,
        "n_head": heads,
        "n_positions": positions,
        "layer_norm_epsilon": 1e-5,
        "bos_token_id": EOS,
        "eos_token_id": EOS,
    }
    shapes = {"wte.weight": (vocab_size, hidden), "wpe.weight": (positions, hidden)}
    for layer in range(layers):
        block = f"h.{layer}"
        shapes |= norm_shapes(f"{block}.ln_1", hidden)
        shapes |= linear_shapes(f"{block}.attn.c_attn", hidden, 3 * hidden, bias=3 * hidden)
        shapes |= linear_shapes(f"{block}.attn.c_proj", hidden, hidden)
        shapes |= norm_shapes(f"{block}.ln_2", hidden)
        shapes |= linear_shapes(f"{block}.mlp.c_fc", hidden, 4 * hidden, bias=4 * hidden)
        shapes |= linear_shapes(f"{block}.mlp.c_proj", 4 * hidden, hidden, bias=hidden)
    return save(folder, config, shapes | norm_shapes("ln_f", hidden), seed)


def save_llama(folder: Path, seed=0, vocab_size=VOCABULARY, hidden=32, layers=2, heads=4) -> Path:
    """Write a Qwen3 checkpoint (config.json, model.safetensors) under the names of the published ones: of all Llamas it
    has the most parts. Pairs of heads share keys and values; the output layer has weights of its own."""
    inner, size = 3 * hidden, hidden // heads
    config = {
        "model_type": "qwen3",
        "architectures": ["Qwen3ForCausalLM"],
        "vocab_size": vocab_size,
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // 2,
        "head_dim": size,
        "attention_bias": True,
        "max_position_embeddings": 128,
        "rope_theta": 10_000.0,
        "bos_token_id": 1,
        "eos_token_id": EOS,
        "pad_token_id": 3,
    }
    shapes = {"model.embed_tokens.weight": (vocab_size, hidden)}
    for layer in range(layers):
        block = f"model.layers.{layer}"
        for name, rows, columns in (
            ("q_proj", hidden, hidden),
            ("k_proj", hidden // 2, hidden),
            ("v_proj", hidden // 2, hidden),
            ("o_proj", hidden, hidden),
        ):
            shapes |= linear_shapes(f"{block}.self_attn.{name}", rows, columns)
        shapes |= {f"{block}.self_attn.{name}_norm.weight": (size,) for name in "qk"}
        shapes |= {f"{block}.{name}_layernorm.weight": (hidden,) for name in ("input", "post_attention")}
        shapes |= {f"{block}.mlp.{name}_proj.weight": (inner, hidden) for name in ("gate", "up")}
        shapes |= {f"{block}.mlp.down_proj.weight": (hidden, inner)}
    return save(folder, config, shapes | {"model.norm.weight": (hidden,), "lm_head.weight": (vocab_size, hidden)}, seed)


def save_t5(folder: Path, seed=0, vocab_size=VOCABULARY, hidden=32, layers=2, heads=4) -> Path:
    """Write a Flan-T5 checkpoint (config.json, model.safetensors) under the names of the published ones."""
    inner, size = 2 * hidden, hidden // heads
    config = {
        "model_type": "t5",
        "architectures": ["T5ForConditionalGeneration"],
        "vocab_size": vocab_size,
        "d_model": hidden,
        "d_kv": size,
        "d_ff": inner,
        "num_layers": layers,
        "num_decoder_layers": layers,
        "num_heads": heads,
        "feed_forward_proj": "gated-gelu",
        "tie_word_embeddings": False,
        "decoder_start_token_id": 3,
        "eos_token_id": EOS,
        "pad_token_id": 3,
    }
    shapes = {"shared.weight": (vocab_size, hidden), "lm_head.weight": (vocab_size, hidden)}
    for stack, parts in (("encoder", ["SelfAttention"]), ("decoder", ["SelfAttention", "EncDecAttention"])):
        shapes |= {f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight": (32, heads)}
        shapes |= {f"{stack}.final_layer_norm.weight": (hidden,)}
        for layer in range(layers):
            block = f"{stack}.block.{layer}.layer"
            for place, part in enumerate(parts):
                shapes |= {f"{block}.{place}.{part}.{name}.weight": (hidden, hidden) for name in "qkvo"}
            mlp = f"{block}.{len(parts)}.DenseReluDense"
            shapes |= {f"{mlp}.{name}.weight": (inner, hidden) for name in ("wi_0", "wi_1")}
            shapes |= {f"{mlp}.wo.weight": (hidden, inner)}
            shapes |= {f"{block}.{place}.layer_norm.weight": (hidden,) for place in range(len(parts) + 1)}
    return save(folder, config, shapes, seed)


def linear_shapes(name: str, rows: int, columns: int, bias: int | None = None) -> dict[str, tuple]:
    return {f"{name}.weight": (rows, columns), f"{name}.bias": (rows if bias is None else bias,)}


def norm_shapes(name: str, size: int) -> dict[str, tuple]:
    return {f"{name}.weight": (size,), f"{name}.bias": (size,)}


def save(folder: Path, config: dict, shapes: dict[str, tuple], seed: int) -> Path:
    """Write random weights large enough that the network's answers wander instead of repeating one token."""
    random = torch.Generator().manual_seed(seed)
    prefix = "transformer." if config["model_type"] in ("bloom", "gpt2") else ""
    weights = {f"{prefix}{name}": 0.25 * torch.randn(shape, generator=random) for name, shape in shapes.items()}
    for name, tensor in weights.items():
        if name.endswith((".ln_f.weight", "norm.weight", "ln_1.weight", "ln_2.weight")):
            tensor += 1
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def save_tipo(folder: Path, seed: int = 0, vocab_size: int = VOCABULARY, **sizes) -> Path:
    """Write a checkpoint of the layout of TIPO: a Llama with SentencePiece's tokenizer.model and tokens of its own."""
    save_llama(folder, seed, vocab_size, **sizes)
    marks = ["very_short", "short", "long", "very_long", "tag_to_long", "short_to_tag", "short_to_tag_to_long"]
    first = vocab_size - len(marks)
    save_sentencepiece(folder, first)
    added = {f"<|{mark}|>": first + place for place, mark in enumerate(marks)}
    (folder / "added_tokens.json").write_text(json.dumps(added), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"legacy": true, "bos_token": "<s>"}', encoding="utf-8")
    return folder


TAGS = "1girl|1boy|solo|a cat|cat|long hair|blue eyes|smile|outdoors|sky|tree|simple background|hat|dress".split("|")


def save_dart(folder: Path, seed: int = 0, vocab_size: int = VOCABULARY, **sizes) -> Path:
    """Write a checkpoint of the layout of Dart: a Llama whose tokens are tags."""
    save_llama(folder, seed, vocab_size, **sizes)
    marks = ["<|bos|>", "<|eos|>", "</s>", "<|pad|>", "<|unk|>", "<copyright>", "</copyright>", "<character>"]
    marks += ["</character>", "<general>", "</general>", "<|identity:none|>", "<|input_end|>", "<|aspect_ratio:tall|>"]
    marks += [f"<|rating:{name}|>" for name in ("general", "sensitive", "questionable", "explicit")]
    marks += [f"<|length:{name}|>" for name in ("short", "medium", "long")]
    words = [*marks, *TAGS, *(f"tag {number}" for number in range(vocab_size - len(marks) - len(TAGS)))]
    words = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<|unk|>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(", ", "removed")
    tokenizer.add_special_tokens(marks)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


SAVERS = {"bloom": save_bloom, "gpt2": save_gpt2, "llama": save_llama, "t5": save_t5}
WITH_TOKENIZER = {"tipo": save_tipo, "dart": save_dart}  # of their own


def save_checkpoint(folder: Path, architecture: str = "bloom", family: str | None = "embedded", **sizes) -> Path:
    """Write everything load_beautifier reads: a network, a tokenizer for it and beautifier.json."""
    if architecture in WITH_TOKENIZER:
        WITH_TOKENIZER[architecture](folder, **sizes)
        return described(folder, family)
    SAVERS[architecture](folder, **sizes)
    tokenizer = save_tokenizer(folder, sizes.get("vocab_size", VOCABULARY))
    if architecture == "t5":  # what it reads has an end
        tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", EOS)])
        tokenizer.save(str(folder / "tokenizer.json"))
    return described(folder, family)


def described(folder: Path, family: str | None) -> Path:
    """A folder, its family written down where it has one."""
    if family is not None:
        (folder / "beautifier.json").write_text(json.dumps({"family": family}), encoding="utf-8")
    return folder
