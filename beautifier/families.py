"""How each family of checkpoints is asked, with which settings, and how its answer is read.

FAMILIES is the whole story of most of them. The templates are what the checkpoints were trained on: one
changed byte makes their answers worse.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from .chat.instruction import SYSTEM_PROMPT, instruction_for
from .request import Request, Sampling
from .tag_writers import dart, tipo
from .tag_writers.asked import Asked

CUSTOM = "custom"  # no family of FAMILIES: a template of the user's own


@dataclass(frozen=True)
class Family:
    """Checkpoints that were trained to answer the same way.

    template           what the network reads; {raw_prompt} stands for the user's words
    sampling           the published settings
    max_prompt_tokens  longest template with words, in tokens, that the network was trained to read
    continues          True where the prompt is the user's words and the answer together
    read               makes a prompt of the decoded text
    lower_case         True for a network that knows lower case only and may lose sight of the subject: words that
                       its answer lacks are put in front of it
    weights            True where that prompt has weights in ComfyUI syntax; else parentheses are noise
    chats              True for a chat model: its answers may be none
    special            True where special tokens in its template count as such
    asks               makes the template and the reading of an answer anew for each request, where they depend on it
    joins              what stands between the tokens of an answer, where each is a text of its own
    """

    name: str
    template: str
    sampling: Sampling
    max_prompt_tokens: int
    continues: bool = False
    read: Callable[[str], str] = str.strip
    lower_case: bool = False
    weights: bool = False
    chats: bool = False
    special: bool = False
    asks: Callable[[str, Request], Asked] | None = None
    joins: str | None = None


def render(family: Family, words: str) -> str:
    """The text the network reads for the user's words (braces in the words mean nothing)."""
    words = words.lower() if family.lower_case else words
    return family.template.replace("{raw_prompt}", words.strip())


def read(family: Family, words: str, answer: str) -> str:
    """The prompt in the decoded answer to `words`; "" when the network wrote nothing."""
    if not answer.strip():
        return ""
    return family.read(words.strip() + answer if family.continues else answer)


def custom_family(template: str) -> Family:
    """The family of a checkpoint that a template of the user's own asks; default sampling.

    template  what the network reads, {raw_prompt} standing for the user's words. With nothing but that in it the
              network goes on from the words, and both together are the prompt.

    Raises ValueError for a template without {raw_prompt}.
    """
    if "{raw_prompt}" not in template:
        raise ValueError(
            f"template must have {{raw_prompt}} in it, where your words are to go, and {shorten(template)!r} has not: "
            "write, for example, 'Input: {raw_prompt}'"
        )
    continues = template.strip() == "{raw_prompt}"
    return Family(CUSTOM, template, Sampling(), max_prompt_tokens=256, continues=continues)


def shorten(text: str) -> str:
    """A text for a message, at most 60 characters."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def read_a1111(answer: str) -> str:
    """An answer in A1111 syntax as a prompt in ComfyUI's."""
    from .prompts.a1111 import from_a1111  # as below: starting ComfyUI needs none of its patterns

    return from_a1111(answer).strip()


def read_chat(answer: str) -> str:
    """The prompt in a chat model's answer."""
    from .chat.answer import read_chat  # its patterns take a while to compile, and starting ComfyUI needs none

    return read_chat(answer)


# No checkpoint's own: a little under the usual temperature, room for a model that thinks before it answers.
CHAT = Family(
    name="chat",
    template="{raw_prompt}",
    sampling=Sampling(temperature=0.8, top_k=0, top_p=0.95, repetition_penalty=1.0, max_new_tokens=1024),
    max_prompt_tokens=1024,
    read=read_chat,
    chats=True,
    special=True,
)


def chat_family(template: str) -> Family:
    """The family of a chat model on this machine. It is asked not to think, so its answers are shorter.

    template  what the network reads, the chat template's special tokens in it, {raw_prompt} standing for the words
    """
    return replace(CHAT, template=template, sampling=replace(CHAT.sampling, max_new_tokens=256))


def instructed(family: Family, words: str, request: Request, own: str = "") -> tuple[Family, str]:
    """A family that is told in its template what a request asks for, and the words in the spelling that it knows.

    own: what a chat model is told in the place of what the request asks for
    """
    if family.chats:
        told = instruction_for(request, own)
        return replace(family, template=family.template.replace(SYSTEM_PROMPT, told, 1)), words
    if family.asks is None:
        return family, words
    asked = family.asks(words, request)
    family = replace(family, template=asked.template, continues=asked.continues, read=asked.read, asks=None)
    return family, asked.words


# Published settings of the text2prompt checkpoints: at most 384 tokens with the template, five samples.
TEXT2PROMPT_SAMPLING = Sampling(
    temperature=1.0, top_k=50, top_p=0.95, repetition_penalty=1.2, max_new_tokens=384, max_length=384
)

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        # The model in beautifier/embedded, made by training/pretrain.py.
        Family(
            name="embedded",
            template=" {raw_prompt}\n",
            lower_case=True,
            sampling=Sampling(
                temperature=0.9,
                top_k=50,
                top_p=0.95,
                repetition_penalty=1.0,
                max_new_tokens=96,
                min_new_tokens=24,
            ),
            max_prompt_tokens=64,
        ),
        # alibaba-pai/pai-bloom-1b1-text2prompt-sd (BeautifulPrompt, arXiv 2311.06752)
        Family(
            name="text2prompt-v1",
            template=(
                "Instruction: Give a simple description of the image to generate a drawing prompt.\n"
                "Input: {raw_prompt}\n"
                "Output:"
            ),
            sampling=TEXT2PROMPT_SAMPLING,
            max_prompt_tokens=192,
        ),
        # alibaba-pai/pai-bloom-1b1-text2prompt-sd-v2: larger training set, answers with A1111 weights
        Family(
            name="text2prompt-v2",
            template=(
                "Converts a simple image description into a prompt. Prompts are formatted as multiple "
                "related tags separated by commas, plus you can use () to increase the weight, [] to "
                "decrease the weight, or use a number to specify the weight. You should add appropriate "
                "words to make the images described in the prompt more aesthetically pleasing, but make "
                "sure there is a correlation between the input and output.\n"
                "### Input: {raw_prompt}\n"
                "### Output:"
            ),
            sampling=TEXT2PROMPT_SAMPLING,
            max_prompt_tokens=192,
            read=read_a1111,
            weights=True,
        ),
        # microsoft/Promptist (arXiv 2212.09611)
        Family(
            name="promptist",
            template="{raw_prompt} Rephrase:",
            sampling=Sampling(
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                repetition_penalty=1.0,
                max_new_tokens=75,
                num_beams=8,
                length_penalty=-1.0,
            ),
            max_prompt_tokens=256,
        ),
        # Gustavosta/MagicPrompt-Stable-Diffusion: GPT-2's plain sampling, the raw prompt goes on
        Family(
            name="magicprompt",
            template="{raw_prompt}",
            sampling=Sampling(temperature=1.0, top_k=50, top_p=1.0, repetition_penalty=1.0, max_new_tokens=75),
            max_prompt_tokens=256,
            continues=True,
        ),
        # roborovski/superprompt-v1, a Flan-T5 small; settings of the graphical programs that it was published with
        Family(
            name="superprompt-v1",
            template="Expand the following prompt to add more detail: {raw_prompt}",
            sampling=Sampling(temperature=0.5, top_k=50, top_p=1.0, repetition_penalty=1.2, max_new_tokens=512),
            max_prompt_tokens=256,
        ),
        # gokaygokay/Flux-Prompt-Enhance, a T5 base; settings of its node
        Family(
            name="flux-prompt-enhance",
            template="enhance prompt: {raw_prompt}",
            sampling=Sampling(temperature=0.7, top_k=50, top_p=0.95, repetition_penalty=1.2, max_new_tokens=256),
            max_prompt_tokens=256,
        ),
        # KBlueLeaf/TIPO-200M and its kin (arXiv 2411.08127); settings of its ComfyUI node
        Family(
            name="tipo",
            template="rating: safe\ntarget: <|long|>\ntag: {raw_prompt}",
            sampling=Sampling(
                temperature=0.5,
                top_k=80,
                top_p=0.95,
                repetition_penalty=1.17,
                max_new_tokens=512,
                min_new_tokens=2,
                min_p=0.05,
            ),
            max_prompt_tokens=384,
            special=True,
            asks=tipo.asked,
        ),
        # p1atdev/dart-v2-sft: Danbooru tags, a token each
        Family(
            name="dart-v2",
            template="<|bos|><general>{raw_prompt}<|identity:none|><|input_end|>",
            sampling=Sampling(temperature=1.0, top_k=100, top_p=1.0, repetition_penalty=1.0, max_new_tokens=128),
            max_prompt_tokens=128,
            special=True,
            asks=dart.asked,
            joins=", ",
        ),
    )
}
