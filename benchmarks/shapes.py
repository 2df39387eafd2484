"""Networks of published shapes with random weights: what the benchmarks load. What is written does not matter."""

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path

NORMS = ("norm.weight", "ln_f.weight", "layernorm.weight")


@dataclass(frozen=True)
class Shape:
    """A network: what it is called, its config.json, and the shapes of its tensors by their names in the files.

    output  the tensor that the output layer is, which every token reads whole
    """

    name: str
    config: dict
    tensors: dict[str, tuple[int, ...]]
    output: str

    @property
    def weights_a_token_reads(self) -> int:
        """Numbers in the matrices of all layers and of the output layer; of the word embeddings one row is read."""
        layers = sum(prod(shape) for name, shape in self.tensors.items() if len(shape) == 2 and is_in_layer(name))
        return layers + prod(self.tensors[self.output])


def is_in_layer(name: str) -> bool:
    return ".h." in name or ".layers." in name


def bloom(name: str, vocabulary: int, hidden: int, layers: int, heads: int) -> Shape:
    """A BLOOM network."""
    tensors = {"transformer.word_embeddings.weight": (vocabulary, hidden)}
    norms = ["word_embeddings_layernorm", "ln_f"]
    for layer in range(layers):
        norms += [f"h.{layer}.input_layernorm", f"h.{layer}.post_attention_layernorm"]
        for part, rows, columns in (
            ("self_attention.query_key_value", 3 * hidden, hidden),
            ("self_attention.dense", hidden, hidden),
            ("mlp.dense_h_to_4h", 4 * hidden, hidden),
            ("mlp.dense_4h_to_h", hidden, 4 * hidden),
        ):
            part = f"transformer.h.{layer}.{part}"
            tensors |= {f"{part}.weight": (rows, columns), f"{part}.bias": (rows,)}
    tensors |= {f"transformer.{norm}.{kind}": (hidden,) for norm in norms for kind in ("weight", "bias")}
    config = {
        "model_type": "bloom",
        "architectures": ["BloomForCausalLM"],
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "n_layer": layers,
        "n_head": heads,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 3,
    }
    return Shape(name, config, tensors, "transformer.word_embeddings.weight")


def qwen3(
    name: str, vocabulary: int, hidden: int, inner: int, layers: int, heads: int, shared: int, size: int
) -> Shape:
    """A Qwen3 network whose output layer is the word embeddings; `shared` heads of keys and values."""
    tensors = {"model.embed_tokens.weight": (vocabulary, hidden), "model.norm.weight": (hidden,)}
    for layer in range(layers):
        for part, rows, columns in (
            ("self_attn.q_proj", heads * size, hidden),
            ("self_attn.k_proj", shared * size, hidden),
            ("self_attn.v_proj", shared * size, hidden),
            ("self_attn.o_proj", hidden, heads * size),
            ("mlp.gate_proj", inner, hidden),
            ("mlp.up_proj", inner, hidden),
            ("mlp.down_proj", hidden, inner),
        ):
            tensors[f"model.layers.{layer}.{part}.weight"] = (rows, columns)
        for part, width in (
            ("self_attn.q_norm", size),
            ("self_attn.k_norm", size),
            ("input_layernorm", hidden),
            ("post_attention_layernorm", hidden),
        ):
            tensors[f"model.layers.{layer}.{part}.weight"] = (width,)
    config = {
        "model_type": "qwen3",
        "architectures": ["Qwen3ForCausalLM"],
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": shared,
        "head_dim": size,
        "max_position_embeddings": 40_960,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 3,
    }
    return Shape(name, config, tensors, "model.embed_tokens.weight")


BLOOM_1B1 = bloom("BLOOM-1b1", 250_880, 1536, 24, 16)  # bigscience/bloom-1b1
QWEN3_0_6B = qwen3("Qwen3-0.6B", 151_936, 1024, 3072, 28, 16, 8, 128)  # Qwen/Qwen3-0.6B
QWEN3_1_7B = qwen3("Qwen3-1.7B", 151_936, 2048, 6144, 28, 16, 8, 128)  # Qwen/Qwen3-1.7B
TINY_BLOOM = bloom("a small BLOOM", 1024, 128, 2, 4)
TINY_QWEN3 = qwen3("a small Qwen3", 1024, 128, 256, 2, 4, 2, 32)


def random_checkpoint(place: Path, shape: Shape, device: str = "cpu") -> Path:
    """A folder with a network of a shape in float16, as small ones are published, with random weights.

    device  where the numbers are drawn
    """
    import torch
    from safetensors.torch import save_file

    if (place / "config.json").exists():
        return place
    place.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)

    def drawn(name: str, size: tuple[int, ...]) -> torch.Tensor:
        # Heads are normed where queries and keys are, so that nothing overflows whatever the depth.
        return (0.03 * torch.randn(size, dtype=torch.float16, device=device) + name.endswith(NORMS)).cpu()

    save_file({name: drawn(name, size) for name, size in shape.tensors.items()}, place / "model.safetensors")
    (place / "config.json").write_text(json.dumps(shape.config | {"torch_dtype": "float16"}))
    return place
