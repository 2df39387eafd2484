"""The image half of a SigLIP: a vision transformer whose positions are pooled by attention.

Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training" (arXiv 2303.15343); the shape is that of transformers'
SiglipVisionModel. Aesthetic Predictor V2.5 reads what it pools.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..files import read_json
from ..language.modules import Modules
from ..weight_file import WeightFile, check_floats
from .clip_file import Stored, filled, heads_of, part_of
from .clip_names import HUGGING_FACE_BLOCK, prefix_in
from .clip_network import ACTIVATIONS, MLP, Attention, Block, TowerConfig

# The tensors in files, without what stands before them, and here; the endings of blocks follow.
NAMES = {
    "embeddings.patch_embedding.weight": "patches",
    "embeddings.patch_embedding.bias": "patches_bias",
    "embeddings.position_embedding.weight": "positions",
    "post_layernorm.": "norm_out.",
    "head.probe": "probe",
    "head.attention.out_proj.": "pool.out.",
    "head.layernorm.": "pool_norm.",
    "head.mlp.fc1.": "pool_mlp.up.",
    "head.mlp.fc2.": "pool_mlp.down.",
}
# Of positions in patches of so many pixels that do not fill the image.
IMAGE_SIZES = {(729, 14): 384}
FUSED = "head.attention.in_proj_"  # of query, key and value
MARK = "head.probe"


@dataclass(frozen=True)
class SiglipConfig:
    """Shape of a network: images are `image_size` square, in `patch` square patches."""

    tower: TowerConfig
    image_size: int
    patch: int


class SiglipVision(nn.Module):
    """From pixels to one pooled state."""

    def __init__(self, config: SiglipConfig):
        super().__init__()
        self.config = config
        tower, patch = config.tower, config.patch
        self.patches = nn.Parameter(torch.empty(tower.width, 3, patch, patch))
        self.patches_bias = nn.Parameter(torch.empty(tower.width))
        self.positions = nn.Parameter(torch.empty(tower.positions, tower.width))
        self.blocks: Modules[Block] = Modules(Block(tower) for _ in range(tower.layers))
        self.norm_out = nn.LayerNorm(tower.width, eps=tower.epsilon)
        self.probe = nn.Parameter(torch.empty(1, 1, tower.width))
        self.pool = Attention(tower)
        self.pool_norm = nn.LayerNorm(tower.width, eps=tower.epsilon)
        self.pool_mlp = MLP(tower)

    def forward(self, pixels: Tensor) -> Tensor:
        """Pooled states float32 [rows, width], not normalised, of normalised pixels [rows, 3, S, S]."""
        pixels = pixels.to(self.patches.dtype)
        cut = F.conv2d(pixels, self.patches, self.patches_bias, stride=self.config.patch)
        x = cut.flatten(2).transpose(1, 2) + self.positions
        for block in self.blocks:
            x = block(x)
        x = self.pool(self.probe.expand(len(x), -1, -1), self.norm_out(x))
        return (x + self.pool_mlp(self.pool_norm(x)))[:, 0].float()


def load_siglip(path: Path, dtype: torch.dtype = torch.float32, device: str | torch.device = "cpu") -> SiglipVision:
    """Read the image half of a SigLIP from a file of weights with transformers' names, whatever else it holds.

    Heads, activation and epsilon are those of a config.json of a SigLIP beside the file, else those that all
    published ones have. Everything is checked from the header before a tensor is read. Raises ValueError or
    FileNotFoundError that name the file and what it is not.
    """
    path = Path(path)
    file = WeightFile(path)
    headers = file.headers()
    prefix = prefix_in(headers, [MARK])
    if prefix + MARK not in headers:
        raise ValueError(f"{path} is not the image half of a SigLIP: it has no {MARK}, which pools its positions")
    stored: dict[str, Stored] = {}
    for name, (shape, kind) in headers.items():
        for own, part in own_names(name.removeprefix(prefix)) if name.startswith(prefix) else []:
            check_floats(path, name, kind)
            stored[own] = Stored(name, part_of(shape, part), part)
    with torch.device("meta"):
        network = SiglipVision(_deduce(path, {own: at.shape for own, at in stored.items()}))
    return filled(network, "SigLIP", file, stored, dtype, device)


def own_names(name: str) -> list[tuple[str, int | None]]:
    """The parameters that a tensor of a file holds, each with the part it is (see Stored): the thirds of one of query,
    key and value; or none."""
    if name.startswith(FUSED):
        ending = name.removeprefix(FUSED)
        return [(f"pool.{part}.{ending}", third) for third, part in enumerate(("query", "key", "value"))]
    if name.startswith("encoder.layers."):
        _, _, number, rest = name.split(".", 3)
        inner, _, ending = rest.rpartition(".")
        known = inner in HUGGING_FACE_BLOCK
        return [(f"blocks.{number}.{HUGGING_FACE_BLOCK[inner]}.{ending}", None)] if known else []
    return [(own + name.removeprefix(stored), None) for stored, own in NAMES.items() if name.startswith(stored)]


def _deduce(path: Path, shapes: dict[str, tuple[int, ...]]) -> SiglipConfig:
    """The network's shape from the shapes of its parameters, and from a config.json beside it where there is one."""
    patches, positions = shapes.get("patches", ()), shapes.get("positions", (0,))[0]
    side = round(positions**0.5)
    numbers = {int(name.split(".")[1]) for name in shapes if name.startswith("blocks.")}
    if len(patches) != 4 or patches[1] != 3 or patches[2] != patches[3] or side**2 != positions or not side:
        raise ValueError(
            f"{path} is no SigLIP known here: square pictures of 3 channels in square patches are expected"
        )
    if numbers != set(range(len(numbers))) or not numbers:
        raise ValueError(f"{path} is no whole SigLIP: layers are missing")
    raw, width = _config_beside(path), patches[0]
    heads, activation = raw.get("num_attention_heads", heads_of(width)), raw.get("hidden_act", "gelu_pytorch_tanh")
    if not isinstance(heads, int) or heads < 1 or width % heads or activation not in ACTIVATIONS:
        raise ValueError(f"{path}: {heads!r} heads of {width} numbers with {activation!r} are not supported")
    inner = shapes.get("blocks.0.mlp.up.bias", (0,))[0]
    tower = TowerConfig(width, len(numbers), heads, inner, positions, activation, raw.get("layer_norm_eps", 1e-6))
    image_size = raw.get("image_size", IMAGE_SIZES.get((positions, patches[2]), side * patches[2]))
    if not isinstance(image_size, int) or image_size // patches[2] != side:
        raise ValueError(f"{path} and the config.json beside it are of different networks: separate them")
    return SiglipConfig(tower, image_size, patches[2])


def _config_beside(path: Path) -> dict:
    """What a config.json of a SigLIP beside a file says of its image half; {} where there is none."""
    try:
        raw = read_json(path.parent / "config.json")
    except FileNotFoundError:
        return {}
    own = raw.get("vision_config") if raw.get("model_type") == "siglip" else raw
    return own if isinstance(own, dict) and "siglip" in str(raw.get("model_type")) else {}
