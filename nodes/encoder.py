"""Use Text Encoder: Beautify Prompt on the text encoder that the image model has loaded anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfy_api.latest import io

from ..beautifier.chat.own_instructions import NONE
from ..beautifier.chat.usable import UNUSABLE
from .comfy import folders, loading, versions
from .inputs import ADVANCED, CATEGORY, BeautifierType, edited, instruction_input

if TYPE_CHECKING:
    import torch


class UseTextEncoder(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id="PromptBeautifierUseTextEncoder",
            display_name="Use Text Encoder",
            category=CATEGORY,
            description=(
                "Lets Beautify Prompt write with the image model's own text encoder, where that is a language model: "
                "Qwen3, Qwen3-VL, Gemma, Ministral. Nothing is downloaded, and no memory is taken beside it."
            ),
            search_aliases=[
                "clip to llm",
                "generate text",
                "text encoder llm",
                "qwen prompt",
                "gemma prompt",
                "文本编码器",
                "提示词",
            ],
            inputs=[
                io.Clip.Input(
                    "clip",
                    tooltip=(
                        "The text encoder, from Load CLIP or a checkpoint. CLIP and T5 cannot write; Qwen3, Qwen3-VL, "
                        "Qwen3.5, Gemma and Ministral can, with ComfyUI 0.15 or newer."
                    ),
                ),
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip=(
                        "A picture for the encoder to look at, if it can: the prompt is then for a picture like it, "
                        "changed as your words say."
                    ),
                ),
                io.Combo.Input(
                    "unusable_answer",
                    options=list(UNUSABLE),
                    default="error",
                    tooltip=(
                        "What to do where the encoder refuses, or answers something else. error: leave that answer "
                        "out, and stop if none is left. raw prompt: take your own prompt in its place."
                    ),
                ),
                io.Boolean.Input(
                    "thinking",
                    default=False,
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip=(
                        "Let the encoder think before it answers, if it can. It takes many times as long; the thoughts "
                        "are no part of the prompt."
                    ),
                ),
                instruction_input(),
            ],
            outputs=[
                BeautifierType.Output("beautifier", tooltip="Connect it to Beautify Prompt."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, instruction: str = NONE, **_) -> str:
        return edited(instruction)

    @classmethod
    def execute(
        cls,
        clip,
        image: torch.Tensor | None = None,
        unusable_answer: str = UNUSABLE[0],
        thinking: bool = False,
        instruction: str = NONE,
    ) -> io.NodeOutput:
        told = folders.instruction_text(instruction)
        return io.NodeOutput(loading.use_encoder(clip, image, unusable_answer, thinking, told))


NODES = [UseTextEncoder]
