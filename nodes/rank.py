"""Load Reward Model and Rank Prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfy_api.latest import io

from .comfy import folders, loading, memory, running, versions
from .inputs import ADVANCED, CATEGORY, RewardModelType, with_score

if TYPE_CHECKING:
    from ..beautifier.rewards.model import RankedPrompt

AUTO_ALPHA = -1.0


class LoadRewardModel(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id="PromptBeautifierLoadRewardModel",
            display_name="Load Reward Model",
            category=CATEGORY,
            description="Loads a model that tells from a prompt's words how good a picture it is going to make.",
            search_aliases=["prompt scorer", "reward model loader", "rank prompts", "奖励模型", "提示词评分"],
            inputs=[
                io.Combo.Input(
                    "model",
                    options=folders.reward_choices(),
                    tooltip=(
                        "embedded comes with the pack and runs on any computer. Below it: reward models found in "
                        "models/LLM (a folder with reward.json, which training writes)."
                    ),
                ),
                io.Combo.Input(
                    "device",
                    options=memory.device_choices(),
                    default="auto",
                    tooltip=(
                        "Where the model runs. auto: the embedded one on the CPU, others where ComfyUI runs text "
                        "encoders. cpu: leaves all GPU memory to the image model. gpu: where ComfyUI makes images."
                    ),
                ),
                io.Float.Input(
                    "alpha",
                    default=AUTO_ALPHA,
                    min=AUTO_ALPHA,
                    max=1.0,
                    step=0.05,
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip=(
                        "How much the first of the model's terms counts against the second: 1 is the first alone, "
                        "0 the second alone. Below 0: as the model was made."
                    ),
                ),
                io.Combo.Input(
                    "dtype",
                    options=["auto", *memory.DTYPES],
                    default="auto",
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip=(
                        "Precision of the weights. auto: float32 on the CPU, ComfyUI's text encoder precision on a GPU."
                    ),
                ),
            ],
            outputs=[
                RewardModelType.Output("reward_model", tooltip="Connect it to Beautify Prompt or to Rank Prompts."),
            ],
        )

    @classmethod
    def validate_inputs(cls, model) -> bool | str:
        # None stands for what a link will bring.
        if model is None or model in folders.reward_choices():
            return True
        if not isinstance(model, str):
            return folders.no_name(model, "model", "embedded")
        return f"{folders.no_reward_model(model)} Press R in ComfyUI once it is there."

    @classmethod
    def execute(cls, model: str, device: str = "auto", alpha: float = AUTO_ALPHA, dtype: str = "auto") -> io.NodeOutput:
        return io.NodeOutput(loading.load_reward(model, device, dtype, None if alpha < 0 else alpha))


class RankPrompts(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id="PromptBeautifierRankPrompts",
            display_name="Rank Prompts",
            category=CATEGORY,
            description=(
                "Sorts detailed prompts of one raw prompt, whoever wrote them, by what a reward model expects of them."
            ),
            search_aliases=["score prompts", "best prompt", "sort prompts", "提示词排序", "提示词评分"],
            is_input_list=True,
            inputs=[
                RewardModelType.Input("reward_model", tooltip="The model, from Load Reward Model."),
                io.String.Input(
                    "raw_prompt",
                    multiline=True,
                    default="1 girl",
                    placeholder="the short prompt",
                    tooltip=(
                        "The short prompt that the others were made of. The score says how well they fit it, too."
                    ),
                ),
                io.String.Input(
                    "prompts",
                    optional=True,
                    force_input=True,
                    tooltip="Prompts to rank: the candidates of Beautify Prompt, or any other list.",
                ),
                io.String.Input(
                    "text",
                    multiline=True,
                    default="",
                    optional=True,
                    placeholder="one prompt a line",
                    tooltip="More prompts to rank, one a line; they follow those of the list.",
                ),
            ],
            outputs=[
                io.String.Output("prompt", tooltip="The best prompt. Connect it to CLIP Text Encode."),
                io.String.Output(
                    "ranked",
                    is_output_list=True,
                    tooltip="All prompts as a list, the best first: the nodes behind it run once for each.",
                ),
                io.Float.Output(
                    "scores",
                    is_output_list=True,
                    tooltip="The score of each prompt as a list, in the order of the ranked prompts.",
                ),
                io.String.Output(
                    "report",
                    tooltip=(
                        "Rank, score and the terms it is made of, in one text. Connect it to Preview as Text to "
                        "read it."
                    ),
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        reward_model: list[memory.LoadedRewardModel],
        raw_prompt: list[str],
        prompts: list[str] | None = None,
        text: list[str] | None = None,
    ) -> io.NodeOutput:
        loaded, raw = the_one("reward_model", reward_model), the_one("raw_prompt", raw_prompt)
        given = [*(prompts or []), *lines(text or [])]
        if not given:
            raise ValueError("there is no prompt to rank: connect a list to prompts, or write them into text")
        ranked = running.rank_prompts(loaded, raw, given)
        best_first = [each.prompt for each in ranked]
        told = report(ranked)
        return io.NodeOutput(best_first[0], best_first, [each.score for each in ranked], told, ui={"text": [told]})


def the_one(name: str, values: list):
    """The value of an input that may have come as a list of equal ones. Raises ValueError for different ones."""
    if any(value != values[0] for value in values):
        raise ValueError(
            f"Rank Prompts compares the prompts of one {name}, and {len(set(values))} different ones came in: "
            "rank the prompts of each by themselves"
        )
    return values[0]


def lines(texts: list[str]) -> list[str]:
    """The prompts written one a line; blank lines are none."""
    return [line.strip() for text in texts for line in text.splitlines() if line.strip()]


def report(ranked: list[RankedPrompt]) -> str:
    """Rank, score, terms and prompt, the best first, an empty line between two."""
    told = []
    for rank, each in enumerate(ranked, 1):
        terms = ", ".join(f"{name} {value:.3f}" for name, value in each.terms.items())
        told.append(f"{rank}. {with_score(each.prompt, each.score, terms)}")
    return "\n\n".join(told)


NODES = [LoadRewardModel, RankPrompts]
