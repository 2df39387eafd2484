"""A tiny BERT-shaped encoder with random weights, in the files that transformers and this pack read."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece
from torch import nn

from prompt_beautifier.beautifier.language.encoder import Encoder, EncoderConfig

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "cat dog red blue moon sea lamp stone place light detail view color paw sail wave".split()
LETTERS = "abcdefghijklmnopqrstuvwxyz:,"


def save_encoder(folder: Path, width: int = 32, layers: int = 2, heads: int = 4, seed: int = 0) -> Path:
    """Write config.json, model.safetensors and tokenizer.json."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), *WORDS]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.save(str(folder / "tokenizer.json"))
    sizes = {
        "vocab_size": len(vocabulary),
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 2 * width,
        "max_position_embeddings": 128,
    }
    torch.manual_seed(seed)
    network = Encoder(EncoderConfig(**sizes))
    for layer in network.modules():
        for kind in (nn.Linear, nn.Embedding):
            if isinstance(layer, kind):
                kind.reset_parameters(layer)
    save_file(network.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    config = {"model_type": "bert", "hidden_act": "gelu", "architectures": ["BertModel"], **sizes}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder
