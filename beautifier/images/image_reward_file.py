"""ImageReward from its files: the weights, and the vocabulary of its BERT.

The sizes of the network are those of the tensors in the file.
"""

import re
from collections.abc import Mapping
from math import isqrt
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from ..files import LARGEST_JSON, read_json
from ..weight_file import FLOATS, WeightFile, check_floats
from .clip_names import prefix_in
from .image_reward import END, PADDING, SPECIAL, START, UNKNOWN, ImageReward, ImageRewardConfig

# A head of attention is so wide in all published sizes; the weights do not tell.
HEAD_WIDTH = 64


def load_image_reward(
    files: Mapping[str, Path],
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    vision_heads: int | None = None,
    text_heads: int | None = None,
) -> ImageReward:
    """The network in files["model"], a file of weights with the published names, ready for inference.

    files  "model", and "vocab": BERT's vocab.txt or tokenizer.json, which may lie beside the model instead
    dtype  of all but the head, which is always float32 as in the published code
    vision_heads, text_heads  None is what a config.json beside the model says, or else one for 64 numbers of width

    Every shape is checked before a tensor is read. Raises ValueError or FileNotFoundError that name the file and
    what is wrong with it.
    """
    path = Path(files["model"])
    file = WeightFile(path)
    tensors = tensors_in(file)
    given = read_json(path.with_name("config.json")) if path.with_name("config.json").is_file() else {}
    heads = {
        "vision_heads": vision_heads or given.get("vision_heads"),
        "text_heads": text_heads or given.get("text_heads"),
    }
    try:
        config = config_of({name: shape for name, (_, shape) in tensors.items()}, heads)
        tokenizer = load_tokenizer(files.get("vocab") or vocabulary_beside(path))
        if tokenizer.get_vocab_size() > config.vocab_size:
            raise ValueError(
                f"the tokenizer knows {tokenizer.get_vocab_size()} tokens, the network {config.vocab_size}"
            )
        with torch.device("meta"):
            network = ImageReward(config, tokenizer)
        check_shapes(network, tensors)
    except ValueError as error:
        raise ValueError(f"{path} is not an ImageReward network that can be run: {error}") from error
    weights, names = {}, list(network.state_dict())
    for name, tensor in zip(names, file.tensors(tensors[name][0] for name in names), strict=True):
        wanted = torch.float32 if name.startswith("mlp.") else dtype
        weights[name] = tensor.to(device=device, dtype=wanted)
    network.load_state_dict(weights, assign=True)
    return network.train(False).requires_grad_(False)


# The published names of parts and ours, which are shorter; taken in this order.
RENAMED = (
    (r"^blip\.", ""),
    (r"^mlp\.layers\.", "mlp."),
    (r"^(visual_encoder\.patch_embed)\.proj\.", r"\1."),
    (r"^(visual_encoder\.blocks\.\d+)\.(?:attn|mlp)\.", r"\1."),
    (r"^text_encoder\.embeddings\.LayerNorm\.", "text_encoder.norm."),
    (r"^text_encoder\.embeddings\.", "text_encoder."),
    (r"^text_encoder\.encoder\.layer\.", "text_encoder.layers."),
    (r"\.crossattention\.", ".cross_attention."),
    (r"attention\.self\.", "attention."),
    (r"attention\.output\.", "attention."),
    (r"\.intermediate\.dense\.", ".up."),
    (r"\.output\.dense\.", ".down."),
    (r"\.(?:output\.)?LayerNorm\.", ".norm."),
)


def our_name(stored: str) -> str:
    """The network's name for a tensor of the published file."""
    for pattern, ours in RENAMED:
        stored = re.sub(pattern, ours, stored)
    return stored


# The first tensor of the published file: what stands before it in another stands before all.
MARK = "visual_encoder.cls_token"


def tensors_in(file: WeightFile) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The stored name and the shape of every tensor of a file, by the network's name. Only its header is read."""
    headers, found = file.headers(), {}
    prefix = prefix_in(headers, [f"blip.{MARK}", MARK])
    for stored, (shape, dtype) in headers.items():
        if stored.startswith(prefix) and dtype in FLOATS:
            found[our_name(stored.removeprefix(prefix))] = stored, shape
        elif stored.endswith(".weight"):
            check_floats(file.path, stored, dtype)
    return found


def config_of(shapes: dict[str, tuple[int, ...]], heads: dict[str, int | None]) -> ImageRewardConfig:
    """The sizes of a network from the shapes of its tensors, and from heads where they are not None.

    Raises ValueError for a tensor that is missing or a size that cannot be.
    """

    def size(name: str, dimensions: int) -> tuple[int, ...]:
        if len(shapes.get(name, ())) != dimensions:
            raise ValueError(f"it has no {name} with {dimensions} dimensions")
        return shapes[name]

    def layers(stem: str) -> int:
        numbers = {name.removeprefix(stem).partition(".")[0] for name in shapes if name.startswith(stem)}
        return len(numbers)

    vision_width, _, patch_size, _ = size("visual_encoder.patch_embed.weight", 4)
    patches = size("visual_encoder.pos_embed", 3)[1] - 1
    vocab_size, text_width = size("text_encoder.word_embeddings.weight", 2)
    head = {}
    for number in sorted(int(name.split(".")[1]) for name in shapes if re.fullmatch(r"mlp\.\d+\.weight", name)):
        rows, columns = size(f"mlp.{number}.weight", 2)
        head[number] = rows, columns
    return ImageRewardConfig(
        image_size=isqrt(patches) * patch_size,
        patch_size=patch_size,
        vision_width=vision_width,
        vision_layers=layers("visual_encoder.blocks."),
        vision_heads=heads["vision_heads"] or usual_heads("vision", vision_width),
        vision_mlp=size("visual_encoder.blocks.0.fc1.weight", 2)[0],
        vocab_size=vocab_size,
        max_positions=size("text_encoder.position_embeddings.weight", 2)[0],
        text_width=text_width,
        text_layers=layers("text_encoder.layers."),
        text_heads=heads["text_heads"] or usual_heads("text", text_width),
        text_mlp=size("text_encoder.layers.0.up.weight", 2)[0],
        head=head,
    )


def usual_heads(part: str, width: int) -> int:
    """The heads of a published part of this width. Raises ValueError for a width that none has."""
    if width % HEAD_WIDTH:
        raise ValueError(
            f"a width of {width} is none of {HEAD_WIDTH} a head: write {part}_heads into a config.json beside it"
        )
    return width // HEAD_WIDTH


def check_shapes(network: ImageReward, tensors: dict[str, tuple[str, tuple[int, ...]]]) -> None:
    """Raise ValueError for a tensor that a network needs and a file does not hold, or not in that shape."""
    for name, parameter in network.state_dict().items():
        if name not in tensors:
            raise ValueError(f"it has no {name}")
        stored, shape = tensors[name]
        if shape != tuple(parameter.shape):
            raise ValueError(f"{stored} has shape {shape}, {tuple(parameter.shape)} would go with the others")


def vocabulary_beside(model: Path) -> Path:
    """The file of BERT's vocabulary beside the model. Raises FileNotFoundError where there is none."""
    for name in ("vocab.txt", "tokenizer.json"):
        if model.with_name(name).is_file():
            return model.with_name(name)
    raise FileNotFoundError(f"{model.parent} has no vocab.txt, the vocabulary of bert-base-uncased")


def load_tokenizer(path: Path) -> Tokenizer:
    """BERT's tokenizer for lower case, from its vocab.txt (a word a line) or tokenizer.json, with BLIP's tokens.

    Raises ValueError for a file that is none.
    """
    path = Path(path)
    if path.stat().st_size > LARGEST_JSON:
        raise ValueError(f"{path} has more than {LARGEST_JSON:,} bytes: it is no vocabulary")
    try:
        if path.suffix == ".json":
            tokenizer = Tokenizer.from_file(str(path))
            tokenizer.no_truncation()
            tokenizer.no_padding()
        else:
            tokenizer = word_piece(path.read_text(encoding="utf-8"))
    except Exception as error:  # tokenizers raises plain Exception
        raise ValueError(f"{path} cannot be read as a vocabulary of BERT: {error}") from error
    for token in (START, END, PADDING, UNKNOWN):
        if tokenizer.token_to_id(token) is None:
            raise ValueError(f"{path} has no {token}: it is not the vocabulary of BERT")
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def word_piece(lines: str) -> Tokenizer:
    """BERT's tokenizer for lower case, of a vocabulary with a word a line."""
    words = lines.removesuffix("\n").split("\n")
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer
