"""Text encoders as ComfyUI has them, small: tokenizers with each one's ways, and a network that writes what it is told.

A character is a token, and each mark of turns is one. What a tokenizer does to a text (its own template, filling up,
weights, pictures) is what ComfyUI 0.33's of that kind does. `MADE` has a maker for each kind.
"""

import re
from types import SimpleNamespace

import torch
from torch import nn

MARKS = {
    "chatml": ("<|im_start|>", "<|im_end|>", "<think>", "</think>", "<|vision_start|>", "<|image_pad|>"),
    "gemma": ("<start_of_turn>", "<end_of_turn>", "<image_soft_token>"),
    "gemma4": ("<|turn>", "<turn|>", "<|think|>", "<|channel>", "<channel|>", "<|image|>"),
    "mistral": ("[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
    "t5": ("</s>",),
}
PICTURES = ("<|image_pad|>", "<image_soft_token>", "<|image|>")
FIRST_MARK, PAD, END = 1_000_000, 5, 6


class Inner:
    """ComfyUI's SDTokenizer: backslashes are taken away, parentheses too where weights are read, then filled up."""

    def __init__(self, kind: str, min_length: int = 1, pad_left: bool = False, weights: bool = False):
        self.marks = MARKS[kind]
        self.inv_vocab = {FIRST_MARK + at: mark for at, mark in enumerate(self.marks)} | {97: "a"}
        self.pad_token, self.min_length, self.pad_left, self.weights = PAD, min_length, pad_left, weights

    def row(self, text: str, min_length: int | None = None) -> list:
        if self.weights:
            text = re.sub(r"(?<!\\)[()]", "", text)
        text = text.replace(r"\(", "(").replace(r"\)", ")")
        pieces = re.split("(" + "|".join(map(re.escape, self.marks)) + ")", text)
        ids = []
        for piece in pieces:
            ids += [FIRST_MARK + self.marks.index(piece)] if piece in self.marks else map(ord, piece)
        filled = [PAD] * ((min_length or self.min_length) - len(ids))
        return [(token, 1.0) for token in (filled + ids if self.pad_left else ids + filled)]

    def text(self, ids: list) -> str:
        shown = (self.inv_vocab.get(token) or chr(token) for token in ids if token not in (PAD, END))
        return "".join(shown)


class Tokenizer:
    """ComfyUI's SD1Tokenizer of one part."""

    def __init__(self, part: str, inner: Inner):
        self.part = part
        setattr(self, part, inner)

    @property
    def inner(self) -> Inner:
        return getattr(self, self.part)

    def tokenize_with_weights(self, text, return_word_ids=False, **options):
        return {self.part: [self.inner.row(text, options.get("min_length"))]}

    def decode(self, ids, skip_special_tokens=True):
        return self.inner.text(ids)

    def with_pictures(self, tokens: dict, images: list) -> dict:
        left = list(images)
        for row in tokens[self.part]:
            for at, (token, weight) in enumerate(row):
                if self.inner.inv_vocab.get(token) in PICTURES and left:
                    row[at] = ({"type": "image", "data": left.pop(0)}, weight)
        return tokens


class OwnTemplate(Tokenizer):
    """Z-Image and Klein: every text goes into a template, its own or the given one."""

    def tokenize_with_weights(self, text, return_word_ids=False, llama_template=None, **options):
        template = (
            "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n" if llama_template is None else llama_template
        )
        return super().tokenize_with_weights(template.format(text), return_word_ids, **options)


class SeesChatML(Tokenizer):
    """Qwen3-VL and Krea 2: a whole conversation is left alone; they think unless they are told not to."""

    def tokenize_with_weights(
        self, text, return_word_ids=False, images=(), thinking=True, skip_template=False, **options
    ):
        if not (skip_template or text.startswith("<|im_start|>")):
            text = f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n{'' if thinking else '<think></think>'}"
        images = images or ([options["image"]] if options.get("image") is not None else [])
        return self.with_pictures(super().tokenize_with_weights(text, return_word_ids, **options), images)


class Gemma3(Tokenizer):
    """Gemma 3 12B in LTX-2: filled up to 1,024 tokens on the left whatever is asked for."""

    def tokenize_with_weights(self, text, return_word_ids=False, **options):
        if not options.get("skip_template") and not text.startswith("<start_of_turn>"):
            text = f"<start_of_turn>user\n{text}<end_of_turn>\n<start_of_turn>model\n"
        image = options.get("image")
        tokens = super().tokenize_with_weights(text, return_word_ids)
        return self.with_pictures(tokens, [] if image is None else [image])


class Gemma4(Tokenizer):
    """Gemma 4: its thoughts come out between <think> and </think>."""

    def tokenize_with_weights(self, text, return_word_ids=False, **options):
        image = options.get("image")
        tokens = super().tokenize_with_weights(text, return_word_ids, **options)
        return self.with_pictures(tokens, [] if image is None else [image])

    def decode(self, ids, skip_special_tokens=True):
        text = super().decode(ids).replace("<|channel>thought\n", "<think>\n").replace("<channel|>", "</think>")
        return text.replace("<turn|>", "")


class Anima:
    """Two tokenizers at once, and the one that counts reads weights."""

    def __init__(self, inner: Inner):
        self.qwen3_06b, self.t5xxl = inner, Inner("t5", weights=True)

    def tokenize_with_weights(self, text, return_word_ids=False, **options):
        return {"qwen3_06b": [self.qwen3_06b.row(text)], "t5xxl": [self.t5xxl.row(text)]}

    def decode(self, ids, **_):
        return self.qwen3_06b.text(ids)


class Table(nn.Module):
    """A table of embeddings of no width: all that counts is that each token goes through it."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return ids


class Language(nn.Module):
    """A language model whose k-th answer is the k-th of `says`, or words drawn by the seed where there are none."""

    def __init__(self, says=(), ends=(END,), final_norm=True):
        super().__init__()
        self.table = Table()
        self.model = nn.Module()
        self.model.config = SimpleNamespace(stop_tokens=list(ends) or None, final_norm=final_norm)
        self.says, self.calls = list(says), []
        self.ids_of = None  # of a text, set by the Clip

    def get_input_embeddings(self):
        return self.table

    def generate(self, prompt, max_length, seed, **options):
        self.calls.append(SimpleNamespace(prompt=prompt, max_length=max_length, seed=seed, **options))
        self.table(torch.zeros(1, len(prompt), dtype=torch.long))
        if self.says:
            answer = self.says[(len(self.calls) - 1) % len(self.says)]
        else:
            random = torch.Generator().manual_seed(seed)
            answer = "a cat, " + " ".join(
                str(number) for number in torch.randint(10_000, (5,), generator=random).tolist()
            )
        ids = []
        for token in [*self.ids_of(answer), END]:
            ids.append(token)
            if len(ids) == max_length:
                break
            self.table(torch.tensor([[token]]))
        return ids


class Sees(Language):
    def preprocess_embed(self, embed, device):
        return None, None


class Part(nn.Module):
    """ComfyUI's SDClipModel: what holds a network."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.transformer = network


class Reader(nn.Module):
    """A network that reads and does not write: CLIP, T5."""


class Model(nn.Module):
    """ComfyUI's SD1ClipModel: parts by their names. `generate` is there whether or not a part has it."""

    def __init__(self, **parts: nn.Module):
        super().__init__()
        for name, network in parts.items():
            setattr(self, name, Part(network))
        self.generate = lambda *_, **__: None


class Clip:
    """ComfyUI's CLIP, with the arguments that its methods have in 0.33."""

    def __init__(self, tokenizer, **parts: nn.Module):
        self.tokenizer, self.cond_stage_model = tokenizer, Model(**parts)
        self.network = next((each for each in parts.values() if isinstance(each, Language)), None)
        inner = getattr(tokenizer, next(iter(parts)), None)
        if self.network is not None and inner is not None:
            self.network.ids_of = lambda text: [token for token, _ in inner.row(text, 1)]

    def tokenize(self, text, return_word_ids=False, **options):
        return self.tokenizer.tokenize_with_weights(text, return_word_ids, **options)

    def generate(
        self,
        tokens,
        do_sample=True,
        max_length=256,
        temperature=1.0,
        top_k=50,
        top_p=0.95,
        min_p=0.0,
        repetition_penalty=1.0,
        seed=None,
        presence_penalty=0.0,
    ):
        row = [token for token, _ in next(iter(tokens.values()))[0]]
        options = {"do_sample": do_sample, "temperature": temperature, "top_k": top_k, "top_p": top_p}
        return self.network.generate(row, max_length, seed, min_p=min_p, penalty=repetition_penalty, **options)

    def decode(self, token_ids, skip_special_tokens=True):
        return self.tokenizer.decode(token_ids, skip_special_tokens=skip_special_tokens)


class OldClip(Clip):
    """As generation was when it came, in 0.15."""

    def tokenize(self, text, return_word_ids=False, **options):
        unknown = set(options) - {"image", "skip_template", "min_length", "llama_template", "thinking", "images"}
        assert not unknown
        return super().tokenize(text, return_word_ids, **options)

    def generate(
        self, tokens, do_sample=True, max_length=256, temperature=1.0, top_k=50, top_p=0.95, min_p=0.0,
        repetition_penalty=1.0, seed=None,
    ):  # fmt: skip
        return super().generate(
            tokens, do_sample, max_length, temperature, top_k, top_p, min_p, repetition_penalty, seed
        )


class NewClip(Clip):
    """With what came after 0.33: guesses ahead, several pictures, a system text."""

    def tokenize(
        self, text, return_word_ids=False, images=(), system_prompt=None, thinking=False, llama_template=None,
        skip_template=False, min_length=1,
    ):  # fmt: skip
        options = {"images": images, "llama_template": llama_template, "skip_template": skip_template}
        return super().tokenize(text, return_word_ids, thinking=thinking, min_length=min_length, **options)

    def generate(
        self, tokens, do_sample=True, max_length=256, temperature=1.0, top_k=50, top_p=0.95, min_p=0.0,
        repetition_penalty=1.0, seed=None, presence_penalty=0.0, mtp=True,
    ):  # fmt: skip
        assert not mtp, "a seed would give another text with it"
        return super().generate(
            tokens, do_sample, max_length, temperature, top_k, top_p, min_p, repetition_penalty, seed
        )


def z_image(*says, clip=Clip) -> Clip:
    return clip(OwnTemplate("qwen3_4b", Inner("chatml")), qwen3_4b=Language(says))


def klein(*says, clip=Clip) -> Clip:
    return clip(OwnTemplate("qwen3_8b", Inner("chatml", min_length=512)), qwen3_8b=Language(says))


def qwen3_vl(*says, clip=Clip) -> Clip:
    return clip(SeesChatML("qwen3vl_8b", Inner("chatml")), qwen3vl_8b=Sees(says))


def anima(*says, clip=Clip) -> Clip:
    return clip(Anima(Inner("chatml", weights=True)), qwen3_06b=Language(says))


def gemma3(*says, clip=Clip) -> Clip:
    return clip(Gemma3("gemma3_12b", Inner("gemma", min_length=1024, pad_left=True)), gemma3_12b=Sees(says))


def gemma4(*says, clip=Clip, primed=True) -> Clip:
    inner = Inner("gemma4", pad_left=True)
    inner.prime_empty_thought = primed
    return clip(Gemma4("gemma4", inner), gemma4=Sees(says))


def ministral(*says, clip=Clip) -> Clip:
    return clip(Tokenizer("ministral3_3b", Inner("mistral", pad_left=True)), ministral3_3b=Language(says))


def unknown(*says, clip=Clip) -> Clip:
    """A language model whose turns nobody here knows."""
    return clip(Tokenizer("novel_9b", Inner("t5")), novel_9b=Language(says))


MADE = {
    "Qwen3 4B": z_image,
    "Qwen3 8B": klein,
    "Qwen3-VL 8B": qwen3_vl,
    "Qwen3 0.6B": anima,
    "Gemma 3 12B": gemma3,
    "Gemma 4": gemma4,
    "Ministral 3B": ministral,
    "novel_9b": unknown,
}


def sdxl() -> Clip:
    return Clip(SimpleNamespace(clip_l=None), clip_l=Reader(), clip_g=Reader())


def flux() -> Clip:
    return Clip(SimpleNamespace(clip_l=None), clip_l=Reader(), t5xxl=Reader())


def qwen_image() -> Clip:
    """Qwen2.5-VL: it has `generate`, and neither end tokens nor an output layer."""
    return Clip(SeesChatML("qwen25_7b", Inner("chatml")), qwen25_7b=Sees(ends=()))


def ideogram() -> Clip:
    """The text-only encoder of Ideogram 4, without its last norm and layers."""
    return Clip(SeesChatML("qwen3vl_8b", Inner("chatml")), qwen3vl_8b=Language(final_norm=False))


def before_generation() -> Clip:
    """A Qwen3 in a ComfyUI before 0.15."""
    clip = z_image()
    clip.generate = None
    return clip


CANNOT = {
    "CLIP-L + CLIP-G": sdxl,
    "CLIP-L + T5-XXL": flux,
    "Qwen2.5-VL 7B": qwen_image,
    "Qwen3-VL 8B": ideogram,
    "Qwen3 4B": before_generation,
}
