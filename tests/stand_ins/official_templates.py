"""ComfyUI's official workflow templates, and which image model is found for each text in them.

    COMFYUI_TEMPLATES=FOLDER python -m tests.stand_ins.official_templates [--all]

prints a table of the templates tagged text to image or text to video, or of all. FOLDER has their JSON files and
index.json, as the Python package comfyui-workflow-templates-json brings them in its folder `templates`.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from prompt_beautifier.beautifier import graph as graphs
from prompt_beautifier.beautifier.targets.table import Found

from .page_graph import graph_of

TEXT_TO_PICTURE, TEXT_TO_VIDEO = "Text to Image", "Text to Video"

# What the index says a template draws with -> rows of the table that are right for it.
LABELS = {
    "ACE-Step": "none",
    "Anima": "anima",
    "Bernini-R": "wan wan-image",
    "Boogu": "llm-image",
    "Capybara": "llm-image",
    "Chroma": "chroma",
    "ERNIE-Image": "ernie-image",
    "Fibo 2.0": "llm-image",
    "FireRed Image Edit 1.1": "qwen-image",
    "FLUX 3 Image": "llm-image",
    "FLUX.1 Kontext": "flux1",
    "FLUX.1 Krea": "flux1",
    "FLUX.1": "flux1",
    "FLUX.2 Dev": "flux2",
    "FLUX.2 Klein": "klein",
    "HiDream": "hidream hidream-o1",
    "HuMo": "wan",
    "Hunyuan Video": "hunyuan-video hunyuan-video15",
    "Ideogram": "ideogram4",
    "JoyAI Image Edit": "llm-image",
    "Kandinsky": "llm-image kandinsky5-video",
    "Krea 2": "krea2",
    "Lens": "llm-image",
    "LongCat Image Edit": "llm-image",
    "LongCat": "llm-image",
    "LTX-0.9.5": "ltx",
    "LTX-2": "ltx",
    "LTX-2.3": "ltx",
    "LTX-2.5": "ltx",
    "Mage-Flow": "llm-image",
    "Ming Image": "llm-image",
    "MiniMax H3": "minimax-video minimax-image",
    "MiniMax Music 3": "none",
    "MOSS-Image": "llm-image",
    "NewBie": "newbie",
    "OmniGen": "omnigen2",
    "Ovis-Image": "llm-image",
    "PiD": "llm-image",
    "PixelDiT": "llm-image",
    "Qwen Image 2.1": "qwen-image-2.1",
    "Qwen Image Edit 2511": "qwen-image",
    "Qwen-Image 2512": "qwen-image",
    "Qwen-Image": "qwen-image",
    "Qwen-Image-Edit": "qwen-image",
    "Qwen-Image-Layered": "qwen-image",
    "SAM 3D Body": "none",
    "SAM3": "none",
    "SCAIL-2": "wan",
    "SD3.5": "sd35",
    "SDXL": "sdxl",
    "Stable Audio": "none",
    "VOID": "t5-video",
    "Wan Animate": "wan",
    "Wan": "wan",
    "Wan2.1 InfiniteTalk": "wan",
    "Wan2.1": "wan wan-image",
    "Wan2.2": "wan",
    "Z-Image": "z-image",
    "Z-Image-Turbo": "z-image",
}
# Where the index names another model than the files do, where a video model makes pictures, and where SAM 3 finds parts
# of a picture by words beside the image model.
CORRECTED = {
    "image_minimax_h3_t2i": "minimax-image",
    "image_netayume_lumina_t2i": "netayume",
    "txt_to_image_to_video": "sdxl",
    "utility_void_video_inpainting": "t5-video none",
    "video_wan21_scail2_character_replacement": "wan none",
    "video_wan21_scail2_character_replacement_int8": "wan none",
    "video_wan_vace_inpainting": "wan none",
}
WITHOUT_TEXT = {"image_lotus_depth_v1_1": "it takes a picture and no text, though the index tags it text to image"}


@dataclass(frozen=True)
class Template:
    name: str
    tags: frozenset[str]
    models: tuple[str, ...]
    found: dict[str, Found]  # id of a node with a text -> the image model it is for

    @property
    def rows(self) -> set[str]:
        """The rows that were found for its texts; "none" for what is no image model."""
        return {found.target.name if found.target else "none" for found in self.found.values()}

    @property
    def right(self) -> set[str]:
        """The rows that are right for its texts."""
        if self.name in CORRECTED:
            return set(CORRECTED[self.name].split())
        rows = set(" ".join(LABELS.get(model, "") for model in self.models).split())
        asked = self.tags & {TEXT_TO_PICTURE, TEXT_TO_VIDEO, "Image to Video"}
        if "API" in self.tags or self.name.startswith("api_") or len(asked) > 1:
            rows |= {"hosted"} if asked != {TEXT_TO_VIDEO} else set()
            rows |= {"hosted-video"} if asked != {TEXT_TO_PICTURE} else set()
        return rows

    @property
    def recognised(self) -> bool:
        """Whether it has a text, and a right row was found for each."""
        return bool(self.rows) and self.rows <= self.right


def folder() -> Path | None:
    """Where the templates are, as the environment says."""
    named = os.environ.get("COMFYUI_TEMPLATES")
    return Path(named) if named else None


def templates(where: Path) -> list[Template]:
    index = json.loads((where / "index.json").read_text(encoding="utf-8"))
    return [read(where, entry) for category in index for entry in category["templates"]]


def read(where: Path, entry: dict) -> Template:
    graph = graph_of(json.loads((where / f"{entry['name']}.json").read_text(encoding="utf-8")))
    found = {node_id: graphs.image_model_of(graph, node_id) for node_id in with_text(graph)}
    return Template(entry["name"], frozenset(entry.get("tags", ())), tuple(entry.get("models", ())), found)


def with_text(graph: dict) -> list[str]:
    """The nodes with a text of their own that a node reads for an image model."""
    below = graphs.consumers(graph)
    return [
        node_id
        for node_id, node in graph.items()
        if not any(graphs.FILE.search(file) for file in graphs.files_of(node))
        and any(isinstance(value, str) and not graphs.NAMED.search(name) for name, value in node["inputs"].items())
        and any(graphs.readers(graph, below, [node_id]))
    ]


def main() -> None:
    where = folder()
    if where is None:
        sys.exit("set COMFYUI_TEMPLATES to the folder of the templates")
    every = templates(where)
    shown = every if "--all" in sys.argv else [each for each in every if each.tags & {TEXT_TO_PICTURE, TEXT_TO_VIDEO}]
    for each in sorted(shown, key=lambda template: template.name):
        told = {found.by for found in each.found.values() if found.sure}
        mark = "" if each.recognised else "?" if each.rows else WITHOUT_TEXT.get(each.name, "no text")
        print(" | ".join((each.name, *map(", ".join, (each.models, sorted(each.rows), sorted(told))), mark)))
    right, texts = sum(each.recognised for each in shown), sum(bool(each.rows) for each in shown)
    print(f"{right} recognised of {texts} with a text for a model, of {len(shown)}")


if __name__ == "__main__":
    main()
