"""Load Beautifier and Beautify Prompt."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from comfy_api.latest import io

from ..beautifier.families import CHAT, CUSTOM, FAMILIES
from ..beautifier.request import AUTO_STYLE, MAX_SEED, MODES, MOST_CANDIDATES, STYLE_CHOICES, Request, Sampling
from . import metadata
from .comfy import folders, loading, memory, running, server, versions
from .inputs import ADVANCED, CATEGORY, BeautifierType, RewardModelType, with_score

if TYPE_CHECKING:
    from ..beautifier.request import Candidate


USUAL = Sampling()
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
                    options=["auto", "cpu", "gpu"],
                    default="auto",
                    tooltip=(
                        "Where the model runs. auto: where ComfyUI runs text encoders. cpu: leaves all "
                        "GPU memory to the image model. gpu: where ComfyUI makes images."
                    ),
                ),
                io.Combo.Input(
                    "dtype",
                    options=["auto", *memory.DTYPES, "int8"],
                    default="auto",
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip=(
                        "Precision of the weights. auto: ComfyUI's text encoder precision on a GPU; on the CPU "
                        "float32 for embedded, bfloat16 for larger models where the processor has it. int8: CPU "
                        "only, half the memory of bfloat16; the wording differs a little."
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
    def execute(
        cls,
        model: str,
        device: str = "auto",
        dtype: str = "auto",
        family: str = "auto",
        template: str = TEMPLATE,
    ) -> io.NodeOutput:
        return io.NodeOutput(loading.load(model, device, dtype, None if family == "auto" else family, template))


class BeautifyPrompt(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id=metadata.NODE,
            display_name="Beautify Prompt",
            category=CATEGORY,
            description=(
                "Makes detailed prompts of a short one. What you write in ComfyUI syntax, such as (red "
                "dress:1.3) or embedding:name, comes back unchanged."
            ),
            search_aliases=[
                "prompt enhance",
                "prompt upsampling",
                "magic prompt",
                "expand prompt",
                "prompt generator",
                "提示词",
                "美化",
                "扩写",
            ],
            inputs=[*request_inputs(), *sampling_inputs(), reward_model_input(), style_input()],
            outputs=[
                io.String.Output("prompt", tooltip="The chosen candidate. Connect it to CLIP Text Encode."),
                io.String.Output(
                    "candidates",
                    is_output_list=True,
                    tooltip=(
                        "All candidates as a list: the nodes behind it run once for each, for example one image each."
                    ),
                ),
                io.String.Output(
                    "overview",
                    tooltip=("All candidates in one text, numbered. Connect it to Preview as Text to read them."),
                ),
            ],
            hidden=[io.Hidden.unique_id, io.Hidden.extra_pnginfo],
            has_intermediate_output=True,  # the list comes again where the result comes from the cache
        )

    @classmethod
    def execute(
        cls,
        beautifier: memory.LoadedBeautifier,
        prompt: str,
        seed: int,
        num_candidates: int = 5,
        candidate: int = 1,
        mode: str = "rewrite",
        clip_tokens: int = 0,
        sampling: str = "model default",
        temperature: float = USUAL.temperature,
        top_k: int = USUAL.top_k,
        top_p: float = USUAL.top_p,
        repetition_penalty: float = USUAL.repetition_penalty,
        max_new_tokens: int = USUAL.max_new_tokens,
        reward_model: memory.LoadedRewardModel | None = None,
        style: str = AUTO_STYLE,
    ) -> io.NodeOutput:
        custom = Sampling(temperature, top_k, top_p, repetition_penalty, max_new_tokens)
        used = custom if sampling == "custom" else None
        request = Request(prompt, num_candidates, seed, used, mode, clip_tokens or None, style)
        found = running.beautify(beautifier, request)
        if reward_model is not None:
            found = running.rank(reward_model, prompt, found)
        texts = [each.text for each in found]
        # A prompt without words comes back alone, and a model may give fewer candidates than were asked for.
        chosen = texts[min(candidate, len(texts)) - 1]
        entry = {
            "raw_prompt": prompt,
            "prompt": chosen,
            "candidates": texts,
            "seed": seed,
            "model": beautifier.beautifier.name,
        }
        if reward_model is not None:
            entry["scores"] = [each.score for each in found]
            entry["reward_model"] = reward_model.reward_model.name
        metadata.write(cls.hidden.extra_pnginfo, cls.hidden.unique_id, server.list_index(), entry)
        listed = {
            "texts": texts,
            "scores": entry.get("scores"),
            "seed": seed,
            "used": min(candidate, len(texts)) - 1,
            "notice": too_few(candidate, num_candidates),
        }
        return io.NodeOutput(chosen, texts, overview(found), ui={"text": texts, "prompt_beautifier": [listed]})


def too_few(candidate: int, num_candidates: int) -> str | None:
    """What to say of a candidate that was chosen but not made; None where nothing is wrong."""
    if candidate <= num_candidates:
        return None
    notice = (
        f"candidate is {candidate}, but num_candidates is {num_candidates}: the last one was taken. Make more to "
        "have the others"
    )
    logging.warning("Beautify Prompt: %s", notice)
    return notice


def request_inputs() -> list[io.Input]:
    """The inputs of Beautify Prompt that everyone uses."""
    return [
        BeautifierType.Input("beautifier", tooltip="The model, from Load Beautifier or Connect Prompt LLM."),
        io.String.Input(
            "prompt",
            multiline=True,
            dynamic_prompts=True,
            default="1 girl",
            placeholder="a short prompt",
            tooltip=(
                "A short description of the picture. Weights, embeddings, LoRA tags and other ComfyUI "
                "syntax stay as they are."
            ),
        ),
        io.Int.Input(
            "seed",
            default=0,
            min=0,
            max=MAX_SEED,
            control_after_generate=True,
            tooltip=(
                "Another seed gives other candidates. The same seed, model and settings always give the same ones."
            ),
        ),
        io.Int.Input(
            "num_candidates",
            default=5,
            min=1,
            max=MOST_CANDIDATES,
            tooltip="How many candidates to make. Making more does not change the first ones.",
        ),
        io.Int.Input(
            "candidate",
            default=1,
            min=1,
            max=MOST_CANDIDATES,
            tooltip=("Which candidate goes to the prompt output: 1 is the first, and with a reward model the best."),
        ),
        io.Combo.Input(
            "mode",
            options=list(MODES),
            default="rewrite",
            tooltip=(
                "rewrite: the model's text replaces your words. append: your prompt stays as typed and "
                "new details follow it."
            ),
        ),
        io.Int.Input(
            "clip_tokens",
            default=0,
            min=0,
            max=10_000,
            tooltip=(
                "Longest candidate, in CLIP tokens; it ends at a whole word. 0: no limit. 75 is what "
                "fits into one CLIP chunk."
            ),
        ),
    ]


def sampling_inputs() -> list[io.Input]:
    """The inputs of Beautify Prompt that say how the next word is chosen: the fields of Sampling by name."""
    return [
        io.Combo.Input(
            "sampling",
            options=["model default", "custom"],
            default="model default",
            optional=True,
            extra_dict=ADVANCED,
            tooltip=(
                "model default: the settings the model was published with; those below are not used. "
                "custom: the settings below."
            ),
        ),
        io.Float.Input(
            "temperature",
            default=USUAL.temperature,
            min=0.05,
            max=5.0,
            step=0.05,
            optional=True,
            extra_dict=ADVANCED,
            tooltip=("Below 1 the wording is safer, above 1 it is more surprising. Used when sampling is custom."),
        ),
        io.Int.Input(
            "top_k",
            default=USUAL.top_k,
            min=0,
            max=10_000,
            optional=True,
            extra_dict=ADVANCED,
            tooltip=(
                "Choose the next token among this many of the likeliest. 0: among all. Used when sampling is custom."
            ),
        ),
        io.Float.Input(
            "top_p",
            default=USUAL.top_p,
            min=0.01,
            max=1.0,
            step=0.01,
            optional=True,
            extra_dict=ADVANCED,
            tooltip=(
                "Choose among the likeliest tokens that together have this probability. 1: among all. "
                "Used when sampling is custom."
            ),
        ),
        io.Float.Input(
            "repetition_penalty",
            default=USUAL.repetition_penalty,
            min=0.1,
            max=5.0,
            step=0.05,
            optional=True,
            extra_dict=ADVANCED,
            tooltip=("Above 1, words that are already there become less likely. 1: off. Used when sampling is custom."),
        ),
        io.Int.Input(
            "max_new_tokens",
            default=USUAL.max_new_tokens,
            min=1,
            max=4096,
            optional=True,
            extra_dict=ADVANCED,
            tooltip="Longest answer, in the model's tokens. Used when sampling is custom.",
        ),
    ]


def reward_model_input() -> io.Input:
    """The input of Beautify Prompt for a model that ranks the candidates."""
    return RewardModelType.Input(
        "reward_model",
        optional=True,
        tooltip=(
            "Ranks the candidates, the best first: candidate 1 is then the best of all that were made. From Load "
            "Reward Model."
        ),
    )


def style_input() -> io.Input:
    """The input for what the embedded model writes; the last one, so that older graphs keep their widgets."""
    return io.Combo.Input(
        "style",
        options=list(STYLE_CHOICES),
        default=AUTO_STYLE,
        optional=True,
        tooltip=(
            "What the embedded model writes. auto: what the image model reads. phrases: for SD 1.5 and SDXL. "
            "sentences: for Flux, Qwen-Image, Z-Image, Krea and others that read with a language model. tags: for "
            "Illustrious, NoobAI, Pony and Animagine."
        ),
    )


def overview(candidates: list[Candidate]) -> str:
    """All candidates in one text to read: numbered, with their scores if they have any, an empty line between two."""
    shown = [each.text if each.score is None else with_score(each.text, each.score) for each in candidates]
    return "\n\n".join(f"{number}. {text}" for number, text in enumerate(shown, 1))


NODES = [LoadBeautifier, BeautifyPrompt]
