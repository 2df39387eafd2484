"""Connect Prompt LLM: Beautify Prompt on a server's model."""

from __future__ import annotations

from comfy_api.latest import io

from ..beautifier.chat.own_instructions import NONE
from ..beautifier.chat.usable import UNUSABLE
from ..beautifier.servers.chat import SERVED_FAMILIES
from ..beautifier.servers.endpoints import FILE_NAME, endpoint_names
from ..beautifier.servers.unloading import AFTERWARDS, KEEP
from .comfy import folders, loading, versions
from .inputs import ADVANCED, CATEGORY, BeautifierType, edited, instruction_input


class ConnectPromptLLM(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id="PromptBeautifierConnectPromptLLM",
            display_name="Connect Prompt LLM",
            category=CATEGORY,
            description=(
                "Lets Beautify Prompt ask a language model on a server: vLLM, llama.cpp, Ollama, or any other "
                "with an OpenAI-compatible API. Your prompt is sent to that server."
            ),
            search_aliases=[
                "openai compatible",
                "chatgpt prompt",
                "ollama",
                "vllm",
                "llama.cpp",
                "remote llm",
                "连接提示词模型",
                "大语言模型",
            ],
            inputs=[
                io.Combo.Input(
                    "endpoint",
                    options=endpoint_names(folders.endpoints_file()),
                    tooltip=(
                        f"The server, by its name in {FILE_NAME} in ComfyUI's user folder. Addresses and keys "
                        "stay in that file; it is made, with examples, when this node first runs."
                    ),
                ),
                io.String.Input(
                    "model",
                    default="",
                    placeholder="the endpoint's own",
                    tooltip="The model's name at the server. Empty: the one in the file, or the server's only one.",
                ),
                io.Combo.Input(
                    "family",
                    options=list(SERVED_FAMILIES),
                    default="chat",
                    tooltip=(
                        "chat: any chat model. The others are for checkpoints made for prompts, such as "
                        "pai-bloom-1b1-text2prompt-sd served by vLLM."
                    ),
                ),
                io.Combo.Input(
                    "unusable_answer",
                    options=list(UNUSABLE),
                    default="error",
                    tooltip=(
                        "What to do where the model refuses, or answers something else. error: leave that answer "
                        "out, and stop if none is left. raw prompt: take your own prompt in its place."
                    ),
                ),
                io.Float.Input(
                    "timeout",
                    default=120.0,
                    min=1.0,
                    max=3600.0,
                    step=1.0,
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip="Give up when the server sends nothing for this many seconds.",
                ),
                instruction_input(),
                io.Combo.Input(
                    "afterwards",
                    options=list(AFTERWARDS),
                    default=KEEP,
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip=(
                        "What becomes of the server's model once it has answered. free its memory: Ollama, llama.cpp "
                        "and LM Studio unload it before your picture is drawn, and load it again at the next run."
                    ),
                ),
                io.Boolean.Input(
                    "structured",
                    default=False,
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip=(
                        "Have the server hold a chat model to an answer in JSON, where it can: no talk around the "
                        "prompt. A server that cannot is asked without."
                    ),
                ),
            ],
            outputs=[
                BeautifierType.Output("beautifier", tooltip="Connect it to Beautify Prompt."),
            ],
        )

    @classmethod
    def validate_inputs(cls, endpoint) -> bool | str:
        # A name that the menu does not have, as after an edit of the file: the run reads it, and says what is wrong.
        if endpoint is None or isinstance(endpoint, str):
            return True
        return folders.no_name(endpoint, "endpoint", "ollama")

    @classmethod
    def fingerprint_inputs(cls, instruction: str = NONE, **_) -> str:
        return edited(instruction)

    @classmethod
    def execute(
        cls,
        endpoint: str,
        model: str = "",
        family: str = "chat",
        unusable_answer: str = "error",
        timeout: float = 120.0,
        instruction: str = NONE,
        afterwards: str = KEEP,
        structured: bool = False,
    ) -> io.NodeOutput:
        told = folders.instruction_text(instruction)
        asked = {"instruction": told, "afterwards": afterwards, "structured": structured}
        return io.NodeOutput(loading.connect(endpoint, model, family, unusable_answer, timeout, **asked))


NODES = [ConnectPromptLLM]
