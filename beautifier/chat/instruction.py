"""What a chat model is told, wherever it runs: for no image model in particular, or what the row of one asks for."""

import re

from ..request import Request
from ..targets.target import Target, words_for

SYSTEM_PROMPT = (
    "You write prompts for text-to-image models. The user sends a short description of a picture. "
    "Answer with one detailed prompt for that picture and nothing else: no introduction, no explanation, no "
    "quotation marks, no list, no Markdown, no alternatives. "
    "Write one line of 30 to 70 words in the language of the description, as details separated by commas. "
    "Begin with the subject in the words of the description, then add its looks, its surroundings, light, "
    "colours, composition, medium and style. "
    "Name no artist and no real person whom the description does not name."
)

ALONE = (
    "Answer with that prompt and nothing else: no introduction, no explanation, no quotation marks around it, no list, "
    "no Markdown, no alternatives."
)
FORMS = {
    "phrases": "Write one line of {least} to {most} words, as details separated by commas: the subject first.",
    "sentences": "Write one paragraph of {least} to {most} words in whole sentences: the subject first.",
    "tags": (
        "Write {least} to {most} Danbooru tags in lower case, separated by commas: counts of people such as 1girl "
        "first, and what no tag says in a few plain words. No quality tags."
    ),
}
VIDEO_FORM = (
    "Write one paragraph of {least} to {most} words in whole sentences and in the present tense: who or what is seen, "
    "what moves and how, in the order of time, and what the camera does."
)
ADDED = {
    "strict": (
        "Say only what the description says, and put it well: add nothing that is to be seen, no thing, no place, no "
        "light, no color. The prompt may then be shorter."
    ),
    "balanced": (
        "Add what a picture of it would show: its looks, its surroundings, light, colors, composition. Add nothing "
        "that changes what was asked for."
    ),
    "creative": (
        "Be inventive in what you add: an unexpected place, hour, material or point of view that suits the subject. "
        "Change nothing of what was asked for."
    ),
}
KEPT = (
    "Keep everything the description asks for: things, counts, colors, names, medium and style. Never mention what it "
    "rules out. Text to be drawn stays in double quotes, letter for letter. Where the description is a list of tags or "
    "a prompt for another model, say all of it in the form above. "
    "Name no artist and no real person whom the description does not name."
)
PLAIN = "No words of praise such as masterpiece or 8k, and nothing that cannot be seen."
NO_WEIGHTS = "No weights and no parentheses."
MARKS = re.compile(r"[<>{}|\[\]\n\"]")  # of syntax: such words are put in afterwards


def instruction_for(request: Request, own: str = "") -> str:
    """What a chat model is told of a request; where it asks for nothing special, SYSTEM_PROMPT.

    own: an instruction of the user's, which stands in its place; the words to keep and to avoid are said behind it.
    """
    if own.strip():
        return "\n\n".join(filter(None, (own.strip(), " ".join(filter(None, listed(request))))))
    target = request.image_model
    if (target, request.style, request.strength, request.length) == (None, "phrases", "balanced", "medium"):
        return " ".join(filter(None, (SYSTEM_PROMPT, *listed(request))))
    least, most = words_for(target, request.style, request.length)
    form = VIDEO_FORM if target and target.video else FORMS[request.style]
    parts = [
        opening(target),
        ALONE,
        form.format(least=least, most=most),
        ADDED[request.strength],
        KEPT,
        *rules(target, request.style),
        *listed(request),
    ]
    return " ".join(filter(None, parts))


def opening(target: Target | None) -> str:
    """The first sentences of an instruction: for whom prompts are written, and what the user describes."""
    kind = "video" if target and target.video else "image"
    shown = "a video" if kind == "video" else "a picture"
    whom = f"{target.title}, a text-to-{kind} model" if target else "text-to-image models"
    return f"You write prompts for {whom}. The user sends a description of {shown}."


def rules(target: Target | None, style: str) -> tuple[str, ...]:
    """What else holds for an image model's prompts."""
    plain = PLAIN if style == "sentences" else ""
    if target is None:
        return (plain, "Write in the language of the description.")
    language = "Write in English, or in Chinese where the description is Chinese." if target.chinese else ENGLISH
    return (target.rules, plain, "" if target.weights else NO_WEIGHTS, language)


ENGLISH = "Write in English, whatever the language of the description."


def listed(request: Request) -> tuple[str, ...]:
    """Sentences of the words to keep and to avoid, but for those that hold marks of syntax."""
    keep, avoid = ([f'"{word}"' for word in words if not MARKS.search(word)] for words in (request.keep, request.avoid))
    return (
        f"Use these words letter for letter: {', '.join(keep)}." if keep else "",
        f"Do not use these words: {', '.join(avoid)}." if avoid else "",
    )
