"""ComfyUI as far as the nodes ask of it, so that they can be tested without one.

`installed(models)` puts stand-ins for comfy, comfy_api, comfy_execution, folder_paths and server into
sys.modules. They take the arguments that ComfyUI 0.8.0 takes, no others; tests/integration runs the real one.
"""

import contextlib
import dataclasses
import enum
import sys
import types
from pathlib import Path
from types import SimpleNamespace

import torch

COMMON = {"display_name", "optional", "tooltip", "lazy", "extra_dict", "raw_link"}
WIDGET = COMMON | {"default", "socketless", "force_input"}
KEYWORDS = {
    "COMBO": WIDGET | {"options", "control_after_generate", "upload", "image_folder", "remote"},
    "STRING": WIDGET | {"multiline", "placeholder", "dynamic_prompts"},
    "INT": WIDGET | {"min", "max", "step", "control_after_generate", "display_mode"},
    "FLOAT": WIDGET | {"min", "max", "step", "round", "display_mode"},
    "BOOLEAN": WIDGET | {"label_on", "label_off"},
    "CLIP": COMMON,
    "IMAGE": COMMON,
    "LATENT": COMMON,
    "MASK": COMMON,
}


def io_type(name: str) -> type:
    """What io.String and its like are: a class with Input and Output."""

    class Input:
        def __init__(self, id, **options):
            unknown = set(options) - KEYWORDS.get(name, COMMON)
            if unknown:
                raise TypeError(f"{name}.Input has no argument {', '.join(sorted(unknown))}")
            self.id, self.type, self.options = id, name, options

    class Output:
        def __init__(self, id=None, display_name=None, tooltip=None, is_output_list=False):
            self.id, self.type, self.tooltip, self.is_output_list = id, name, tooltip, is_output_list

    return type(name.title(), (), {"Input": Input, "Output": Output})


@dataclasses.dataclass
class Schema:
    """The fields of ComfyUI 0.8.0's io.Schema."""

    node_id: str
    display_name: str | None = None
    category: str = "sd"
    inputs: list = dataclasses.field(default_factory=list)
    outputs: list = dataclasses.field(default_factory=list)
    hidden: list = dataclasses.field(default_factory=list)
    description: str = ""
    is_input_list: bool = False
    is_output_node: bool = False
    is_deprecated: bool = False
    is_experimental: bool = False
    is_api_node: bool = False
    not_idempotent: bool = False
    enable_expand: bool = False


@dataclasses.dataclass
class NewerSchema(Schema):
    """What later versions added."""

    search_aliases: list = dataclasses.field(default_factory=list)


class Hidden(enum.Enum):
    unique_id = "UNIQUE_ID"
    prompt = "PROMPT"
    extra_pnginfo = "EXTRA_PNGINFO"


class NodeOutput:
    def __init__(self, *args, ui=None, expand=None, block_execution=None):
        self.args, self.ui = args, ui


class ComfyNode:
    hidden = SimpleNamespace(unique_id="7", extra_pnginfo=None, prompt=None)


class ExecutionBlocker:
    def __init__(self, message):
        self.message = message


class InterruptProcessingException(Exception):
    pass


class ModelPatcher:
    def __init__(self, model, load_device, offload_device, size=0, weight_inplace_update=False):
        model.device = offload_device  # as ComfyUI does, and some networks refuse
        self.model, self.load_device, self.offload_device = model, load_device, offload_device


class Comfy:
    """What a test sees of the stand-in: what was asked of it, and when it shall interrupt."""

    def __init__(self, models: Path):
        self.models = models
        self.loads: list[SimpleNamespace] = []
        self.progress: list[tuple[int, int]] = []
        self.progress_texts: list[tuple[str, str]] = []  # (id of a node, what it says)
        self.told: list[tuple[str, dict, str]] = []  # events to a page: (name, data, the page)
        self.interrupt_after: int | None = None
        self.text_encoder_device = torch.device("cpu")
        self.text_encoder_dtype = torch.float16
        self.running: str | None = None  # the id of the node that runs
        self.list_index: int | None = None
        self.node_classes: dict[str, type] = {}
        self.handlers: list = []
        self.routes: dict = {}  # path -> the handler of POST requests
        self.folders: dict[str, list[str]] = {}

    def load_models_gpu(self, models, memory_required=0, force_full_load=False):
        self.loads.append(SimpleNamespace(models=models, memory=memory_required, full=force_full_load))

    def throw_exception_if_processing_interrupted(self):
        if self.interrupt_after is not None and len(self.progress) >= self.interrupt_after:
            raise InterruptProcessingException

    def progress_bar(self, total):
        def update_absolute(value, total=None):
            self.progress.append((value, total))

        return SimpleNamespace(update_absolute=update_absolute)

    def set_progress_bar_global_hook(self, hook):
        sys.modules["comfy.utils"].PROGRESS_BAR_HOOK = hook

    def send_progress_text(self, text, node_id, sid=None):
        self.progress_texts.append((node_id, text))

    def send_sync(self, event, data, sid=None):
        self.told.append((event, data, sid))

    def add_model_folder_path(self, name, path, is_default=False):
        self.folders.setdefault(name, []).append(path)


def modules(comfy: Comfy) -> dict[str, types.ModuleType]:
    """All stand-in modules by name."""
    management = {
        "load_models_gpu": comfy.load_models_gpu,
        "throw_exception_if_processing_interrupted": comfy.throw_exception_if_processing_interrupted,
        "InterruptProcessingException": InterruptProcessingException,
        "get_torch_device": lambda: torch.device("meta"),
        "text_encoder_device": lambda: comfy.text_encoder_device,
        "text_encoder_offload_device": lambda: torch.device("cpu"),
        "text_encoder_dtype": lambda device=None: comfy.text_encoder_dtype,
    }
    io = {
        "Schema": Schema,
        "Hidden": Hidden,
        "NodeOutput": NodeOutput,
        "ComfyNode": ComfyNode,
        "Input": object,
        "Custom": io_type,
        **{name.title(): io_type(name) for name in KEYWORDS},
    }
    routes = SimpleNamespace(post=lambda path: lambda handler: comfy.routes.setdefault(path, handler))
    server = SimpleNamespace(
        add_on_prompt_handler=comfy.handlers.append,
        routes=routes,
        client_id="page",
        send_progress_text=comfy.send_progress_text,
        send_sync=comfy.send_sync,
    )
    contents = {
        "comfy": {},
        "comfy.model_management": management,
        "comfy.model_patcher": {"ModelPatcher": ModelPatcher},
        "comfy.utils": {
            "ProgressBar": comfy.progress_bar,
            "PROGRESS_BAR_HOOK": None,
            "set_progress_bar_global_hook": comfy.set_progress_bar_global_hook,
        },
        "comfy_api": {},
        "comfy_api.latest": {"io": SimpleNamespace(**io), "ComfyExtension": object},
        "comfy_execution": {},
        "comfy_execution.graph_utils": {"ExecutionBlocker": ExecutionBlocker},
        "comfy_execution.utils": {
            "get_executing_context": lambda: SimpleNamespace(node_id=comfy.running, list_index=comfy.list_index)
        },
        "nodes": {"NODE_CLASS_MAPPINGS": comfy.node_classes},
        "folder_paths": {
            "models_dir": str(comfy.models),
            "add_model_folder_path": comfy.add_model_folder_path,
            "get_full_path": lambda kind, name: next(map(str, (comfy.models / kind).glob(name)), None),
            "get_folder_paths": lambda name: list(comfy.folders.get(name, [])),
            "get_user_directory": lambda: str(comfy.models.parent / "user"),
            "get_temp_directory": lambda: str(comfy.models.parent / "temp"),
        },
        "server": {"PromptServer": SimpleNamespace(instance=server)},
    }
    made = {}
    for name, attributes in contents.items():
        made[name] = types.ModuleType(name)
        vars(made[name]).update(attributes)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(made[parent], child, made[name])
    return made


@contextlib.contextmanager
def installed(models: Path):
    """The stand-ins in sys.modules, and none of the pack's nodes left in it afterwards."""
    comfy = Comfy(models)
    before = dict(sys.modules)
    sys.modules.update(modules(comfy))
    try:
        yield comfy
    finally:
        ours = [name for name in sys.modules if name.startswith("prompt_beautifier.nodes")]
        for name in [*modules(comfy), *ours]:
            if name in before:
                sys.modules[name] = before[name]
            else:
                del sys.modules[name]
