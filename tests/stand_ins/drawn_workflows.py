"""The templates, blueprints and API graphs: what is in workflows/ and subgraphs/. Run, it writes them there.

python -m tests.stand_ins.drawn_workflows        (make graphs)
"""

import asyncio
import dataclasses
import importlib
import json
import re
import tempfile
from pathlib import Path

from . import comfy_stand_in
from .drawing import SOCKET, WIDGETS, Graph, Kind, Outside

ROOT = Path(__file__).resolve().parents[2]
HUB = "https://huggingface.co"
NEGATIVE = "lowres, blurry, deformed, bad anatomy, watermark, text"
LOAD, BEAUTIFY = "PromptBeautifierLoadBeautifier", "PromptBeautifierBeautifyPrompt"


def core(title: str, inputs: str, outputs: str, seeds=(), more=(), **defaults) -> Kind:
    """A kind of ComfyUI's own, from "name:TYPE …"; what has a default has a widget."""
    pairs = [each.split(":") for each in inputs.split()]
    named = [(name, type, defaults.get(name, SOCKET)) for name, type in pairs]
    return Kind(title, named, [tuple(each.split(":")) for each in outputs.split()], seeds=frozenset(seeds), more=more)


SAMPLER = "model:MODEL positive:CONDITIONING negative:CONDITIONING latent_image:LATENT seed:INT steps:INT cfg:FLOAT "
SAMPLER += "sampler_name:COMBO scheduler:COMBO denoise:FLOAT"
SIZE = "width:INT height:INT batch_size:INT"
CLIP_LOADER = "clip_name:COMBO type:COMBO device:COMBO"
CORE = {
    "CheckpointLoaderSimple": core("Load Checkpoint", "ckpt_name:COMBO", "MODEL:MODEL CLIP:CLIP VAE:VAE", ckpt_name=""),
    "UNETLoader": core(
        "Load Diffusion Model",
        "unet_name:COMBO weight_dtype:COMBO",
        "MODEL:MODEL",
        unet_name="",
        weight_dtype="default",
    ),
    "CLIPLoader": core("Load CLIP", CLIP_LOADER, "CLIP:CLIP", clip_name="", type="", device="default"),
    "VAELoader": core("Load VAE", "vae_name:COMBO", "VAE:VAE", vae_name=""),
    "ModelSamplingAuraFlow": core("ModelSamplingAuraFlow", "model:MODEL shift:FLOAT", "MODEL:MODEL", shift=3),
    "EmptyLatentImage": core("Empty Latent Image", SIZE, "LATENT:LATENT", width=512, height=512, batch_size=1),
    "EmptySD3LatentImage": core("EmptySD3LatentImage", SIZE, "LATENT:LATENT", width=1024, height=1024, batch_size=1),
    "CLIPTextEncode": core("CLIP Text Encode (Prompt)", "clip:CLIP text:STRING", "CONDITIONING:CONDITIONING", text=""),
    "ConditioningZeroOut": core("ConditioningZeroOut", "conditioning:CONDITIONING", "CONDITIONING:CONDITIONING"),
    "KSampler": core(
        *("KSampler", SAMPLER, "LATENT:LATENT", ["seed"]),
        **{"seed": 1, "steps": 20, "cfg": 7, "sampler_name": "euler_ancestral", "scheduler": "normal", "denoise": 1},
    ),
    "VAEDecode": core("VAE Decode", "samples:LATENT vae:VAE", "IMAGE:IMAGE"),
    "SaveImage": core("Save Image", "images:IMAGE filename_prefix:STRING", "", filename_prefix=""),
    "PreviewImage": core("Preview Image", "images:IMAGE", ""),
    "PreviewAny": core("Preview as Text", "source:*", "", more=(None, None, False)),
    "PrimitiveStringMultiline": core("String (Multiline)", "value:STRING", "STRING:STRING", value=""),
    "PrimitiveInt": core("Int", "value:INT", "INT:INT", ["value"], value=0),
    "LoadImageDataSetFromFolder": core(
        "Load Image Dataset from Folder", "folder:COMBO", "images:IMAGE", folder="my_pictures"
    ),
}


def own_kinds() -> dict[str, Kind]:
    """The kinds of the pack's nodes, from their schemas."""
    with tempfile.TemporaryDirectory() as models, comfy_stand_in.installed(Path(models)):
        pack = importlib.import_module("prompt_beautifier")
        nodes = asyncio.run(asyncio.run(pack.comfy_entrypoint()).get_node_list())
        return {schema.node_id: own_kind(schema) for schema in (node.define_schema() for node in nodes)}


def own_kind(schema) -> Kind:
    inputs = sorted(schema.inputs, key=lambda each: bool(each.options.get("optional")))  # as the page orders them
    return Kind(
        schema.display_name,
        [(each.id, each.type, usual(each)) for each in inputs],
        [(each.id, each.type) for each in schema.outputs],
        frozenset(each.id for each in schema.outputs if each.is_output_list),
        frozenset(each.id for each in inputs if each.options.get("control_after_generate")),
    )


def usual(given) -> object:
    """What an input holds in a new node, without what a menu says of downloads; SOCKET where it has no widget."""
    options = given.options
    if given.type not in WIDGETS or options.get("force_input"):
        return SOCKET
    default = options.get("default", (options.get("options") or [None])[0])
    return re.sub(r" \([^()]*\)$", "", default) if given.type == "COMBO" else default


KINDS = CORE | own_kinds()


def read_notes() -> dict[str, list[tuple[str, str]]]:
    """What the notes say: by template, (heading, text) in English and in Chinese."""
    sections = (Path(__file__).parent / "workflow_notes.md").read_text(encoding="utf-8").split("\n# ")[1:]
    found = {}
    for head, _, text in (section.partition("\n\n") for section in sections):
        template, _, heading = head.partition(": ")
        found.setdefault(template, []).append((heading, text.strip()))
    return found


NOTES = read_notes()


# -- the picture: from a prompt to an image, one subgraph for each image model


def picture(name: str, checkpoint: tuple[str, str], size=(512, 512), seed_outside=False, batch=1, **sampler) -> Graph:
    """A picture with a checkpoint that brings its own text encoder and VAE."""
    file, place = checkpoint
    graph = Graph(f"Picture ({name})", KINDS, f"Draws a picture of a prompt with {name}.", first=101)
    loader = graph.add(
        *("CheckpointLoaderSimple", (0, 0), (340, 98)),
        models=[(file, f"{HUB}/{place}/resolve/main/{file}", "checkpoints")],
        ckpt_name=Outside("ckpt_name"),
    )
    loader.kind = with_default(loader.kind, "ckpt_name", file)
    words = graph.add(*("CLIPTextEncode", (400, 0), (300, 88), "Prompt"), clip=(loader, "CLIP"), text=Outside("prompt"))
    if sampler.pop("zero", False):
        against = graph.add("ConditioningZeroOut", (400, 160), (300, 46), conditioning=(words, "CONDITIONING"))
    else:
        negative = graph.add("CLIPTextEncode", (400, 160), (300, 126), "Negative prompt", clip=(loader, "CLIP"))
        negative.kind = with_default(negative.kind, "text", sampler.pop("negative", NEGATIVE))
        negative.given["text"] = Outside("negative")
        against = negative
    return sampled(graph, loader, words, against, size, batch, (loader, "MODEL"), (loader, "VAE"), sampler)


def with_default(kind: Kind, name: str, value) -> Kind:
    """The same kind with another value in a widget that is shown outside."""
    inputs = [(each, type, value if each == name else default) for each, type, default in kind.inputs]
    return dataclasses.replace(kind, inputs=inputs)


def sampled(graph, loader, words, against, size, batch, model, vae, sampler, latent="EmptyLatentImage") -> Graph:
    """The rest of a picture: noise, sampling, decoding."""
    empty = graph.add(latent, (0, 180), (340, 106), width=Outside("width"), height=Outside("height"), batch_size=batch)
    empty.kind = with_default(with_default(empty.kind, "width", size[0]), "height", size[1])
    if batch > 1:
        empty.given["batch_size"] = Outside("batch_size")
        empty.kind = with_default(empty.kind, "batch_size", batch)
    drawn = graph.add(
        *("KSampler", (760, 0), (300, 262)),
        **{"model": model, "positive": (words, "CONDITIONING"), "negative": (against, "CONDITIONING")},
        **{"latent_image": (empty, "LATENT"), "seed": Outside("seed"), **sampler},
    )
    decoded = graph.add("VAEDecode", (1120, 0), (220, 46), samples=(drawn, "LATENT"), vae=vae)
    graph.outputs["IMAGE"] = (decoded, "IMAGE")
    return graph


SD15 = ("v1-5-pruned-emaonly-fp16.safetensors", "Comfy-Org/stable-diffusion-v1-5-archive")
SDXL = ("sd_xl_base_1.0.safetensors", "stabilityai/stable-diffusion-xl-base-1.0")
ILLUSTRIOUS = ("Illustrious-XL-v0.1.safetensors", "OnomaAIResearch/Illustrious-xl-early-release-v0")
FLUX = ("flux1-schnell-fp8.safetensors", "Comfy-Org/flux1-schnell")
PORTRAIT = (832, 1216)
TAGS_AGAINST = "lowres, worst quality, bad quality, bad anatomy, bad hands, jpeg artifacts, signature, watermark"


def sd15(batch: int = 1) -> Graph:
    return picture("Stable Diffusion 1.5" if batch == 1 else "Stable Diffusion 1.5, a batch", SD15, batch=batch)


def sdxl() -> Graph:
    return picture("SDXL", SDXL, (1024, 1024), steps=25, cfg=7, sampler_name="dpmpp_2m", scheduler="karras")


def illustrious() -> Graph:
    return picture("Illustrious", ILLUSTRIOUS, PORTRAIT, steps=28, cfg=5.5, negative=TAGS_AGAINST)


def flux() -> Graph:
    fast = {"steps": 4, "cfg": 1, "sampler_name": "euler", "scheduler": "simple"}
    return picture("Flux.1 schnell", FLUX, (1024, 1024), zero=True, **fast)


Z_IMAGE = f"{HUB}/Comfy-Org/z_image_turbo/resolve/main/split_files"


def z_image() -> Graph:
    """Z-Image-Turbo, whose text encoder comes from outside: it also writes the prompt."""
    graph = Graph("Picture (Z-Image-Turbo)", KINDS, "Draws a picture of a prompt with Z-Image-Turbo.", first=101)
    files = {"unet": "z_image_turbo_bf16.safetensors", "vae": "ae.safetensors"}
    folders = {"unet": "diffusion_models", "vae": "vae"}
    link = {name: (file, f"{Z_IMAGE}/{folders[name]}/{file}", folders[name]) for name, file in files.items()}
    loader = graph.add("UNETLoader", (0, 0), (340, 82), models=[link["unet"]], unet_name=Outside("unet_name"))
    loader.kind = with_default(loader.kind, "unet_name", files["unet"])
    shifted = graph.add("ModelSamplingAuraFlow", (0, 340), (340, 58), model=(loader, "MODEL"))
    vae = graph.add("VAELoader", (0, 470), (340, 58), models=[link["vae"]], vae_name=files["vae"])
    words = graph.add(*("CLIPTextEncode", (400, 0), (300, 88), "Prompt"), clip=Outside("clip"), text=Outside("prompt"))
    against = graph.add("ConditioningZeroOut", (400, 160), (300, 46), conditioning=(words, "CONDITIONING"))
    fast = {"steps": 8, "cfg": 1, "sampler_name": "res_multistep", "scheduler": "simple"}
    ends = ((shifted, "MODEL"), (vae, "VAE"))
    return sampled(graph, loader, words, against, (1024, 1024), 1, *ends, fast, "EmptySD3LatentImage")


# -- the templates

NOTE_SIZE = (310, 290)
SAVED = (460, 560)
WIDE = (510, 1060)  # of Beautify Prompt, where there is room: five candidates of usual length
FIRST, SECOND, THIRD, FOURTH = 0, 360, 830, 1220  # where columns begin


def started(title: str, note: str, left: int = FIRST, top: int = 180, size=NOTE_SIZE) -> Graph:
    """A graph with its notes, the English one above the Chinese one."""
    graph = Graph(title, KINDS)
    for row, (heading, text) in enumerate(NOTES[note]):
        graph.note(heading, text, (left, top + row * (size[1] + 60)), size)
    return graph


def beautified(graph: Graph, at=(FIRST, 0), size=(420, 820), **inputs):
    """Load Beautifier at a place, and Beautify Prompt in the second column."""
    loader = graph.add(LOAD, at, (310, 82), model="embedded")
    return graph.add(BEAUTIFY, (SECOND, 0), size, beautifier=(loader, "beautifier"), **inputs)


def one_picture(title: str, note: str, prompt: str, drawing: Graph, prefix: str, **inputs) -> Graph:
    """A prompt, its candidates, and the picture of the chosen one."""
    graph = started(title, note)
    made = beautified(graph, size=WIDE, prompt=prompt, seed=7, **inputs)
    drawn = graph.add(drawing, (THIRD + 90, 0), (340, 230), prompt=(made, "prompt"), **against(drawing, made))
    graph.add("SaveImage", (FOURTH + 90, 0), SAVED, images=(drawn, "IMAGE"), filename_prefix=prefix)
    return graph


def against(drawing: Graph, made) -> dict:
    """The negative prompt, for a picture that takes one."""
    return {"negative": (made, "negative")} if "negative" in drawing.inputs() else {}


def every_candidate(title: str) -> Graph:
    graph = started(title, "every_candidate")
    made = beautified(graph, size=WIDE, prompt="an owl", seed=3, num_candidates=4)
    drawn = graph.add(sd15(), (THIRD + 90, 0), (340, 230), prompt=(made, "candidates"), negative=(made, "negative"))
    graph.add("SaveImage", (FOURTH + 90, 0), SAVED, images=(drawn, "IMAGE"), filename_prefix="candidate")
    return graph


def original_vs_beautified(title: str) -> Graph:
    graph = started(title, "original_vs_beautified", top=330)
    words = graph.add(*("PrimitiveStringMultiline", (0, 0), (310, 100), "Your prompt"), value="a castle on a hill")
    made = beautified(graph, (FIRST, 160), prompt=(words, "STRING"), seed=7, num_candidates=1)
    seed = graph.add("PrimitiveInt", (THIRD, 0), (340, 82), "One seed for both", value=42)
    drawing, scoring = sd15(batch=2), scored()
    shared = {"seed": (seed, "INT")}
    plain = graph.add(drawing, (THIRD, 150), (340, 290), "Original", prompt=(words, "STRING"), **shared)
    better = graph.add(drawing, (THIRD, 510), (340, 290), "Beautified", prompt=(made, "prompt"), **shared)
    compared = graph.add(
        *(scoring, (FOURTH, 0), (340, 110)),
        **{"original": (plain, "IMAGE"), "beautified": (better, "IMAGE")},
        **{"raw_prompt": (words, "STRING"), "prompt": (made, "prompt")},
    )
    graph.add("SaveImage", (FOURTH, 180), (600, 640), "Side by side", images=(compared, "grid"), filename_prefix="both")
    return graph


def scored() -> Graph:
    """Two batches, scored by two scorers for the words that were typed, side by side."""
    graph = Graph("Score and compare", KINDS, "Scores pictures of two prompts by PickScore and aesthetic.", first=201)
    images = {"original": Outside("original"), "beautified": Outside("beautified")}
    found = {}
    for row, (scorer, label) in enumerate((("pickscore", "PickScore"), ("aesthetic", "Aesthetic"))):
        loader = graph.add("PromptBeautifierLoadScorer", (0, 600 * row), (340, 106), scorer=scorer)
        for column, (name, image) in enumerate(images.items()):
            found[scorer, name] = graph.add(
                *("PromptBeautifierScoreImages", (0, 600 * row + 160 + 220 * column), (340, 170), f"{label}, {name}"),
                **{"scorer": (loader, "scorer"), "images": image, "prompt": Outside("raw_prompt")},
            )
    compared = graph.add(
        *("PromptBeautifierCompareImages", (420, 0), (400, 480)),
        images=images["original"],
        images_b=images["beautified"],
        prompts=Outside("raw_prompt"),
        prompts_b=Outside("prompt"),
        **{
            name: (found[scorer, which], "scores")
            for name, scorer, which in (
                ("scores", "pickscore", "original"),
                ("scores_b", "pickscore", "beautified"),
                ("scores_2", "aesthetic", "original"),
                ("scores_2_b", "aesthetic", "beautified"),
            )
        },
        names="original\nbeautified",
        score_name="PickScore",
        score_2_name="aesthetic",
        picture_size=512,
    )
    graph.outputs["grid"] = (compared, "grid")
    return graph


def best_of_five(title: str) -> Graph:
    graph = started(title, "best_of_n", top=330)
    words = graph.add("PrimitiveStringMultiline", (0, 0), (310, 100), "Your prompt", value="an owl")
    made = beautified(graph, (FIRST, 160), prompt=(words, "STRING"), seed=3)
    drawn = graph.add(sd15(), (THIRD, 0), (340, 230), prompt=(made, "candidates"), negative=(made, "negative"))
    loader = graph.add("PromptBeautifierLoadScorer", (THIRD, 360), (340, 130))
    told = graph.add(
        *("PromptBeautifierScoreImages", (THIRD, 560), (340, 160)),
        **{"scorer": (loader, "scorer"), "images": (drawn, "IMAGE"), "prompt": (words, "STRING")},
    )
    kept = graph.add(
        *("PromptBeautifierPickBest", (FOURTH, 0), (340, 240)),
        **{"images": (drawn, "IMAGE"), "scores": (told, "scores"), "prompts": (made, "candidates")},
    )
    graph.add("PreviewAny", (FOURTH, 310), (340, 250), "Scores", source=(told, "report"))
    graph.add("PreviewImage", (FOURTH, 630), (340, 330), "All of them", images=(drawn, "IMAGE"))
    graph.add("SaveImage", (1610, 0), (290, 400), "The best", images=(kept, "images"), filename_prefix="best")
    return graph


def score_a_folder(title: str) -> Graph:
    graph = started(title, "score_a_folder")
    pictures = graph.add("LoadImageDataSetFromFolder", (0, 0), (310, 110))
    loader = graph.add("PromptBeautifierLoadScorer", (SECOND, 0), (380, 130))
    told = graph.add(
        *("PromptBeautifierScoreImages", (SECOND, 200), (380, 190)),
        **{"scorer": (loader, "scorer"), "images": (pictures, "images"), "prompt": "a fox in the snow"},
    )
    graph.add("PreviewAny", (SECOND, 460), (380, 360), "Scores", source=(told, "report"))
    kept = graph.add(
        *("PromptBeautifierPickBest", (790, 0), (360, 260)),
        **{"images": (pictures, "images"), "scores": (told, "scores"), "top_k": 0},
    )
    where = "by_score/picture"
    graph.add("SaveImage", (1200, 0), (600, 820), "The best first", images=(kept, "images"), filename_prefix=where)
    return graph


def z_image_writes(title: str) -> Graph:
    graph = started(title, "z_image", top=400, size=(310, 270))
    file = "qwen_3_4b.safetensors"
    clip = graph.add(
        *("CLIPLoader", (0, 0), (310, 130)),
        models=[(file, f"{Z_IMAGE}/text_encoders/{file}", "text_encoders")],
        clip_name=file,
        type="lumina2",
    )
    writer = graph.add(
        *("PromptBeautifierUseTextEncoder", (0, 200), (310, 130)), clip=(clip, "CLIP"), unusable_answer="raw prompt"
    )
    made = graph.add(
        *(BEAUTIFY, (SECOND, 0), (420, 820)),
        **{"beautifier": (writer, "beautifier"), "prompt": "an old sailor in the rain", "seed": 7, "num_candidates": 2},
    )
    drawn = graph.add(z_image(), (THIRD, 0), (340, 300), clip=(clip, "CLIP"), prompt=(made, "prompt"))
    graph.add("SaveImage", (FOURTH, 0), SAVED, images=(drawn, "IMAGE"), filename_prefix="z-image")
    return graph


def app(title: str) -> Graph:
    """The first template as a form: what to type, the image model, the candidates to click, and the picture."""
    graph = one_picture(title, "text_to_image", "1 girl", sd15(), "beautified", num_candidates=4)
    made, drawn, saved = graph.nodes[1:4]
    listed = "prompt_beautifier_candidates"
    inputs = [[str(made.id), "prompt"], [str(drawn.id), "ckpt_name"], [str(made.id), listed, {"height": 320}]]
    graph.extra = {"linearMode": True, "linearData": {"inputs": inputs, "outputs": [str(saved.id)]}}
    return graph


TEMPLATES = {  # the name of the graph for scripts: (title, how it is drawn)
    "app": ("Prompt Beautifier 0 - A form.app", app),
    "text_to_image": (
        "Prompt Beautifier 1 - Text to image",
        lambda title: one_picture(title, "text_to_image", "1 girl", sd15(), "beautified"),
    ),
    "every_candidate": ("Prompt Beautifier 2 - Every candidate", every_candidate),
    "original_vs_beautified": ("Prompt Beautifier 3 - Original and beautified", original_vs_beautified),
    "best_of_n": ("Prompt Beautifier 4 - Best of five", best_of_five),
    "score_a_folder": ("Prompt Beautifier 5 - Score a folder", score_a_folder),
    "z_image_turbo": ("Prompt Beautifier 6 - Z-Image-Turbo", z_image_writes),
    "sdxl": (
        "Prompt Beautifier 7 - SDXL",
        lambda title: one_picture(title, "sdxl", "a castle on a hill at night", sdxl(), "sdxl"),
    ),
    "illustrious": (
        "Prompt Beautifier 8 - Illustrious",
        lambda title: one_picture(title, "illustrious", "1girl, red hair, katana", illustrious(), "illustrious"),
    ),
    "flux_schnell": (
        "Prompt Beautifier 9 - Flux",
        lambda title: one_picture(title, "flux", "a lighthouse in a storm", flux(), "flux"),
    ),
}


# -- the blueprints


def beautify_prompt() -> Graph:
    graph = Graph(
        "Beautify prompt (one node)",
        KINDS,
        "Makes a detailed prompt of a short one, on this computer: no account, no download.",
        "Text Tools",
        first=101,
    )
    loader = graph.add(LOAD, (0, 0), (320, 82), model=Outside("model"))
    names = ("prompt", "seed", "num_candidates", "candidate", "mode", "style")
    outside = {name: Outside(name) for name in names}
    made = graph.add(BEAUTIFY, (380, 0), (440, 760), beautifier=(loader, "beautifier"), **outside)
    graph.outputs |= {"prompt": (made, "prompt"), "candidates": (made, "candidates")}
    return graph


def beautified_text_to_image() -> Graph:
    graph = Graph(
        "Beautified text to image",
        KINDS,
        "Makes a detailed prompt of a short one, and draws it with a Stable Diffusion checkpoint.",
        "Image generation and editing/Text to image",
        first=101,
    )
    loader = graph.add(LOAD, (0, 0), (320, 82), model=Outside("model"))
    made = graph.add(
        *(BEAUTIFY, (380, 0), (440, 760)),
        **{"beautifier": (loader, "beautifier"), "prompt": Outside("prompt"), "seed": Outside("seed")},
    )
    return graph_with(graph, sd15(), made)


def graph_with(graph: Graph, drawing: Graph, made) -> Graph:
    """A graph with the nodes of a picture in it, drawn right of the others: blueprints hold no other subgraph."""
    inside = {}
    for node in drawing.nodes:
        given = {
            name: (inside[value[0]], value[1]) if isinstance(value, tuple) else value
            for name, value in node.given.items()
        }
        given = {name: (made, "prompt") if value == Outside("prompt") else value for name, value in given.items()}
        given = {name: Outside("picture_seed") if value == Outside("seed") else value for name, value in given.items()}
        inside[node] = graph.add(
            *(node.type, (node.pos[0] + 880, node.pos[1]), node.size, node.title), models=node.models, **given
        )
        inside[node].kind = node.kind
    last, output = drawing.outputs["IMAGE"]
    graph.outputs |= {"prompt": (made, "prompt"), "overview": (made, "overview"), "IMAGE": (inside[last], output)}
    return graph


def blueprint(inner: Graph) -> dict:
    """A subgraph as ComfyUI keeps it: a graph with one node of it."""
    graph = Graph(f"Blueprint of {inner.title}", KINDS)
    graph.add(inner, (100, 100), (340, 420))
    return graph.ui()


BLUEPRINTS = (beautify_prompt, beautified_text_to_image)


def files() -> dict[str, dict]:
    """What is in workflows/ and subgraphs/: by path, what each file holds."""
    found = {}
    for name, (title, draw) in TEMPLATES.items():
        graph = draw(title)
        found[f"workflows/{title}.json"] = graph.ui()
        found[f"workflows/api/{name}.json"] = graph.api()
    for make in BLUEPRINTS:
        inner = make()
        found[f"subgraphs/{inner.title}.json"] = blueprint(inner)
    return found


def text_of(content: dict) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    for path, content in files().items():
        (ROOT / path).write_text(text_of(content), encoding="utf-8")


if __name__ == "__main__":
    main()
