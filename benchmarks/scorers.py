"""Speed of the CLIP scorers against the published loop, and parity with transformers on the published shapes.

    python benchmarks/scorers.py                      PickScore's ViT-H/14 on the CPU; 10 GB of memory, 4 GB of disk
    python benchmarks/scorers.py --network L --dtype bfloat16
    python benchmarks/scorers.py --network small      in seconds
    python benchmarks/scorers.py --device cuda --dtype float16 --loop-dtype float16
    python benchmarks/scorers.py --parity             largest differences to transformers, ViT-L/14 and ViT-H/14

All weights are random: neither speed nor rounding depends on what they know. The published loop is that of PickScore's
model card, an image at a time: transformers' image processor, tokenizer and CLIPModel in float32, prompt and image
both. Images are pictures in memory for it and ComfyUI's tensors for us; neither reads files.
"""

import argparse
import gc
import gzip
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image

from prompt_beautifier.beautifier.images.pixels import Framing, frame, normalise, to_bytes
from prompt_beautifier.beautifier.images.scorers import load_scorer
from prompt_beautifier.beautifier.prompts.clip_tokens import MERGES, _byte_letters

PROMPT = "a castle on a hill at sunset, volumetric light, wide angle, concept art, highly detailed"
# width, layers, heads of the image tower; the same of the text tower; features
SHAPES = {
    "small": ((128, 4, 2), (128, 2, 2), 64),
    "L": ((1024, 24, 16), (768, 12, 12), 768),
    "H": ((1280, 32, 16), (1024, 24, 16), 1024),
}
# (images in a batch, side of an image)
RUNS = [(1, 512), (8, 512), (64, 512), (8, 1024)]


def save_clip(folder: Path, shape: str) -> None:
    """Write a CLIP of transformers with random weights."""
    vision, text, projection = SHAPES[shape]
    config = transformers.CLIPConfig(
        projection_dim=projection,
        vision_config=tower(*vision, projection) | {"image_size": 224, "patch_size": 14},
        text_config=tower(*text, projection),
    )
    torch.manual_seed(0)
    model = transformers.CLIPModel(config).to(torch.float32)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:  # biases and norms start as 0 and 1, which would hide mistakes
                parameter += 0.05 * torch.randn_like(parameter)
            elif name.endswith("proj.weight") or ".fc" in name or "projection" in name:
                parameter.normal_(std=1.2 / parameter.shape[1] ** 0.5)
    model.save_pretrained(folder)


def tower(width: int, layers: int, heads: int, projection: int) -> dict:
    return {
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "projection_dim": projection,
        "hidden_act": "gelu",
    }


def save_tokenizer(folder: Path) -> None:
    """Write CLIP's vocabulary as the two files it was published as."""
    merges = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    letters = _byte_letters()
    words = [*letters, *(letter + "</w>" for letter in letters), *(line.replace(" ", "") for line in merges)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8")


def bare(output) -> torch.Tensor:
    """What get_image_features and get_text_features give, in transformers 4 and 5."""
    return output if isinstance(output, torch.Tensor) else output.pooler_output


class PublishedLoop:
    """PickScore's model card."""

    def __init__(self, folder: Path, device: str, dtype: torch.dtype):
        self.model = transformers.CLIPModel.from_pretrained(folder, torch_dtype=dtype).eval().to(device)
        self.processor = transformers.CLIPImageProcessor()
        self.tokenizer = transformers.CLIPTokenizerFast.from_pretrained(folder)
        self.device, self.dtype = device, dtype

    @torch.no_grad()
    def __call__(self, pictures: list[Image.Image]) -> list[float]:
        return [self.one(picture) for picture in pictures]

    def one(self, picture: Image.Image) -> float:
        pixels = self.processor(images=picture, return_tensors="pt").to(self.device, self.dtype)
        words = self.tokenizer(PROMPT, padding=True, truncation=True, max_length=77, return_tensors="pt")
        seen = bare(self.model.get_image_features(**pixels))
        read = bare(self.model.get_text_features(**words.to(self.device)))
        seen, read = seen / seen.norm(dim=-1, keepdim=True), read / read.norm(dim=-1, keepdim=True)
        return (self.model.logit_scale.exp() * (read @ seen.T)[0])[0].item()


def seconds(work, device: str) -> float:
    started = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def images_of(count: int, side: int) -> torch.Tensor:
    """Smooth pictures with some noise, float [count, side, side, 3]."""
    coarse = torch.rand(count, 3, 6, 6, generator=torch.Generator().manual_seed(side))
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")
    return (0.9 * smooth + 0.1 * torch.rand(1, 3, side, side)).permute(0, 2, 3, 1).contiguous()


def measure(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_clip(folder, arguments.network)
        save_tokenizer(folder)
        gc.collect()
        dtype, loop_dtype = getattr(torch, arguments.dtype), getattr(torch, arguments.loop_dtype)
        started = time.perf_counter()
        scorer = load_scorer("pickscore", {"clip": folder / "model.safetensors"}, arguments.device, dtype)
        loaded = time.perf_counter() - started
        versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
        threads = f"{torch.get_num_threads()} threads" if arguments.device == "cpu" else arguments.device
        print(f"ViT-{arguments.network}, {threads}, {versions}; loaded in {loaded:.2f} s\n")
        published = PublishedLoop(folder, arguments.device, loop_dtype)
        print(
            f"| image | batch | published loop, {arguments.loop_dtype} | ours, {arguments.dtype} | ratio | difference |"
        )
        print("| --- | --- | --- | --- | --- | --- |")
        for batch, side in RUNS:
            if batch > arguments.most:
                continue
            images = images_of(batch, side)
            pictures = [Image.fromarray(to_bytes(image).numpy()) for image in images]
            few = pictures[: arguments.loop]
            theirs = torch.tensor(published(few[:1]))  # warms up, as the next line does
            ours = scorer.score(images[:1], PROMPT)
            # The loop before and after, so that a machine that gets slower or faster meanwhile shows on both sides.
            loop = [seconds(lambda: published(few), arguments.device) / len(few)]  # noqa: B023
            own = [seconds(lambda: scorer.score(images, PROMPT, batch), arguments.device) / batch]  # noqa: B023
            if batch < 64:
                own.append(seconds(lambda: scorer.score(images, PROMPT, batch), arguments.device) / batch)  # noqa: B023
            loop.append(seconds(lambda: published(few), arguments.device) / len(few))  # noqa: B023
            slow, fast = 1 / min(loop), 1 / min(own)
            print(
                f"| {side} × {side} | {batch} | {slow:.2f} images/s | {fast:.2f} images/s | {fast / slow:.2f} × | "
                f"{(ours - theirs).abs().max():.1e} |",
                flush=True,
            )


@torch.inference_mode()
def parity(shape: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_clip(folder, shape)
        gc.collect()
        scorer = load_scorer("pickscore", {"clip": folder / "model.safetensors"})
        model = transformers.CLIPModel.from_pretrained(folder, torch_dtype=torch.float32).eval()
        images = [images_of(1, 512)[0], images_of(1, 400)[0, :301], torch.rand(224, 333, 3)]
        tokens = torch.randint(1, 49000, (2, 77))
        tokens[:, 0], tokens[:, -1], tokens[1, 30:] = 49406, 49407, 49407
        pictures = [Image.fromarray(to_bytes(image).numpy()) for image in images]
        theirs = torch.as_tensor(np.array(transformers.CLIPImageProcessor()(pictures)["pixel_values"]))
        squares = torch.stack([frame(to_bytes(image), 224, Framing()) for image in images])
        pixels = normalise(squares, Framing())
        pairs = {
            "pixels": (pixels, theirs),
            "image features": (scorer.network.vision(pixels), bare(model.get_image_features(theirs))),
            "text features": (scorer.network.text(tokens), bare(model.get_text_features(tokens))),
        }
        weights = sum(parameter.numel() for parameter in scorer.network.parameters())
        print(f"ViT-{shape}, transformers {transformers.__version__}: {weights:,} weights")
        for what, (ours, expected) in pairs.items():
            difference = (ours - expected).abs().max()
            print(f"  {what:15} max |difference| {difference:.2e} (their spread {expected.std():.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=SHAPES, default="H")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32", help="of our scorer: float32, bfloat16, float16")
    parser.add_argument("--loop-dtype", default="float32", help="of the published loop")
    parser.add_argument("--loop", type=int, default=2, help="images that the published loop is measured on")
    parser.add_argument("--most", type=int, default=64, help="leave larger batches out")
    parser.add_argument("--parity", action="store_true", help="compare with transformers instead")
    arguments = parser.parse_args()
    if arguments.parity:
        for shape in ("L", "H"):
            parity(shape)
    else:
        measure(arguments)


if __name__ == "__main__":
    main()
