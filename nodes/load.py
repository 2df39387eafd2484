"""Load Beautifier: the model that Beautify Prompt writes with."""

from __future__ import annotations

from comfy_api.latest import io

from ..beautifier.chat.own_instructions import NONE
from ..beautifier.families import CHAT, CUSTOM, FAMILIES
from .comfy import folders, loading, memory, versions
from .inputs import ADVANCED, CATEGORY, BeautifierType, edited, instruction_input

TEMPLATE = "{raw_prompt}"


class LoadBeautifier(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id="PromptBeautifierLoadBeautifier",
            display_name="Load Beautifier",
            category=CATEGORY,
            description="Loads a language model that makes detailed prompts of short ones.",
            search_aliases=["load prompt model", "prompt enhancer loader", "加载提示词模型", "加载美化模型"],
            inputs=[
                io.Combo.Input(
                    "model",
                    options=folders.model_choices(),
                    default="embedded",
                    tooltip=(
                        "embedded comes with the pack and runs on any computer. Below it: published "
                        "models, which are downloaded into models/LLM when the node first runs with "
                        "them, and checkpoint folders found in models/LLM (a folder with config.json, "
                        "tokenizer.json and safetensors files)."
                    ),
                ),
                io.Combo.Input(
                    "device",
                    options=memory.device_choices(),
                    default="auto",
                    tooltip=(
                        "Where the model runs. auto: where ComfyUI runs text encoders. cpu: leaves all "
                        "GPU memory to the image model. gpu: where ComfyUI makes images."
                    ),
                ),
                io.Combo.Input(
                    "dtype",
                    options=["auto", *memory.DTYPES, *loading.FEW_BITS],
                    default="auto",
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip=(
                        "Precision of the weights. auto: ComfyUI's text encoder precision on a GPU; on the CPU "
                        "float32 for embedded, bfloat16 for larger models where the processor has it. int8: CPU "
                        "only, half the memory of bfloat16; the wording differs a little. int4: CPU or NVIDIA, a third "
                        "of the memory; the wording differs more."
                    ),
                ),
                io.Combo.Input(
                    "family",
                    options=["auto", *FAMILIES, CHAT.name, CUSTOM],
                    default="auto",
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip=(
                        "How the checkpoint was trained to be asked. auto knows it for published models "
                        "and reads it from the beautifier.json in other folders; a chat model without that "
                        "file is asked in its chat template. Name it here for others. custom: by the "
                        "template below. Not used for embedded."
                    ),
                ),
                io.String.Input(
                    "template",
                    multiline=True,
                    default=TEMPLATE,
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip=(
                        "What the checkpoint is given to read; raw_prompt in curly brackets stands for the "
                        "words of your prompt. Used when family is custom."
                    ),
                ),
                instruction_input(),
            ],
            outputs=[
                BeautifierType.Output("beautifier", tooltip="Connect it to Beautify Prompt."),
            ],
        )

    @classmethod
    def validate_inputs(cls, model) -> bool | str:
        # That it takes `model` keeps ComfyUI from looking for it in the menu: what a menu says of a download
        # changes, and a saved workflow still holds what it said. None stands for what a link will bring.
        if model is None or folders.is_known(model):
            return True
        if not isinstance(model, str):
            return folders.no_name(model, "model", "embedded")
        return (
            f"there is no checkpoint {model!r}: put its folder into models/LLM and press R in ComfyUI, or choose "
            "another model"
        )

    @classmethod
    def fingerprint_inputs(cls, instruction: str = NONE, **_) -> str:
        return edited(instruction)

    @classmethod
    def execute(
        cls,
        model: str,
        device: str = "auto",
        dtype: str = "auto",
        family: str = "auto",
        template: str = TEMPLATE,
        instruction: str = NONE,
    ) -> io.NodeOutput:
        told, named = folders.instruction_text(instruction), None if family == "auto" else family
        return io.NodeOutput(loading.load(model, device, dtype, named, template, told))


NODES = [LoadBeautifier]
