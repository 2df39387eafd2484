"""Which image model a node of a graph writes for: loaders of many kinds, ways between them, and what is not known."""

import importlib
import json

import pytest

from prompt_beautifier.beautifier.graph import image_model_of
from prompt_beautifier.beautifier.targets.table import TARGETS, Seen, find_seen, usual

from .stand_ins import comfy_stand_in
from .stand_ins.page_graph import graph_of


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


def checkpoint(name, loader="CheckpointLoaderSimple"):
    """Beautify Prompt before a sampler whose checkpoint has its own text encoder."""
    return {
        "1": node(loader, ckpt_name=name),
        "2": node("PromptBeautifierBeautifyPrompt", prompt="1 girl", beautifier=["9", 0]),
        "3": node("CLIPTextEncode", text=["2", 0], clip=["1", 1]),
        "4": node("KSampler", model=["1", 0], positive=["3", 0], seed=1),
        "9": node("PromptBeautifierLoadBeautifier", model="embedded"),
    }


def parts(clip, model, encode="CLIPTextEncode", **text):
    """The same with loaders of their own for the text encoder and the diffusion model."""
    return {
        "1": model,
        "2": node("PromptBeautifierBeautifyPrompt", prompt="1 girl"),
        "3": node(encode, clip=["5", 0], **(text or {"text": ["2", 0]})),
        "4": node("KSampler", model=["1", 0], positive=["3", 0], seed=1),
        "5": clip,
    }


def unet(name):
    return node("UNETLoader", unet_name=name, weight_dtype="default")


def clip(kind, *names, loader="CLIPLoader"):
    keys = ["clip_name"] if len(names) == 1 else [f"clip_name{number}" for number in range(1, len(names) + 1)]
    return node(loader, **dict(zip(keys, names, strict=True)), **({"type": kind} if kind else {}))


def dual(kind, *names):
    return clip(kind, *names, loader="DualCLIPLoader")


FLUX_CLIPS = "t5xxl_fp16.safetensors", "clip_l.safetensors"
QWEN_4B, QWEN_8B = "qwen_3_4b.safetensors", "qwen_3_8b_fp8mixed.safetensors"

# What loads a model -> the row of the table.
LOADERS = {
    "checkpoint": (checkpoint("v1-5-pruned-emaonly-fp16.safetensors"), "sd15"),
    "checkpoint in a folder": (checkpoint("Illustrious/myMerge_v3.safetensors"), "illustrious"),
    "checkpoint and config": (checkpoint("sd_xl_base_1.0.safetensors", "CheckpointLoader"), "sdxl"),
    "unCLIP checkpoint": (checkpoint("sd21-unclip-h.ckpt", "unCLIPCheckpointLoader"), "sd15"),
    "Flux in one file": (checkpoint("flux1-schnell-fp8.safetensors"), "flux1"),
    "Diffusers folder": (checkpoint("x.safetensors") | {"1": node("DiffusersLoader", model_path="animagine-xl-4.0")},)
    + ("animagine",),
    "Flux.1": (parts(dual("flux", *FLUX_CLIPS), unet("flux1-dev.safetensors")), "flux1"),
    "Flux.1, a renamed file": (parts(dual("flux", *FLUX_CLIPS), unet("my_merge.safetensors")), "flux1"),
    "Flux.1 as GGUF": (
        parts(
            clip("flux", *FLUX_CLIPS, loader="DualCLIPLoaderGGUF"),
            node("UnetLoaderGGUF", unet_name="flux1-dev-Q4_K_S.gguf"),
        ),
        "flux1",
    ),
    "Flux's own encode node": (
        parts(
            dual("flux", *FLUX_CLIPS),
            unet("flux1-krea-dev_fp8.safetensors"),
            "CLIPTextEncodeFlux",
            clip_l=["2", 0],
            t5xxl=["2", 0],
            guidance=3.5,
        ),
        "flux1",
    ),
    "SD 3.5": (
        parts(
            clip("", "clip_l.safetensors", "clip_g.safetensors", "t5xxl_fp16.safetensors", loader="TripleCLIPLoader"),
            unet("renamed.safetensors"),
        ),
        "sd35",
    ),
    "HiDream": (
        parts(clip("", "a.safetensors", "b", "c", "d", loader="QuadrupleCLIPLoader"), unet("renamed.safetensors")),
        "hidream",
    ),
    "Chroma": (parts(clip("chroma", "t5xxl_fp16.safetensors"), unet("Chroma1-HD.safetensors")), "chroma"),
    "Z-Image": (parts(clip("lumina2", QWEN_4B), unet("z_image_turbo_bf16.safetensors")), "z-image"),
    "Z-Image as GGUF": (
        parts(
            clip("lumina2", "Qwen3-4B-Q5_K_M.gguf", loader="CLIPLoaderGGUF"),
            node("UnetLoaderGGUF", unet_name="renamed.gguf"),
        ),
        "z-image",
    ),
    "Lumina 2": (parts(clip("lumina2", "gemma_2_2b_fp16.safetensors"), unet("renamed.safetensors")), "lumina2"),
    "Flux.2 dev": (
        parts(clip("flux2", "mistral_3_small_flux2_bf16.safetensors"), unet("flux2_dev_fp8mixed.safetensors")),
        "flux2",
    ),
    "Klein": (parts(clip("flux2", QWEN_8B), unet("flux-2-klein-9b.safetensors")), "klein"),
    "Qwen-Image": (
        parts(clip("qwen_image", "qwen_2.5_vl_7b_fp8_scaled.safetensors"), unet("renamed.safetensors")),
        "qwen-image",
    ),
    "Qwen-Image-Edit": (
        parts(
            clip("qwen_image", "qwen_2.5_vl_7b_fp8_scaled.safetensors"),
            unet("qwen_image_edit_2511_bf16.safetensors"),
            "TextEncodeQwenImageEditPlus",
            prompt=["2", 0],
            vae=["7", 0],
        ),
        "qwen-image",
    ),
    "Krea 2": (parts(clip("krea2", "qwen3vl_4b.safetensors"), unet("renamed.safetensors")), "krea2"),
    "Anima": (parts(clip("stable_diffusion", "qwen_3_06b_base.safetensors"), unet("anima-base.safetensors")), "anima"),
    "ERNIE-Image": (parts(clip("flux2", "ministral-3-3b.safetensors"), unet("ernie-image-turbo.safetensors")),)
    + ("ernie-image",),
    "HunyuanImage": (parts(dual("hunyuan_image", "a.safetensors", "b.safetensors"), unet("renamed.safetensors")),)
    + ("hunyuan-image",),
    "Wan": (
        parts(clip("wan", "umt5_xxl_fp8_e4m3fn_scaled.safetensors"), unet("wan2.2_t2v_high_noise_14B.safetensors")),
        "wan",
    ),
    "LTX-2": (
        {
            **checkpoint("ltx-2-19b-dev.safetensors"),
            "5": node("LTXAVTextEncoderLoader", text_encoder="gemma_3_12B_it.safetensors", ckpt_name="renamed"),
            "3": node("CLIPTextEncode", text=["2", 0], clip=["5", 0]),
        },
        "ltx",
    ),
    "HunyuanVideo": (parts(dual("hunyuan_video", *FLUX_CLIPS), unet("renamed.safetensors")), "hunyuan-video"),
    "a wrapper's own loaders": (
        {
            "2": node("PromptBeautifierBeautifyPrompt", prompt="1 girl"),
            "3": node("WanVideoTextEncode", positive_prompt=["2", 0], t5=["5", 0]),
            "4": node("WanVideoSampler", model=["1", 0], text_embeds=["3", 0]),
            "1": node("WanVideoModelLoader", model="renamed.safetensors"),
            "5": node("LoadWanVideoT5TextEncoder", model_name="umt5-xxl-enc-bf16.safetensors"),
        },
        "wan",
    ),
    "everything in one node": (
        {
            "2": node("PromptBeautifierBeautifyPrompt", prompt="1 girl"),
            "3": node("Efficient Loader", ckpt_name="ponyDiffusionV6XL.safetensors", positive=["2", 0], vae_name="x"),
        },
        "pony",
    ),
    "a hosted image model": (
        {"2": node("PromptBeautifierBeautifyPrompt"), "3": node("OpenAIGPTImageNodeV2", prompt=["2", 0])},
        "hosted",
    ),
    "a hosted image model of a known name": (
        {
            "2": node("PromptBeautifierBeautifyPrompt"),
            "3": node("Flux2ImageNode", prompt=["2", 0], model="Flux.2 [pro]"),
        },
        "hosted",
    ),
    "a hosted video model": (
        {"2": node("PromptBeautifierBeautifyPrompt"), "3": node("KlingTextToVideoNode", prompt=["2", 0])},
        "hosted-video",
    ),
}


@pytest.mark.parametrize("kind", LOADERS)
def test_loaders_say_which_image_model_it_is(kind):
    graph, expected = LOADERS[kind]
    found = image_model_of(graph, "2")
    assert found.target and found.target.name == expected and found.sure and found.by


# Files that people have, of models that one loader loads -> the row of the table.
FILES = {
    "sd15": "v1-5-pruned-emaonly.ckpt dreamshaper_8.safetensors realisticVisionV60B1_v51VAE.safetensors "
    "epicrealism_naturalSinRC1VAE.safetensors cyberrealistic_v90.safetensors anything-v5-PrtRE.safetensors "
    "SD15/absolutereality_v181.safetensors v2-1_768-ema-pruned.ckpt meinamix_v12Final.safetensors "
    "majicmixRealistic_v7.safetensors revAnimated_v2Rebirth.safetensors counterfeitV30_v30.safetensors",
    "sdxl": "sd_xl_base_1.0.safetensors sd_xl_turbo_1.0_fp16.safetensors juggernautXL_ragnarokBy.safetensors "
    "RealVisXL_V5.0_fp16.safetensors dreamshaperXL_lightningDPMSDE.safetensors zavychromaxl_v100.safetensors "
    "epicrealismXL_vxviLastfameRealism.safetensors lustifySDXLNSFW_ggwpV7.safetensors albedobaseXL_v31.safetensors "
    "SDXL/crystalClearXL_ccxl.safetensors",
    "pony": "ponyDiffusionV6XL_v6StartWithThisOne.safetensors cyberrealisticPony_v110.safetensors "
    "autismmixSDXL_autismmixPony.safetensors ponyRealism_V23ULTRA.safetensors Pony/tPonynai3_v7.safetensors "
    "cyberrealisticPony_v7.safetensors",
    "noobai": "NoobAI-XL-Vpred-v1.0.safetensors noobaiXLNAIXL_vPred10Version.safetensors",
    "illustrious": "Illustrious-XL-v2.0.safetensors waiIllustriousSDXL_v140.safetensors "
    "waiNSFWIllustrious_v120.safetensors hassakuXLIllustrious_v22.safetensors novaAnimeXL_ilV80.safetensors "
    "prefectIllustriousXL_v3.safetensors IL/ntrMIXIllustriousXL_xiii.safetensors",
    "animagine": "animagine-xl-4.0-opt.safetensors animagineXL40_v4Opt.safetensors",
    "pony7": "pony-v7-base.safetensors ponyDiffusionV7.safetensors AuraFlow-v0.3.safetensors",
    "flux1": "flux1-dev-fp8.safetensors fluxedUpFluxNSFW_60FP16.safetensors flux_dev.safetensors",
    "sd35": "sd3.5_large_fp8_scaled.safetensors sd3_medium_incl_clips.safetensors",
    "chroma": "Chroma1-HD-fp8.safetensors",
    "ltx": "ltx-video-2b-v0.9.5.safetensors",
}


@pytest.mark.parametrize(("name", "file"), [(name, file) for name in FILES for file in FILES[name].split()])
def test_a_checkpoints_name_says_which_image_model_it_is(name, file):
    found = image_model_of(checkpoint(file), "2")
    assert (found.target.name, found.by) == (name, file.split("/")[-1])


# -- ways


def between(graph, **nodes):
    return {**graph, **nodes}


ILLUSTRIOUS = checkpoint("waiIllustriousSDXL_v140.safetensors")
Z_IMAGE = parts(clip("lumina2", QWEN_4B), unet("z_image_turbo_bf16.safetensors"))

WAYS = {
    "LoRAs and CLIP skip": between(
        ILLUSTRIOUS,
        **{
            "3": node("CLIPTextEncode", text=["2", 0], clip=["11", 0]),
            "10": node("LoraLoader", model=["1", 0], clip=["1", 1], lora_name="zImage_style.safetensors"),
            "11": node("CLIPSetLastLayer", clip=["10", 1], stop_at_clip_layer=-2),
            "4": node("KSampler", model=["10", 0], positive=["3", 0]),
        },
    ),
    "reroutes": between(
        ILLUSTRIOUS,
        **{
            "3": node("CLIPTextEncode", text=["12", 0], clip=["11", 0]),
            "11": node("Reroute (rgthree)", **{"": ["1", 1]}),
            "12": node("Reroute (rgthree)", **{"": ["2", 0]}),
        },
    ),
    "a context pipe": between(
        ILLUSTRIOUS,
        **{
            "3": node("CLIPTextEncode", text=["2", 0], clip=["11", 2]),
            "11": node("Context (rgthree)", base_ctx=["12", 0]),
            "12": node("Context Big (rgthree)", model=["1", 0], clip=["1", 1], vae=["1", 2]),
        },
    ),
    "texts put together": between(
        ILLUSTRIOUS,
        **{
            "3": node("CLIPTextEncode", text=["12", 0], clip=["1", 1]),
            "12": node("StringConcatenate", string_a=["11", 0], string_b="no lora here", delimiter=", "),
            "11": node("ShowText|pysssss", text=["2", 0]),
        },
    ),
    "conditioning on its way to the sampler": between(
        ILLUSTRIOUS,
        **{
            "1": node("CheckpointLoaderSimple", ckpt_name="sd_xl_base_1.0.safetensors"),
            "4": node("SamplerCustomAdvanced", guider=["11", 0]),
            "11": node("CFGGuider", model=["13", 0], positive=["12", 0]),
            "12": node("ControlNetApplyAdvanced", positive=["3", 0], control_net=["14", 0]),
            "13": node("ModelSamplingAuraFlow", model=["15", 0]),
            "14": node("ControlNetLoader", control_net_name="flux1-depth.safetensors"),
            "15": node("CheckpointLoaderSimple", ckpt_name="waiIllustriousSDXL_v140.safetensors"),
        },
    ),
    "names from other nodes": between(
        ILLUSTRIOUS,
        **{
            "1": node("CheckpointLoaderSimple", ckpt_name=["16", 0]),
            "16": node("PrimitiveString", value="waiIllustriousSDXL_v140.safetensors"),
        },
    ),
    "a switch": between(
        ILLUSTRIOUS,
        **{
            "3": node("CLIPTextEncode", text=["2", 0], clip=["11", 0]),
            "11": node("ComfySwitchNode", switch=["13", 0], on_false=["1", 1], on_true=["12", 0]),
            "12": node("CLIPLoader", clip_name=QWEN_4B, type="lumina2"),
            "13": node("PrimitiveBoolean", value=False),
        },
    ),
    "a switch with a number": between(
        ILLUSTRIOUS,
        **{
            "3": node("CLIPTextEncode", text=["2", 0], clip=["11", 0]),
            "11": node("ImpactSwitch", select=2, input1=["12", 0], input2=["1", 1], sel_mode=True),
            "12": node("CLIPLoader", clip_name=QWEN_4B, type="lumina2"),
        },
    ),
    "subgraphs": {
        "2": node("PromptBeautifierBeautifyPrompt", prompt="1 girl"),
        "57:1": node("CheckpointLoaderSimple", ckpt_name="waiIllustriousSDXL_v140.safetensors"),
        "57:3:8": node("CLIPTextEncode", text=["2", 0], clip=["57:1", 1]),
        "57:4": node("KSampler", model=["57:1", 0], positive=["57:3:8", 0]),
    },
    "a language model that rewrites": between(
        ILLUSTRIOUS,
        **{
            "3": node("CLIPTextEncode", text=["11", 0], clip=["1", 1]),
            "11": node("TextGenerate", clip=["12", 0], prompt=["2", 0]),
            "12": node("CLIPLoader", clip_name=QWEN_4B, type="lumina2"),
        },
    ),
    "a second Beautify Prompt": between(
        ILLUSTRIOUS,
        **{
            "3": node("CLIPTextEncode", text=["11", 0], clip=["1", 1]),
            "11": node("PromptBeautifierBeautifyPrompt", prompt=["2", 0], clip=["12", 0]),
            "12": node("CLIPLoader", clip_name=QWEN_4B, type="lumina2"),
        },
    ),
    "two models": between(
        ILLUSTRIOUS,
        **{
            "20": unet("z_image_turbo_bf16.safetensors"),
            "21": node("CLIPLoader", clip_name=QWEN_4B, type="lumina2"),
            "22": node("CLIPTextEncode", text="another", clip=["21", 0]),
            "23": node("KSampler", model=["20", 0], positive=["22", 0]),
        },
    ),
    "a text that nothing reads yet": {key: value for key, value in ILLUSTRIOUS.items() if key != "2"}
    | {"2": node("PromptBeautifierBeautifyPrompt"), "3": node("CLIPTextEncode", text="old", clip=["1", 1])},
}


@pytest.mark.parametrize("way", WAYS)
def test_the_way_to_the_loader_is_found_through(way):
    found = image_model_of(WAYS[way], "2")
    assert (found.target.name, found.by) == ("illustrious", "waiIllustriousSDXL_v140.safetensors")


def test_links_that_go_round_end():
    graph = between(
        ILLUSTRIOUS,
        **{
            "3": node("CLIPTextEncode", text=["11", 0], clip=["12", 0]),
            "11": node("Text", a=["2", 0], b=["11", 0]),
            "12": node("CLIPSetLastLayer", clip=["13", 0]),
            "13": node("CLIPSetLastLayer", clip=["12", 0]),
        },
    )
    assert image_model_of(graph, "2").target.name == "illustrious"  # by the sampler's model


def test_a_text_box_of_its_own_is_where_it_starts():
    assert image_model_of(Z_IMAGE, "3").target.name == "z-image"
    graph = between(Z_IMAGE, **{"7": node("PrimitiveStringMultiline", value="a cat"), "2": ILLUSTRIOUS["2"]})
    graph["3"] = node("CLIPTextEncode", text=["7", 0], clip=["5", 0])
    assert image_model_of(graph, "7").target.name == "z-image"


# -- a text encoder that is connected


class Tokenizer:
    def __init__(self, name):
        self.__class__ = type(name.split(".")[-1], (Tokenizer,), {"__module__": name.rsplit(".", 1)[0]})


class Clip:
    def __init__(self, name):
        self.tokenizer = Tokenizer(name)


@pytest.fixture
def target_of(tmp_path):
    with comfy_stand_in.installed(tmp_path):
        yield importlib.import_module("prompt_beautifier.nodes.comfy.graph").target_of


def test_a_connected_text_encoder_decides(target_of):
    alone = {"2": node("PromptBeautifierBeautifyPrompt", prompt="1 girl", clip=["5", 0]), "5": node("Unheard of")}
    found = target_of(alone, "2", Clip("comfy.text_encoders.z_image.ZImageTokenizer"))
    assert (found.target.name, found.by) == ("z-image", "ZImageTokenizer")
    assert target_of(alone, "2", Clip("comfy.sdxl_clip.SDXLTokenizer")).target.name == "sdxl"
    assert target_of(alone, "2").target is None


def test_the_file_says_which_of_the_models_of_one_text_encoder_it_is(target_of):
    graph = {"2": node("PromptBeautifierBeautifyPrompt", clip=["1", 1]), "1": ILLUSTRIOUS["1"]}
    assert target_of(graph, "2", Clip("comfy.sdxl_clip.SDXLTokenizer")).target.name == "illustrious"
    # A name that goes against the text encoder says nothing.
    assert target_of(graph, "2", Clip("comfy.text_encoders.krea2.Krea2Tokenizer")).target.name == "krea2"


def test_a_text_encoder_of_no_image_model_leaves_it_to_the_graph(target_of):
    graph = between(Z_IMAGE, **{"2": node("PromptBeautifierBeautifyPrompt", clip=["8", 0]), "8": node("Unheard of")})
    assert target_of(graph, "2", Clip("comfy.text_encoders.qwen35.Tokenizer")).target.name == "z-image"


TOKENIZERS = {
    "comfy.sd1_clip.SD1Tokenizer": "sd15",
    "comfy.sdxl_clip.SDXLTokenizer": "sdxl",
    "comfy.text_encoders.sd3_clip.SD3Tokenizer": "sd35",
    "comfy.text_encoders.aura_t5.AuraT5Tokenizer": "pony7",
    "comfy.text_encoders.flux.FluxTokenizer": "flux1",
    "comfy.text_encoders.flux.Flux2Tokenizer": "flux2",
    "comfy.text_encoders.flux.KleinTokenizer8B": "klein",
    "comfy.text_encoders.pixart_t5.PixArtTokenizer": "chroma",
    "comfy.text_encoders.anima.AnimaTokenizer": "anima",
    "comfy.text_encoders.lumina2.LuminaTokenizer": "lumina2",
    "comfy.text_encoders.qwen_image.QwenImageTokenizer": "qwen-image",
    "comfy.text_encoders.hidream.HiDreamTokenizer": "hidream",
    "comfy.text_encoders.hidream_o1.HiDreamO1Tokenizer": "hidream-o1",
    "comfy.text_encoders.ernie.ErnieTokenizer": "ernie-image",
    "comfy.text_encoders.ideogram4.Ideogram4Tokenizer": "ideogram4",
    "comfy.text_encoders.hunyuan_image.HunyuanImageTokenizer": "hunyuan-image",
    "comfy.text_encoders.hunyuan_video.HunyuanVideoTokenizer": "hunyuan-video",
    "comfy.text_encoders.hunyuan_video.HunyuanVideo15Tokenizer": "hunyuan-video15",
    "comfy.text_encoders.kandinsky5.Kandinsky5TokenizerImage": "llm-image",
    "comfy.text_encoders.kandinsky5.Kandinsky5Tokenizer": "kandinsky5-video",
    "comfy.text_encoders.wan.WanT5Tokenizer": "wan",
    "comfy.text_encoders.lt.LTXAVGemmaTokenizer": "ltx",
    "comfy.text_encoders.minimax.MiniMaxH3Tokenizer": "minimax-video",
    "comfy.text_encoders.qwen35.Qwen35Tokenizer": None,
    "comfy.text_encoders.ace.AceT5Tokenizer": None,
}


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_tokenizers_say_which_image_model_it_is(tokenizer):
    found = find_seen(Seen(tokenizer=tokenizer))
    assert (found and found.target.name) == TOKENIZERS[tokenizer]


# -- what is not known


def test_the_usual_model_of_such_a_loader_is_taken_where_nothing_tells():
    found = image_model_of(checkpoint("myMerge_v3.safetensors"), "2")
    assert (found.target.style, found.by, found.sure) == ("phrases", "CheckpointLoaderSimple", False)
    found = image_model_of(parts(clip("next_year", "new_lm_9b.safetensors"), unet("new.safetensors")), "2")
    assert (found.target.style, found.sure) == ("sentences", False)


@pytest.mark.parametrize(
    "graph",
    [
        {},
        {"2": node("PromptBeautifierBeautifyPrompt"), "3": node("PreviewAny", source=["2", 0])},
        {"2": None, "3": "text"},
        {"2": {"class_type": None}, "3": {"inputs": [1]}},
        checkpoint("ace_step_v1_3.5b.safetensors"),
    ],
)
def test_nothing_is_found_where_nothing_is_there(graph):
    found = image_model_of(graph, "2")
    assert (found.target, found.by, found.sure) == (None, "", False)


def test_two_image_models_and_a_text_for_neither_give_none():
    other = {f"1{key}": json.loads(json.dumps(value).replace('["', '["1')) for key, value in Z_IMAGE.items()}
    graph = ILLUSTRIOUS | other | {"30": node("PrimitiveStringMultiline", value="a cat")}
    assert image_model_of(graph, "30").target is None
    assert image_model_of(graph, "13").target.name == "z-image"


@pytest.mark.parametrize(
    ("ends", "name"),
    [
        (["SaveImage"], "wan-image"),
        (["Image Save"], "wan-image"),
        (["CreateVideo", "SaveVideo"], "wan"),
        (["SaveAnimatedWEBP"], "wan"),
        (["VHS_VideoCombine"], "wan"),
        (["PreviewImage", "SaveVideo"], "wan"),
        ([], "wan"),
    ],
)
def test_a_video_model_that_makes_single_pictures_is_told_apart(ends, name):
    graph = {**LOADERS["Wan"][0], "6": node("VAEDecode", samples=["4", 0], vae=["7", 0])}
    graph |= {f"9{number}": node(kind, images=["6", 0]) for number, kind in enumerate(ends)}
    assert image_model_of(graph, "2").target.name == name
    plain = {**LOADERS["Z-Image"][0], "6": node("SaveImage", images=["4", 0])}
    assert image_model_of(plain, "2").target.name == "z-image"


def test_every_row_is_found_by_something():
    stills = {row.still for row in TARGETS.values()} - {""}
    assert stills <= TARGETS.keys() and all(TARGETS[row.still].still == "" for row in TARGETS.values() if row.still)
    known = [row.name for row in TARGETS.values() if row.files or row.encoder or row.kinds or row.nodes]
    assert set(known) | stills == TARGETS.keys()
    assert usual(Seen(nodes=("CheckpointLoaderSimple",))).target.name == "sdxl"


# -- a saved workflow, with what only the page knows


def test_reroutes_primitives_and_set_nodes_of_a_saved_workflow():
    def saved(number, kind, values=(), inputs=(), outputs=1, mode=0):
        slots = [{"name": name, "type": "*", "link": link} for name, link in inputs]
        return {
            **{"id": number, "type": kind, "mode": mode, "widgets_values": list(values), "inputs": slots},
            "outputs": [{"type": "*"} for _ in range(outputs)],
        }

    workflow = {
        "nodes": [
            saved(1, "CheckpointLoaderSimple", ["waiIllustriousSDXL_v140.safetensors"], outputs=3),
            saved(2, "PromptBeautifierBeautifyPrompt", ["1 girl"]),
            saved(3, "CLIPTextEncode", [""], [("clip", 13), ("text", 14)]),
            saved(4, "KSampler", [], [("model", 15), ("positive", 16)]),
            saved(5, "SetNode", ["the clip"], [("CLIP", 11)]),
            saved(6, "GetNode", ["the clip"]),
            saved(7, "Reroute", [], [("", 12)]),
            saved(8, "LoraLoaderModelOnly", ["x"], [("model", 17)], mode=4),
            saved(9, "Note", ["z_image"]),
        ],
        "links": [
            [11, 1, 1, 5, 0, "CLIP"],
            [12, 6, 0, 7, 0, "CLIP"],
            [13, 7, 0, 3, 0, "CLIP"],
            [14, 2, 0, 3, 1, "STRING"],
            [15, 8, 0, 4, 0, "MODEL"],
            [16, 3, 0, 4, 1, "CONDITIONING"],
            [17, 1, 0, 8, 0, "MODEL"],
        ],
    }
    graph = graph_of(workflow)
    assert graph["3"]["inputs"] == {"text": ["2", 0], "clip": ["1", 1]} and set(graph) == {"1", "2", "3", "4"}
    assert image_model_of(graph, "2").target.name == "illustrious"
