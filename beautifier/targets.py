"""Image models: which style each reads, its words and limits, what goes before, behind and into the negative prompt.

TARGETS is the whole of it: nothing of an image model is known anywhere else. A row says where its facts are from and
when they were read. Imports nothing but the standard library: ComfyUI reads it when it starts.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

STYLES = ("phrases", "sentences", "tags")
STRENGTHS = ("strict", "balanced", "creative")
LENGTHS = ("short", "medium", "long")
USUAL_WORDS = {"phrases": (20, 60), "sentences": (40, 120), "tags": (12, 40)}  # where no image model is named


@dataclass(frozen=True)
class Target:
    """What an image model wants of a prompt.

    name         what --for and the menu call it
    title        its name for people
    style        "phrases": comma-separated; "tags": Danbooru tags; "sentences": whole sentences
    words        fewest and most words a prompt should have
    unit, limit  how its text encoder counts, and how much it reads: "chunk" (CLIP tokens; one chunk has 75 and more
                 chunks may follow), "t5" (T5 tokens) or "llm" (tokens of a language model)
    before       put in front: quality or score tags, a system line; "" for none
    behind       put at the end
    behind_chinese  put at the end of a Chinese prompt, where that is another text
    weights      whether ComfyUI reads (word:1.2) for its text encoder; where not, emphasis is taken out
    negative     its usual negative prompt; "" where it takes none
    chinese      whether it reads Chinese as well as English
    video        whether it draws moving pictures
    still        of a model of moving pictures: the row that holds where a graph makes a single picture with it
    json         whether it wants a JSON prompt
    reads_json   whether it reads one as well as its own style
    rules        what else holds for its prompts, told to a language model
    files        what the names of its files match, as `plain_name` writes them, and what is written in or beside them
    encoder      what the module and class of its tokenizer in ComfyUI match, in lower case
    kinds        what the `type` of a CLIP loader says for it
    nodes        what the type of a node that takes its prompt, or loads its text encoder, matches
    otherwise    what the type of a loader matches whose image model is taken to be this one where nothing tells
    source       where the facts are from
    read         the day they were read
    """

    name: str
    title: str
    style: str
    words: tuple[int, int]
    unit: str
    limit: int
    before: str = ""
    behind: str = ""
    behind_chinese: str = ""
    weights: bool = False
    negative: str = ""
    chinese: bool = False
    video: bool = False
    still: str = ""
    json: bool = False
    reads_json: bool = False
    rules: str = ""
    files: str = ""
    encoder: str = ""
    kinds: tuple[str, ...] = ()
    nodes: str = ""
    otherwise: str = ""
    source: str = ""
    read: str = "2026-11-27"

    @property
    def hosted(self) -> bool:
        """Whether others run it, so that its node alone says what it is."""
        return bool(self.nodes) and not (self.files or self.encoder or self.kinds)

    @property
    def manner(self) -> str:
        """What is written for it, in words: "long sentences"."""
        if self.json:
            return "a JSON prompt"
        if self.video:
            return "a paragraph of what happens"
        if self.style == "sentences":
            return "long sentences" if self.words[1] > 100 else "short sentences"
        return "comma-separated phrases" if self.style == "phrases" else "tags"


DRAWN_NEGATIVE = "blurry, low quality, deformed, extra fingers, watermark"
ANIME_NEGATIVE = "worst quality, low quality, lowres, bad anatomy, bad hands, signature, watermark"
VIDEO_NEGATIVE = "worst quality, blurry, jittery, static, distorted, subtitles, watermark"
CORE = "ComfyUI v0.33 comfy/text_encoders"  # where limits and weights were read

# Rows of one text encoder stand together, the one that holds where no file name says more as the last.
TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        # CLIP: phrases or tags, weights, a negative prompt.
        Target(
            name="sd15",
            title="Stable Diffusion 1.5",
            style="phrases",
            words=(20, 60),
            unit="chunk",
            limit=75,
            weights=True,
            negative=DRAWN_NEGATIVE,
            rules="Subject first, then medium, light and at most two quality words.",
            files=r"v1 5 pruned|\bsd ?v?[12](?:\d| |$)|stable diffusion v?[12]|cond stage model|dreamshaper 8"
            r"|(?<!perfect)deliberate|realistic ?vision|counterfeit|chilloutmix|majicmix|meinamix|absolutereality"
            r"|anything ?v|revanimated|v2 1 768|epicrealism(?! ?xl)|cyberrealistic v\d",
            encoder=r"sd1_clip\.sd1tokenizer|sd2_clip",
            source="ComfyUI v0.33 comfy/sd1_clip.py; SwarmUI docs/Model Support.md",
        ),
        Target(
            name="pony",
            title="Pony V6",
            style="tags",
            words=(12, 40),
            unit="chunk",
            limit=75,
            before="score_9, score_8_up, score_7_up, score_6_up, score_5_up, score_4_up",
            weights=True,
            negative="score_4, score_5, score_6, watermark, signature",
            rules="Tags and short sentences may be mixed. No masterpiece, no hd: score tags stand for quality.",
            files=r"pony(?<!\bpony)|\bpony(?! ?(?:diffusion ?)?(?:v ?)?7)|autismmix",
            encoder=r"sdxl_clip",
            kinds=("sdxl",),
            source="model card of Pony Diffusion V6 XL (Civitai 257749)",
        ),
        Target(
            name="noobai",
            title="NoobAI",
            style="tags",
            words=(12, 40),
            unit="chunk",
            limit=75,
            before="masterpiece, best quality, newest, absurdres, highres, safe",
            weights=True,
            negative="nsfw, worst quality, old, early, low quality, lowres, signature, username, logo, bad hands, "
            "mutated hands",
            rules="Order: counts of people, character, series, artists, special tags, general tags, other tags.",
            files=r"noob",
            encoder=r"sdxl_clip",
            kinds=("sdxl",),
            source="model card of NoobAI-XL",
        ),
        Target(
            name="illustrious",
            title="Illustrious",
            style="tags",
            words=(12, 40),
            unit="chunk",
            limit=75,
            before="masterpiece, best quality",
            weights=True,
            negative=ANIME_NEGATIVE,
            rules="Order: counts of people, character, series, artist, general tags.",
            files=r"illustri|\bilxl|\bil ?v?\d|hassaku ?xl|nova ?(?:anime|furry|orange|3dcg) ?xl|one ?obsession|rouwei"
            r"|\bjanku|i ?lust ?mix",
            encoder=r"sdxl_clip",
            kinds=("sdxl",),
            source="model card of Illustrious XL",
        ),
        Target(
            name="animagine",
            title="Animagine 4",
            style="tags",
            words=(12, 40),
            unit="chunk",
            limit=75,
            behind="masterpiece, best quality, high score, great score, latest",
            weights=True,
            negative=ANIME_NEGATIVE,
            rules="Order: counts of people, character, series, rating, general tags.",
            files=r"animagine",
            encoder=r"sdxl_clip",
            kinds=("sdxl",),
            source="model card of Animagine XL 4.0",
        ),
        Target(
            name="sdxl",
            title="SDXL",
            style="phrases",
            words=(15, 60),
            unit="chunk",
            limit=75,
            weights=True,
            negative="blurry, low quality, watermark",
            rules="Phrases, or one sentence and a few modifiers. Quality words matter little.",
            files=r"sd ?xl|\bxl\b|(?<!x)xl(?:[ v]|$)|juggernaut|real ?vis|dreamshaper ?xl|cascade"
            r"|conditioner embedders|playground v2",
            encoder=r"sdxl_clip",
            kinds=("sdxl", "stable_cascade"),
            nodes=r"CLIPTextEncodeSDXL",
            otherwise=r"Checkpoint",
            source="ComfyUI v0.33 comfy/sdxl_clip.py; SwarmUI docs/Model Support.md",
        ),
        # T5, alone or beside CLIP: sentences, weights are read.
        Target(
            name="pony7",
            title="Pony V7",
            style="sentences",
            words=(30, 100),
            unit="t5",
            limit=256,
            before="score_9",
            weights=True,
            negative="score_4, score_5, score_6, watermark",
            rules="Special tags first, then a factual sentence, then a sentence on the style, then tags.",
            files=r"\bpony ?(?:diffusion ?)?(?:v ?)?7|aura ?flow",
            encoder=r"aura_t5",
            source=f"model card of Pony V7; {CORE}/aura_t5.py",
        ),
        Target(
            name="sd35",
            title="Stable Diffusion 3.5",
            style="sentences",
            words=(30, 80),
            unit="t5",
            limit=256,
            weights=True,
            negative=DRAWN_NEGATIVE,
            files=r"\bsd ?3",
            encoder=r"sd3_clip",
            kinds=("sd3",),
            nodes=r"TripleCLIPLoader|CLIPTextEncodeSD3",
            source=f"SwarmUI docs/Model Support.md; {CORE}/sd3_clip.py",
        ),
        Target(
            name="chroma",
            title="Chroma",
            style="sentences",
            words=(40, 150),
            unit="t5",
            limit=512,
            weights=True,
            negative="low quality, unfinished, out of focus, deformed, blurry, flat colors, watermark",
            rules="Tags are read too.",
            files=r"chroma",
            encoder=r"pixart_t5",
            kinds=("chroma", "pixart"),
            source=f"model card of Chroma1-HD; Comfy-Org/docs tutorials/image; {CORE}/pixart_t5.py",
        ),
        Target(
            name="flux1",
            title="Flux.1",
            style="sentences",
            words=(30, 80),
            unit="t5",
            limit=512,
            weights=True,
            rules="One paragraph.",
            files=r"flux ?1|flux (?:dev|schnell|kontext|fill|canny|depth)|krea dev|flux(?! ?3)(?!.*\b2\b)",
            encoder=r"flux\.fluxtokenizer",
            kinds=("flux",),
            nodes=r"CLIPTextEncodeFlux",
            source=f"Comfy-Org/docs tutorials/flux; {CORE}/flux.py",
        ),
        Target(
            name="hidream-o1",
            title="HiDream-O1",
            style="sentences",
            words=(80, 200),
            unit="llm",
            limit=1000,
            files=r"hidream ?o1",
            encoder=r"hidream_o1",
            source=f"HiDream-ai/HiDream-O1-Image prompt_agent.py; {CORE}/hidream_o1.py",
        ),
        Target(
            name="hidream",
            title="HiDream-I1",
            style="sentences",
            words=(50, 90),
            unit="t5",
            limit=128,
            weights=True,
            negative=DRAWN_NEGATIVE,
            files=r"hidream",
            encoder=r"hidream\.hidreamtokenizer",
            kinds=("hidream",),
            nodes=r"QuadrupleCLIPLoader|CLIPTextEncodeHiDream",
            source=f"HiDream-ai/HiDream-I1 README; {CORE}/hidream.py",
        ),
        # Small language models.
        Target(
            name="anima",
            title="Anima",
            style="tags",
            words=(12, 50),
            unit="llm",
            limit=512,
            before="masterpiece, best quality, score_7, safe",
            weights=True,
            negative=ANIME_NEGATIVE,
            rules="Order: counts of people, character, series, artist behind an @, general tags. Tags, two or more "
            "sentences, or a mix.",
            files=r"\banima\b|qwen 3 0 ?6b",
            encoder=r"text_encoders\.anima\.",
            source=f"model card of Anima; {CORE}/anima.py, which gives the weights to the T5 ids alone",
        ),
        Target(
            name="newbie",
            title="NewBie",
            style="tags",
            words=(20, 80),
            unit="llm",
            limit=512,
            weights=True,
            negative=ANIME_NEGATIVE,
            rules="Tags, sentences, or XML with one block for each character.",
            files=r"newbie",
            encoder=r"newbie",
            kinds=("newbie",),
            source=f"model card of NewBie-image-Exp0.1; {CORE}/newbie.py: weights by Jina CLIP alone",
        ),
        Target(
            name="z-image",
            title="Z-Image",
            style="sentences",
            words=(80, 200),
            unit="llm",
            limit=512,
            chinese=True,
            rules="Camera and light in plain words.",
            files=r"z ?image|qwen ?3 4b",
            encoder=r"z_image",
            kinds=("lumina2", "qwen_image"),
            nodes=r"TextEncodeZImage",
            reads_json=True,
            source=f"Tongyi-MAI/Z-Image README; {CORE}/z_image.py",
        ),
        Target(
            name="netayume",
            title="NetaYume Lumina",
            style="tags",
            words=(15, 80),
            unit="llm",
            limit=256,
            before="You are an assistant designed to generate high-quality images based on user prompts and danbooru "
            "tags. <Prompt Start>",
            weights=True,
            negative=ANIME_NEGATIVE,
            rules="Tags, sentences, or a mix.",
            files=r"neta ?(?:yume|lumina)|neta",
            encoder=r"lumina2\.(?:lumina|n)tokenizer",
            kinds=("lumina2",),
            source="Comfy-Org/docs tutorials/image; the template image_netayume_lumina_t2i",
        ),
        Target(
            name="lumina2",
            title="Lumina 2",
            style="sentences",
            words=(40, 120),
            unit="llm",
            limit=256,
            before="You are an assistant designed to generate superior images with the superior degree of image-text "
            "alignment based on textual prompts or user prompts. <Prompt Start>",
            weights=True,
            negative=DRAWN_NEGATIVE,
            files=r"\blumina",
            encoder=r"lumina2\.luminatokenizer",
            kinds=("lumina2",),
            nodes=r"CLIPTextEncodeLumina2",
            source=f"Alpha-VLLM/Lumina-Image-2.0 README; {CORE}/lumina2.py and comfy_extras/nodes_lumina2.py",
        ),
        # Large language models: long sentences, no weights.
        Target(
            name="klein",
            title="Flux.2 Klein",
            style="sentences",
            words=(80, 180),
            unit="llm",
            limit=512,
            rules="Subject, action, style, context. It adds nothing by itself, so detail counts.",
            files=r"klein",
            encoder=r"klein",
            kinds=("flux2",),
            source=f"black-forest-labs/flux2 docs; {CORE}/flux.py",
        ),
        Target(
            name="ernie-image",
            title="ERNIE-Image",
            style="sentences",
            words=(80, 200),
            unit="llm",
            limit=1000,
            chinese=True,
            negative="low quality, blurry, distorted",
            files=r"ernie|ministral",
            encoder=r"ernie",
            kinds=("flux2",),
            source=f"model card of ERNIE-Image; {CORE}/ernie.py",
        ),
        Target(
            name="flux2",
            title="Flux.2 dev",
            style="sentences",
            words=(60, 150),
            unit="llm",
            limit=512,
            rules="Subject, action, style, context. Colors may be hex codes.",
            files=r"flux ?2|mistral",
            encoder=r"flux2tokenizer",
            kinds=("flux2",),
            reads_json=True,
            source=f"black-forest-labs/flux2 docs and src/flux2/system_messages.py; {CORE}/flux.py",
        ),
        Target(
            name="llm-image",
            title="Boogu, Fibo, Flux.3, JoyImage, Kandinsky 5, Lens, LongCat, Mage-Flow, Ming, MOSS, Ovis, PixelDiT",
            style="sentences",
            words=(60, 150),
            unit="llm",
            limit=300,
            files=r"boogu|joy ?image|kandinsky5?(?:lite)? ?(?:t2i|i2i|image)|\blens\b|longcat|mage ?flow|\bovis"
            r"|pixeldit|\bming\b|capybara|flux ?3|\bfibo|moss image",
            encoder=r"boogu|joyimage|tokenizerimage|lenstokenizer|longcat|mage_flow|ovis|pixeldit|ming",
            kinds=(
                *(
                    "boogu",
                    "fibo2",
                    "flux3",
                    "joyimage",
                    "kandinsky5_image",
                    "lens",
                    "longcat_image",
                    "mage",
                    "moss_image",
                ),
                *("ovis", "pixeldit", "qwen_image", "hunyuan_video_15"),  # the last two for Ming and Capybara
            ),
            nodes=r"TextEncode(?:Boogu|Fibo|JoyImage|MageFlow|Ming|MOSS)",
            otherwise=r"CLIPLoader|TextEncoder|CLIPTextEncode|TextEncode",
            source=f"SwarmUI docs/Model Support.md; {CORE}: every one of them reads no weights; the templates of "
            "comfyui-workflow-templates 0.11.97",
        ),
        Target(
            name="qwen-image-2.1",
            title="Qwen-Image-2.1",
            style="sentences",
            words=(80, 200),
            unit="llm",
            limit=2000,
            rules="Describe the finished picture. Say where a background is transparent: it has an alpha channel then.",
            files=r"qwen ?image ?2 1|qwen ?image ?21|^qwen 2 (?!5)",
            encoder=r"qwen_?image_?2_?1",
            kinds=("qwen_image", "qwen_image_21"),
            source="QwenLM/Qwen-Image-2.1 README.md and prompt_rewrite/",
        ),
        Target(
            name="qwen-image",
            title="Qwen-Image",
            style="sentences",
            words=(80, 180),
            unit="llm",
            limit=1000,
            behind="Ultra HD, 4K, cinematic composition.",
            behind_chinese="超清，4K，电影级构图。",
            chinese=True,
            negative="low quality, blurry, distorted, malformed hands",
            rules="Text to be drawn in double quotes, with its place and its lettering.",
            files=r"qwen ?image|firered|qwen 2 5 vl 7b|^qwen (?!\d)",
            encoder=r"text_encoders\.qwen_image\.",
            kinds=("qwen_image",),
            nodes=r"TextEncodeQwenImage",
            source=f"QwenLM/Qwen-Image src/examples/tools/prompt_utils.py; {CORE}/qwen_image.py",
        ),
        Target(
            name="krea2",
            title="Krea 2",
            style="sentences",
            words=(80, 200),
            unit="llm",
            limit=512,
            rules="One visual hierarchy: subject, action, place, camera, light, style. No keyword lists.",
            files=r"krea ?2|krea(?! ?dev)",
            encoder=r"krea2",
            kinds=("krea2",),
            source=f"krea-ai/krea-2 docs/prompting.md and docs/expansion.txt; {CORE}/krea2.py",
        ),
        Target(
            name="hunyuan-image",
            title="HunyuanImage 2.1",
            style="sentences",
            words=(80, 200),
            unit="llm",
            limit=1000,
            chinese=True,
            negative="low quality, blurry, distorted",
            rules="From the whole to the parts and back to the whole. Text to be drawn in double quotes.",
            files=r"hunyuan ?image",
            encoder=r"hunyuan_image",
            kinds=("hunyuan_image",),
            source=f"Tencent-Hunyuan/HunyuanImage-2.1 README; {CORE}/hunyuan_image.py",
        ),
        Target(
            name="ideogram4",
            title="Ideogram 4",
            style="sentences",
            words=(40, 150),
            unit="llm",
            limit=2000,
            json=True,
            rules="High-level description, then background, then each element with its place.",
            files=r"ideogram",
            encoder=r"ideogram",
            kinds=("ideogram4",),
            source="ComfyUI v0.33 comfy_extras/nodes_json_prompt.py and nodes_bounding_boxes.py; Comfy-Org/docs "
            "tutorials/image",
        ),
        Target(
            name="minimax-image",
            title="MiniMax-H3-Image",
            style="sentences",
            words=(80, 200),
            unit="llm",
            limit=2000,
            files=r"minimax h3 (?:image|t2i)",
            encoder=r"minimaxh3image",
            source="Comfy-Org/MiniMax-H3-Image discussion 6",
        ),
        Target(
            name="omnigen2",
            title="OmniGen2",
            style="sentences",
            words=(40, 120),
            unit="llm",
            limit=512,
            weights=True,
            negative=DRAWN_NEGATIVE,
            files=r"omnigen",
            encoder=r"omnigen2",
            kinds=("omnigen2",),
            source=f"VectorSpaceLab/OmniGen2 README; {CORE}/omnigen2.py",
        ),
        # Video.
        Target(
            name="wan",
            title="Wan 2.1 and 2.2",
            style="sentences",
            words=(60, 150),
            unit="t5",
            limit=512,
            weights=True,
            negative=VIDEO_NEGATIVE,
            chinese=True,
            video=True,
            rules="Time of day, light, angle, shot size, composition.",
            files=r"\bwan ?2|\bwan\b|umt5|humo|vace",
            encoder=r"text_encoders\.wan\.",
            kinds=("wan",),
            nodes=r"WanVideoTextEncode",
            still="wan-image",
            source=f"Wan-Video/Wan2.2 wan/utils/system_prompt.py; {CORE}/wan.py",
        ),
        Target(
            name="wan-image",
            title="Wan 2.1 and 2.2, single pictures",
            style="sentences",
            words=(60, 150),
            unit="t5",
            limit=512,
            weights=True,
            negative=DRAWN_NEGATIVE,
            chinese=True,
            rules="Time of day, light, angle, shot size, composition. One moment, nothing that moves on.",
            source=f"Wan-Video/Wan2.2 wan/utils/system_prompt.py; {CORE}/wan.py",
        ),
        Target(
            name="ltx",
            title="LTX-Video, LTX-2",
            style="sentences",
            words=(100, 220),
            unit="llm",
            limit=1024,
            negative=VIDEO_NEGATIVE,
            video=True,
            rules="In the order of time. State the camera. Sound, and speech in double quotes.",
            files=r"\bltx",
            encoder=r"text_encoders\.lt\.",
            kinds=("ltxv",),
            nodes=r"LTXAVTextEncoderLoader",
            source=f"Lightricks/LTX-2 gemma_t2v_system_prompt.txt; {CORE}/lt.py",
        ),
        Target(
            name="hunyuan-video15",
            title="HunyuanVideo 1.5",
            style="sentences",
            words=(60, 150),
            unit="llm",
            limit=1000,
            negative=VIDEO_NEGATIVE,
            chinese=True,
            video=True,
            files=r"hunyuan ?video ?1 5",
            encoder=r"hunyuanvideo15",
            kinds=("hunyuan_video_15",),
            source=f"Comfy-Org/docs tutorials/video; {CORE}/hunyuan_video.py",
        ),
        Target(
            name="hunyuan-video",
            title="HunyuanVideo",
            style="sentences",
            words=(40, 120),
            unit="llm",
            limit=256,
            weights=True,
            video=True,
            files=r"hunyuan ?video",
            encoder=r"hunyuanvideotokenizer",
            kinds=("hunyuan_video",),
            nodes=r"TextEncodeHunyuanVideo",
            source=f"Comfy-Org/docs tutorials/video; {CORE}/hunyuan_video.py",
        ),
        Target(
            name="minimax-video",
            title="MiniMax H3",
            style="sentences",
            words=(80, 300),
            unit="llm",
            limit=2000,
            video=True,
            rules="Fields for scene, camera and sound; [Shot N] with time codes where there are several shots.",
            files=r"minimax h3|qwen3vl 32b",
            encoder=r"minimaxh3",
            kinds=("minimax",),
            nodes=r"MiniMaxH3",
            still="minimax-image",
            source="the prompt guides in MiniMax-AI/MiniMax-H3",
        ),
        Target(
            name="kandinsky5-video",
            title="Kandinsky 5 video",
            style="sentences",
            words=(60, 150),
            unit="llm",
            limit=300,
            negative=VIDEO_NEGATIVE,
            video=True,
            files=r"kandinsky5?(?:lite)? ?(?:t2v|i2v|video)",
            encoder=r"kandinsky5tokenizer$",
            kinds=("kandinsky5",),
            source=f"Comfy-Org/docs tutorials/video; {CORE}/kandinsky5.py",
        ),
        Target(
            name="t5-video",
            title="CogVideoX, Cosmos, Mochi",
            style="sentences",
            words=(60, 150),
            unit="t5",
            limit=226,
            weights=True,
            negative=VIDEO_NEGATIVE,
            video=True,
            files=r"cogvideo|cosmos|mochi",
            encoder=r"cogvideo|cosmos|genmo",
            kinds=("cogvideox", "cosmos", "mochi"),
            source=f"SwarmUI docs/Model Support.md; {CORE}/cogvideo.py, cosmos.py, genmo.py",
        ),
        # Models that others run: plain language, no weights, no negative prompt.
        Target(
            name="hosted-video",
            title="hosted video models (Kling, Luma, Seedance, Veo, Vidu …)",
            style="sentences",
            words=(40, 120),
            unit="llm",
            limit=500,
            video=True,
            nodes=r"^(?:Vidu|Kling(?!OmniProImageNode|ImageGeneration|TryOn)|Minimax|Ltxv?Api|Veo|OpenAIVideo|HappyHorse|Pixverse"
            r"|Moonvalley|GeminiVideo|GrokVideo|Flux\w*(?:ToVideo|VideoEdit|VideoContinuation)|LumaRay|LumaVideo"
            r"|LumaImageToVideo|ByteDance2(?!Create)|Runway(?:First|Aleph|\w*Video)|HeyGen\w*ToVideo|Pruna\w*Video"
            r"|ByteDance\w*(?:ToVideo|Frame|ImageReference)|Wan\d*\w*Video\w*Api)",
            source="ComfyUI v0.33 comfy_api_nodes",
        ),
        Target(
            name="hosted",
            title="hosted image models (GPT Image, Nano Banana, Seedream, Recraft …)",
            style="sentences",
            words=(30, 120),
            unit="llm",
            limit=500,
            nodes=r"^(?:OpenAI(?:Dalle|GPTImage)|Gemini(?:Image|NanoBanana)|GrokImage|Krea\d\w*Node|QwenImage\w*Api|Ideogram[VPTE]"
            r"|FluxPro|FluxKontext\w*ImageNode|Flux[23]Image(?!To)|Recraft(?:V4)?(?:TextTo|ImageTo|ImageInpaint)|Reve|Quiver"
            r"|Luma(?:ImageNode|ImageModify|ImageEdit)|RunwayTextToImage|ByteDance(?:ImageNode|Seedream)|Bria(?:Image|Gen)"
            r"|Wan(?:TextTo|ImageTo)ImageApi|HunyuanImage\w*Api|OpenRouterImage|MetaMuseImage"
            r"|KlingOmniProImageNode|KlingImageGeneration)",
            source="ComfyUI v0.33 comfy_api_nodes",
        ),
    )
}

# What has a prompt and draws nothing: models of sound, and those that look for what is in a picture.
NOT_DRAWN = re.compile(r"\bace ?step|acestepaudio|stable ?audio|music|\bsong|\byue\b|\bsam ?[23]")


def find_target(name: str) -> Target:
    """The row of a name or title, letter case and punctuation aside, or of a model file's name ("juggernautXL_v9").

    Raises ValueError with the names that come close for one that is none.
    """
    if name in TARGETS:
        return TARGETS[name]
    asked = bare(name)
    for target in TARGETS.values():
        if asked and asked in (bare(target.name), bare(target.title)):
            return target
    named = find_seen(Seen(files=(name,)))
    if named and named.target:
        return named.target
    called = {bare(each): target.name for target in TARGETS.values() for each in (target.title, target.name)}
    close = dict.fromkeys(called[each] for each in difflib.get_close_matches(asked, called, n=3, cutoff=0.5))
    hint = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(TARGETS)}"
    raise ValueError(f"there is no image model {name!r}: {hint}")


def bare(name: str) -> str:
    """A name's letters and digits in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@dataclass(frozen=True)
class Seen:
    """What was seen of an image model, in a graph or of a connected text encoder; each may be missing.

    files      names of model files, the most telling first: the checkpoint or diffusion model, then text encoders
    kinds      what CLIP loaders have as their `type`
    tokenizer  module and class of the tokenizer of a text encoder
    nodes      types of the nodes that take the prompt or load the text encoder
    still      whether what is drawn is saved or shown as a picture, and not as a video
    """

    files: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    tokenizer: str = ""
    nodes: tuple[str, ...] = ()
    still: bool = False

    @property
    def of_no_picture(self) -> bool:
        """Whether what was seen writes sound, or looks at pictures."""
        return any(NOT_DRAWN.search(plain_name(each)) for each in (*self.files[:1], *self.kinds, *self.nodes[:1]))


@dataclass(frozen=True)
class Found:
    """The image model that was found.

    target  its row; None where there was nothing to go by
    by      what told: the name of a file, the type of a loader or a node, the class of a tokenizer; "" for nothing
    sure    False where `target` is no more than what is usual
    """

    target: Target | None
    by: str = ""
    sure: bool = True


def find_seen(seen: Seen) -> Found | None:
    """The row of what was seen, and by what it was found; None where nothing tells."""
    found = _found(seen)
    if found and found.target and seen.still and found.target.still:
        return replace(found, target=TARGETS[found.target.still])
    return found


def _found(seen: Seen) -> Found | None:
    """The row by the files, text encoder and nodes that were seen.

    A node whose model others run decides. Else the text encoder leaves the models that use it; among these a file name
    decides, else the last row holds. Where nothing is known of the encoder the file name alone decides, and at last
    the type of the node.
    """
    rows = list(TARGETS.values())
    if seen.of_no_picture:
        return None
    for node in seen.nodes:
        for row in rows:
            if row.hosted and re.search(row.nodes, node):
                return Found(row, node)
    name = seen.tokenizer.lower()
    read_by = [row for row in rows if name and row.encoder and re.search(row.encoder, name)]
    of_kind = [row for row in rows if not set(row.kinds).isdisjoint(seen.kinds)]
    possible = [row for row in read_by if row in of_kind] or read_by or of_kind
    for file in seen.files:
        for row in possible or rows:
            if row.files and re.search(row.files, plain_name(file)):
                return Found(row, re.split(r"[/\\]", file)[-1])
    if read_by:
        return Found(possible[-1], seen.tokenizer.split(".")[-1])
    if of_kind:
        return Found(of_kind[-1], f"type {next(kind for kind in seen.kinds if kind in of_kind[-1].kinds)}")
    for node in seen.nodes:
        for row in rows:
            if row.nodes and re.search(row.nodes, node):
                return Found(row, node)
    return None


def usual(seen: Seen) -> Found:
    """The row that is usual for loaders of these types, where nothing else tells."""
    for row in () if seen.of_no_picture else TARGETS.values():
        for node in seen.nodes:
            if row.otherwise and re.search(row.otherwise, node):
                return Found(row, node, sure=False)
    return Found(None, sure=False)


def reads_prompts(node: str) -> bool:
    """Whether nodes of a type are known to take the prompt of an image model, or to load its text encoder."""
    return any(row.nodes and re.search(row.nodes, node) for row in TARGETS.values())


def plain_name(file: str) -> str:
    """A file's name as patterns look at it: with its folders, in lower case, a blank for every mark."""
    return re.sub(r"[^a-z0-9]+", " ", file.lower()).strip()


def words_for(target: Target | None, style: str, length: str) -> tuple[int, int]:
    """The fewest and most words of a wished length: a third of what the image model, or else the style, wants."""
    fewest, most = target.words if target else USUAL_WORDS[style]
    third = (most - fewest) / 3
    step = LENGTHS.index(length)
    return round(fewest + step * third), round(fewest + (step + 1) * third)


def counted(target: Target | None, tokens: int) -> str:
    """A count of tokens in words, in the unit of an image model: "61 of 75 CLIP tokens", "about 140 of 512 tokens"."""
    if target is None:
        return f"{tokens} CLIP tokens"
    if target.unit != "chunk":
        return f"about {tokens} of {target.limit} tokens"
    chunks = -(-tokens // target.limit) or 1
    return f"{tokens} of {chunks * target.limit} CLIP tokens" + (f", {chunks} chunks" if chunks > 1 else "")


def summary(target: Target) -> str:
    """What is written for an image model, in a line: "for Z-Image: long sentences; weights are ignored there"."""
    lines = [f"for {target.title}: {target.manner}"]
    if target.before or target.behind:
        lines.append(f"with its own words {'before' if target.before else 'behind'} them")
    if not target.weights:
        lines.append("weights are ignored there")
    return "; ".join(lines)
