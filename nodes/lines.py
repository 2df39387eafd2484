"""Prompt Lines: several prompts, one a line, as a list."""

from __future__ import annotations

from comfy_api.latest import io

from .comfy import versions
from .inputs import CATEGORY


class PromptLines(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id="PromptBeautifierPromptLines",
            display_name="Prompt Lines",
            category=CATEGORY,
            description=(
                "Makes a list of several prompts, one a line: the nodes behind it run once for each. Connect it to the "
                "prompt of Beautify Prompt."
            ),
            search_aliases=[
                "prompt list",
                "prompts from text",
                "split lines",
                "multiple prompts",
                "多行提示词",
                "批量",
            ],
            inputs=[
                io.String.Input(
                    "text",
                    multiline=True,
                    dynamic_prompts=True,
                    default="",
                    placeholder="one prompt a line",
                    tooltip="The prompts, one a line. Blank lines are none.",
                ),
            ],
            outputs=[
                io.String.Output(
                    "prompts",
                    is_output_list=True,
                    tooltip="The prompts as a list, in their order. Connect it to the prompt of Beautify Prompt.",
                ),
            ],
        )

    @classmethod
    def execute(cls, text: str) -> io.NodeOutput:
        prompts = [line.strip() for line in text.splitlines() if line.strip()]
        if not prompts:
            raise ValueError("there is no prompt: write one or more into text, one a line")
        return io.NodeOutput(prompts)


NODES = [PromptLines]
