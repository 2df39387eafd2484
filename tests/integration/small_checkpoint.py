"""Writes a small Stable Diffusion 1.x checkpoint of random weights, for runs of real workflows on a CPU.

    python small_checkpoint.py FILE.safetensors

ComfyUI's own Load Checkpoint takes it for SD 1.5 and samples a 64 x 64 image with it in about a second. The
U-Net has SD 1.x's blocks and widths but a single resolution level, the text encoder is a whole CLIP-L, and
the decoder is a TAESD that shows the latent as soft clouds of colour: another prompt or seed is another
picture, though it means nothing. 300 MB in half precision.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

CHANNELS = 320
TIME = 4 * CHANNELS
TEXT = 768
LATENT = 4
WORDS, POSITIONS, TEXT_LAYERS = 49408, 77, 12
CODE = 64  # channels inside the decoder

# What each latent channel adds to red, green and blue, and how strongly.
COLOURS = [[0.3, 0.1, -0.2], [-0.2, 0.3, 0.1], [0.2, -0.1, 0.3], [-0.2, -0.2, 0.2]]
CONTRAST = 0.45

SAME = torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]])
BLUR = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


class Weights(dict):
    """Tensors by name; each method adds those of one layer."""

    def __init__(self, seed: int):
        super().__init__()
        self.random = torch.Generator().manual_seed(seed)

    def dense(self, name: str, *shape: int, bias: bool = True, gain: float = 1.0) -> None:
        fan_in = torch.Size(shape[1:]).numel()
        self[f"{name}.weight"] = gain * torch.randn(shape, generator=self.random) / fan_in**0.5
        if bias:
            self[f"{name}.bias"] = torch.zeros(shape[0])

    def norm(self, name: str, size: int) -> None:
        self[f"{name}.weight"] = torch.ones(size)
        self[f"{name}.bias"] = torch.zeros(size)


def small_checkpoint(seed: int = 0) -> dict[str, torch.Tensor]:
    """All tensors of the checkpoint, float16, under the names of the original SD 1.x files."""
    weights = Weights(seed)
    unet(weights, "model.diffusion_model.")
    text_encoder(weights, "cond_stage_model.transformer.text_model.")
    decoder(weights, "first_stage_model.")
    return {name: tensor.half().contiguous() for name, tensor in weights.items()}


def unet(weights: Weights, at: str) -> None:
    weights.dense(f"{at}time_embed.0", TIME, CHANNELS)
    weights.dense(f"{at}time_embed.2", TIME, TIME)
    weights.dense(f"{at}input_blocks.0.0", CHANNELS, LATENT, 3, 3)
    residual(weights, f"{at}input_blocks.1.0", CHANNELS)
    transformer(weights, f"{at}input_blocks.1.1")
    residual(weights, f"{at}middle_block.0", CHANNELS)
    transformer(weights, f"{at}middle_block.1")
    residual(weights, f"{at}middle_block.2", CHANNELS)
    for block in range(2):
        residual(weights, f"{at}output_blocks.{block}.0", 2 * CHANNELS)
        transformer(weights, f"{at}output_blocks.{block}.1")
    weights.norm(f"{at}out.0", CHANNELS)
    weights.dense(f"{at}out.2", LATENT, CHANNELS, 3, 3)


def residual(weights: Weights, at: str, channels_in: int) -> None:
    weights.norm(f"{at}.in_layers.0", channels_in)
    weights.dense(f"{at}.in_layers.2", CHANNELS, channels_in, 3, 3)
    weights.dense(f"{at}.emb_layers.1", CHANNELS, TIME)
    weights.norm(f"{at}.out_layers.0", CHANNELS)
    weights.dense(f"{at}.out_layers.3", CHANNELS, CHANNELS, 3, 3)
    if channels_in != CHANNELS:
        weights.dense(f"{at}.skip_connection", CHANNELS, channels_in, 1, 1)


def transformer(weights: Weights, at: str) -> None:
    weights.norm(f"{at}.norm", CHANNELS)
    weights.dense(f"{at}.proj_in", CHANNELS, CHANNELS, 1, 1)
    block = f"{at}.transformer_blocks.0"
    for number, source in ((1, CHANNELS), (2, TEXT)):
        weights.norm(f"{block}.norm{number}", CHANNELS)
        weights.dense(f"{block}.attn{number}.to_q", CHANNELS, CHANNELS, bias=False)
        weights.dense(f"{block}.attn{number}.to_k", CHANNELS, source, bias=False)
        weights.dense(f"{block}.attn{number}.to_v", CHANNELS, source, bias=False)
        weights.dense(f"{block}.attn{number}.to_out.0", CHANNELS, CHANNELS)
    weights.norm(f"{block}.norm3", CHANNELS)
    weights.dense(f"{block}.ff.net.0.proj", 8 * CHANNELS, CHANNELS)
    weights.dense(f"{block}.ff.net.2", CHANNELS, 4 * CHANNELS)
    weights.dense(f"{at}.proj_out", CHANNELS, CHANNELS, 1, 1)


def text_encoder(weights: Weights, at: str) -> None:
    weights[f"{at}embeddings.token_embedding.weight"] = torch.randn((WORDS, TEXT), generator=weights.random)
    weights[f"{at}embeddings.position_embedding.weight"] = 0.1 * torch.randn(
        (POSITIONS, TEXT), generator=weights.random
    )
    for layer in range(TEXT_LAYERS):
        block = f"{at}encoder.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            weights.dense(f"{block}.self_attn.{part}", TEXT, TEXT)
        weights.norm(f"{block}.layer_norm1", TEXT)
        weights.norm(f"{block}.layer_norm2", TEXT)
        weights.dense(f"{block}.mlp.fc1", 4 * TEXT, TEXT)
        weights.dense(f"{block}.mlp.fc2", TEXT, 4 * TEXT)
    weights.norm(f"{at}final_layer_norm", TEXT)


def decoder(weights: Weights, at: str) -> None:
    """TAESD, which has to have both halves. The decoder turns a latent into colours and blurs them.

    Rectifiers let only positive values pass, so channels 0-2 carry what is above grey and 3-5 what is below.
    """
    weights[f"{at}vae_scale"] = torch.tensor(1.0)
    weights[f"{at}vae_shift"] = torch.tensor(0.0)
    colours = CONTRAST * torch.tensor(COLOURS).T
    first, last = torch.zeros(CODE, LATENT, 3, 3), torch.zeros(3, CODE, 3, 3)
    first[:6, :, 1, 1] = torch.cat([colours, -colours])
    last[:, :6, 1, 1] = torch.cat([torch.eye(3), -torch.eye(3)], dim=1)
    weights[f"{at}taesd_decoder.1.weight"], weights[f"{at}taesd_decoder.1.bias"] = first, torch.zeros(CODE)
    weights[f"{at}taesd_decoder.19.weight"], weights[f"{at}taesd_decoder.19.bias"] = (
        last,
        torch.full((3,), 0.5),
    )
    for layer in (7, 12, 17):
        weights[f"{at}taesd_decoder.{layer}.weight"] = kernel({range(6): BLUR})
    for layer in (3, 4, 5, 8, 9, 10, 13, 14, 15, 18):
        blurring_block(weights, f"{at}taesd_decoder.{layer}")
    for layer, (out, into) in {0: (CODE, 3), 2: (CODE, CODE), 6: (CODE, CODE), 10: (CODE, CODE)}.items():
        weights.dense(f"{at}taesd_encoder.{layer}", out, into, 3, 3, bias=layer == 0)
    weights.dense(f"{at}taesd_encoder.14", LATENT, CODE, 3, 3)
    for layer in (1, 3, 4, 5, 7, 8, 9, 11, 12, 13):
        blurring_block(weights, f"{at}taesd_encoder.{layer}")


def blurring_block(weights: Weights, at: str) -> None:
    """A residual block that adds blurred minus sharp: channels 6-11 take a copy through three blurs."""
    copies = range(6, 12)
    first = kernel({range(6): SAME})
    first[copies, range(6)] = BLUR
    last = torch.zeros(CODE, CODE, 3, 3)
    last[range(6), range(6)], last[range(6), copies] = -SAME, BLUR
    for part, values in ((0, first), (2, kernel({range(6): SAME, copies: BLUR})), (4, last)):
        weights[f"{at}.conv.{part}.weight"] = values
        weights[f"{at}.conv.{part}.bias"] = torch.zeros(CODE)


def kernel(channels: dict[range, torch.Tensor]) -> torch.Tensor:
    """Weights of a convolution that filters each of these channels by itself and drops the others."""
    values = torch.zeros(CODE, CODE, 3, 3)
    for numbers, filter_ in channels.items():
        values[numbers, numbers] = filter_
    return values


def write(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(small_checkpoint(seed), path)
    return path


if __name__ == "__main__":
    write(Path(sys.argv[1]))
