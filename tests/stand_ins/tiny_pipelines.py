"""Pipelines of today with random weights, in the layout of the published ones: SDXL and Flux."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from prompt_beautifier.training.pictures.tiny import autoencoder, save_clip_tokenizer, unet


def text_encoder(projected: bool):
    """A CLIP text encoder of the bytes, with a projection or without."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    tokens = {"vocab_size": 514, "bos_token_id": 512, "eos_token_id": 513, "pad_token_id": 513}
    kind = CLIPTextModelWithProjection if projected else CLIPTextModel
    return kind(CLIPTextConfig(**sizes, **tokens, projection_dim=16))


def clip_tokenizer(folder: Path):
    from transformers import CLIPTokenizer

    save_clip_tokenizer(folder)
    return CLIPTokenizer.from_pretrained(folder)


def save_sdxl(folder: Path) -> Path:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    torch.manual_seed(0)
    denoiser = unet(
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 16,
    )
    tokenizer = clip_tokenizer(folder / "made")
    StableDiffusionXLPipeline(
        autoencoder(),
        text_encoder(False),
        text_encoder(True),
        tokenizer,
        tokenizer,
        denoiser,
        EulerDiscreteScheduler(),
        add_watermarker=False,
    ).save_pretrained(folder)
    return folder


def save_flux(folder: Path) -> Path:
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
    from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

    torch.manual_seed(0)
    letters = {letter: number for number, letter in enumerate(["<pad>", "</s>", *map(chr, range(32, 127))])}
    bytes_alone = Tokenizer(models.WordLevel(letters, unk_token="</s>"))
    bytes_alone.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    t5 = T5Config(vocab_size=len(letters), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        pooled_projection_dim=16,
        axes_dims_rope=(4, 4, 8),
    )
    FluxPipeline(
        FlowMatchEulerDiscreteScheduler(),
        autoencoder(1, shift_factor=0.0, scaling_factor=1.0, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder(False),
        clip_tokenizer(folder / "made"),
        T5EncoderModel(t5),
        PreTrainedTokenizerFast(tokenizer_object=bytes_alone, pad_token="<pad>", eos_token="</s>", model_max_length=64),
        transformer,
    ).save_pretrained(folder)
    return folder
