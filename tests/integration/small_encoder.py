"""A custom node of the tests' own: text encoders for a CPU, of random weights or of none.

`install(custom_nodes)` puts this file there as a pack. Its node gives a Qwen3 0.6B as Anima has it, with two narrow
layers, and CLIP objects of encoders that cannot write, whose weights are nowhere.
"""

import shutil
from pathlib import Path
from types import SimpleNamespace

WORDS, WIDTH, HEAD, LAYERS, MLP = 151_936, 1024, 128, 2, 256


def install(custom_nodes: Path) -> None:
    folder = custom_nodes / "small-encoder"
    folder.mkdir()
    shutil.copy(__file__, folder / "__init__.py")


def weights(seed: int) -> dict:
    """The tensors of the small Qwen3, float32, by their names in a file."""
    import torch

    random = torch.Generator().manual_seed(seed)

    def dense(*shape: int):
        return torch.randn(shape, generator=random) / shape[-1] ** 0.5

    found = {"model.embed_tokens.weight": dense(WORDS, WIDTH), "model.norm.weight": torch.ones(WIDTH)}
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        shapes = {"q_proj": (2 * WIDTH, WIDTH), "k_proj": (WIDTH, WIDTH), "v_proj": (WIDTH, WIDTH)}
        shapes |= {"o_proj": (WIDTH, 2 * WIDTH)}
        found |= {f"{at}self_attn.{name}.weight": dense(*shape) for name, shape in shapes.items()}
        found |= {f"{at}self_attn.{name}.weight": torch.ones(HEAD) for name in ("q_norm", "k_norm")}
        shapes = {"gate_proj": (MLP, WIDTH), "up_proj": (MLP, WIDTH), "down_proj": (WIDTH, MLP)}
        found |= {f"{at}mlp.{name}.weight": dense(*shape) for name, shape in shapes.items()}
        found |= {f"{at}{name}.weight": torch.ones(WIDTH) for name in ("input_layernorm", "post_attention_layernorm")}
    return found


def packed_operations():
    """Operations such as loaders of GGUF files bring along: weights are kept small and made whole at every use."""
    import comfy.ops
    import torch

    class Operations(comfy.ops.manual_cast):
        class Linear(comfy.ops.manual_cast.Linear):
            def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
                torch.nn.Module.__init__(self)
                self.in_features, self.out_features, self.weight, self.bias = in_features, out_features, None, None

            def _load_from_state_dict(self, state_dict, prefix, *_):
                weight = state_dict[f"{prefix}weight"].float()
                self.scale = weight.abs().max() / 127
                whole = (weight / self.scale).round().to(torch.int8)
                self.weight = torch.nn.Parameter(whole, requires_grad=False)

            def forward(self, x):
                return torch.nn.functional.linear(x, self.weight.to(x.dtype) * self.scale.to(x.dtype))

    return Operations


def writing_clip(seed: int, packed: bool):
    import comfy.sd

    options = {"qwen3_06b_model_config": {"num_hidden_layers": LAYERS, "intermediate_size": MLP}}
    options |= {"custom_operations": packed_operations()} if packed else {}
    return comfy.sd.load_text_encoder_state_dicts([weights(seed)], model_options=options)


def reading_clip(kind: str):
    """A CLIP object of an encoder that is never run: its weights are on the meta device."""
    import comfy.sd
    import comfy.text_encoders.flux
    import comfy.text_encoders.qwen_image
    import torch

    made = {
        "flux": (comfy.text_encoders.flux.flux_clip(), comfy.text_encoders.flux.FluxTokenizer),
        "qwen-image": (comfy.text_encoders.qwen_image.te(), comfy.text_encoders.qwen_image.QwenImageTokenizer),
    }
    model, tokenizer = made[kind]
    clip = comfy.sd.CLIP(no_init=True)
    clip.patcher = SimpleNamespace(is_dynamic=lambda: False)  # which ComfyUI asks of what it keeps in its cache
    clip.cond_stage_model, clip.tokenizer = model(device="meta", dtype=torch.float16), tokenizer()
    return clip


class SmallEncoder:
    CATEGORY, FUNCTION, RETURN_TYPES = "tests", "make", ("CLIP",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"kind": (["qwen3", "qwen3 packed", "flux", "qwen-image"],), "seed": ("INT", {"default": 0})}
        }

    def make(self, kind, seed):
        return (writing_clip(seed, "packed" in kind) if kind.startswith("qwen3") else reading_clip(kind),)


class ShapeOf:
    """Which shape a conditioning has, as a text."""

    CATEGORY, FUNCTION, RETURN_TYPES = "tests", "say", ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"conditioning": ("CONDITIONING",)}}

    def say(self, conditioning):
        return (str(tuple(conditioning[0][0].shape)),)


NODE_CLASS_MAPPINGS = {"TestSmallEncoder": SmallEncoder, "TestShapeOf": ShapeOf}
