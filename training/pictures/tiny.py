"""A picture pipeline and scorers with random weights, small enough to draw and score on a CPU in milliseconds.

They have the files and layouts of the published ones. What they draw is noise and what they score is chance: with them
one sees that a run works, and nothing of pictures.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import pre_tokenizers

SIZE = 16  # pixels: two latents each way
CLIP_VOCABULARY = 49408
HEAD_SIZES, HEAD_LAYERS = (768, 1024, 128, 64, 16, 1), (0, 2, 4, 6, 7)  # of the aesthetic head


def save_clip_tokenizer(folder: Path) -> None:
    """CLIP's tokenizer files with the bytes alone as vocabulary: one token a letter."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: place for place, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    special = {
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "model_max_length": 77,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer", **special}))


def unet(**more):
    """A network that draws latents of SIZE / 8; `more` is for UNet2DConditionModel."""
    from diffusers import UNet2DConditionModel

    sizes = {"sample_size": SIZE // 8, "in_channels": 4, "out_channels": 4, "attention_head_dim": 4}
    sizes |= {"layers_per_block": 1, "block_out_channels": (8, 8), "norm_num_groups": 4}
    blocks = {"down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D")}
    blocks["up_block_types"] = ("UpBlock2D", "CrossAttnUpBlock2D")
    return UNet2DConditionModel(**{**sizes, **blocks, **more})


def autoencoder(latents: int = 4, **more):
    """What makes pictures of SIZE of latents with so many channels; `more` is for AutoencoderKL."""
    from diffusers import AutoencoderKL

    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    sizes = {"in_channels": 3, "out_channels": 3, "sample_size": SIZE, "norm_num_groups": 4, "layers_per_block": 1}
    return AutoencoderKL(latent_channels=latents, block_out_channels=(4,) * 4, **blocks, **sizes, **more)


def save_pipeline(folder: Path, seed: int = 0) -> Path:
    """Write a diffusers folder of a StableDiffusionPipeline that draws pictures of SIZE x SIZE pixels."""
    from diffusers import PNDMScheduler, StableDiffusionPipeline
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(seed)
    save_clip_tokenizer(folder / "made")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "made")
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    denoiser = unet(cross_attention_dim=16)
    vae = autoencoder()
    scheduler = PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    )
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=denoiser,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def save_clip(folder: Path, seed: int = 0, width: int = 24, projection: int = 16) -> Path:
    """Write a CLIP (config.json, model.safetensors) in the layout of PickScore's and OpenAI's."""
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(seed)
    sizes = {"hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes["projection_dim"] = projection
    text = {**sizes, "vocab_size": CLIP_VOCABULARY, "bos_token_id": CLIP_VOCABULARY - 2}
    text |= {"eos_token_id": CLIP_VOCABULARY - 1, "pad_token_id": CLIP_VOCABULARY - 1}
    vision = {**sizes, "image_size": 2 * SIZE, "patch_size": SIZE // 2}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=projection, initializer_factor=10.0)
    CLIPModel(config).save_pretrained(folder)
    return folder


def save_aesthetic(folder: Path, seed: int = 0) -> Path:
    """Write an aesthetic scorer: config.json and clip.safetensors of a CLIP, and the head on its features."""
    save_clip(folder, seed, projection=HEAD_SIZES[0])
    (folder / "model.safetensors").rename(folder / "clip.safetensors")
    torch.manual_seed(seed)
    head = {}
    for name, size, inputs in zip(HEAD_LAYERS, HEAD_SIZES[1:], HEAD_SIZES, strict=False):
        layer = torch.nn.Linear(inputs, size)
        head |= {f"layers.{name}.weight": 3 * layer.weight.detach(), f"layers.{name}.bias": layer.bias.detach()}
    save_file(head, folder / "head.safetensors")
    return folder
