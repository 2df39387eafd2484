"""What a chat model puts around a prompt: yes and here it is, labels, titles, tags, commands, remarks behind it."""

import html
import re

ABOUT = r"(?:prompts?|descriptions?|versions?|captions?|images?|requests?|提示词|描述)"
YES = re.compile(
    r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|alright|got it|great|understood|yes|no problem"
    r"|with pleasure|i(?:['’]d| would) be (?:happy|glad|delighted) to(?: help)?(?: you)?|当然(?:可以)?|好的)"
    r"\s*[!,.:。！，：]\s*",
    re.IGNORECASE,
)
HERE_IS = re.compile(
    rf"(?:here(?:['’]s| is| are| you go)|below (?:is|are)|以下是|这是)[^:：\n]{{0,200}}[:：]\s*"
    rf"|(?:here|below|this is|these are|i(?:['’]ve| have|['’]ll| will| can)?|let(?:['’]s| me)|my|your|based on"
    rf"|as requested|the following|sure|certainly|of course)\b[^:\n]{{0,200}}\b{ABOUT}\b[^:\n]{{0,100}}"
    rf"(?::\s*|[.!]?[^\S\n]*\n\s*)",
    re.IGNORECASE,
)
# "Prompt:", "Final image prompt:", "FLUX.1 Prompt:", "[Prompt]", "【提示词】"; what it is called before and after.
NAMED = r"(?:prompts?|output|answer|response|description|result|caption|提示词|描述|输出)"
COLON = r"(?:[:：]|→|[-=]>)"
LABEL = re.compile(
    rf"(?:(?!(?:an?|the) )[\w.+/-]+[ -]+){{0,4}}(?<![^\W\d_]){NAMED}(?:\s\d)?\s*{COLON}\s*(?:[>|][-+]?[^\S\n]*\n\s*)?"
    rf"|(?:the|your|one)\s+(?:[\w.+/-]+[ -]+){{0,3}}{NAMED}\s*(?:is\s*|reads\s*)?{COLON}\s*"
    rf"|[\[【](?:[\w.+/-]+ ){{0,3}}{NAMED}[\]】]\s*[:：]?\s*"
    r"|(?:final )?(?:answer|prompt|output|response|result)[^\S\n]*\n\s*"
    r"|(?:assistant|ai|bot)\s*:\s+|positive(?: prompt)?\s*[:：]\s*",
    re.IGNORECASE,
)
ORIGINAL = re.compile(
    r"(?:(?:your |the )?(?:original|initial|raw|user(?:['’]s)?|short|basic|input|before)"
    r"(?: (?:prompt|input|idea|description))?)\s*[:：][^\n]*\n+(?=[^\n:：]{0,40}[:：])",
    re.IGNORECASE,
)
AFTER = re.compile(
    r"(?:after|output|(?:your |the )?(?:enhanced|improved|expanded|rewritten|revised|detailed|new|final|beautified)"
    r"(?: (?:prompt|version|description))?)\s*[:：]\s*",
    re.IGNORECASE,
)
TITLE = re.compile(
    r"\s*(?:(?:\*\*|#+\s*)?(?:title|name|theme)(?:\*\*)?\s*[:：][^\n]{1,100}\n+"
    r"|\*\*[^*,\n]{1,60}\*\*[^\S\n]*\n\s*\n(?!\s*(?:[-*+•]|\d+[.)])\s))(?=\s*\S)",
    re.IGNORECASE,
)
TAGGED = re.compile(
    r"<(?P<tag>(?:final_|image_|rewritten_|enhanced_)?(?:prompt|answer|output|response|result|solution|rewrite))>\s*"
    r"(?P<inside>.*?)\s*(?:</(?P=tag)>|$)",
    re.IGNORECASE | re.DOTALL,
)
SQUARE_TAG = re.compile(rf"\[/(?:{NAMED})\]", re.IGNORECASE)
BOXED = re.compile(r"\$*\s*\\boxed\s*\{\s*(?:\\text\s*\{)?(?P<inside>[^{}]*)\}?\s*\}\s*\$*")
FENCE = re.compile(r"(```|~~~)[^\S\n]*(?:[\w+-]*[^\S\n]*\n)?(?P<inside>.*?)(?:\1|$)", re.DOTALL)
EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w*])|(?<!\w)__(?=\S)(.+?)(?<=\S)__(?!\w)")
# Midjourney's command and parameters, and those of older bots.
IMAGINE = re.compile(r"^\s*/imagine\s+(?:prompt\s*:?\s*)?", re.IGNORECASE)
PARAMETERS = re.compile(
    r"[\s,.]+(?:--|—|–)(?:ar|aspect|v|version|s|stylize|style|q|quality|c|chaos|seed|no|niji|tile|iw|w|h|hd|uplight|weird"
    r"|raw|p|profile|sref|cref|sw|cw|ow|oref|stop|fast|turbo|relax|video|test|testp|creative|upbeta|draft|exp|repeat|r|n|b)"
    r"(?=\s|$)[^\n]*|(?:\s+-(?:[nNhHwWcCsSgGiIbBdDA])\s?\d+(?:\.\d+)?)+[^\S\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
HASHTAGS = re.compile(r"(?:#[^\W\d_]\w*[\s,]*)+$")
# Where the prompt is over and the talk goes on.
REMARK = re.compile(
    r"(?:let me know|feel free|i hope|hope (?:this|that|you)|enjoy[!.]|happy (?:creating|generating)|would you like"
    r"|do you (?:want|need)|want me to\b"
    r"|(?:shall|should) i (?:also |then )?(?:make|add|adjust|adapt|change|go|write|create|turn|try|refine|tweak)\b"
    r"|if you(?:['’]d| would)? (?:like|want|need|prefer)|is there anything|please (?:note|let)"
    r"|[\[(]?\s*(?:about |approx(?:imately|\.)? |~)?\d{1,4} words\b|[\[(]?\s*(?:word|token|character) count\b"
    r"|[\[(]?\s*(?:note|n\.b\.|tips?|explanation|reasoning|rationale|negative(?: prompt)?|parameters|settings|steps"
    r"|cfg(?: scale)?|sampler|aspect ratio|why (?:this|it) works|key (?:elements|changes))\b\s*[:：]"
    r"|negative(?: prompt)?\s*$|\(?this (?:(?:enhanced|expanded|detailed|improved|revised|rewritten|new|final) )?"
    r"(?:prompt|description|version|revision)\b|these (?:prompts|details|additions)\b"
    r"|the (?:above|prompt (?:above|is|has|should))\b|alternatively\b|or\s*[:,]?$"
    r"|you (?:can|could|may|might) (?:also |then |further )?(?:adjust|use|modify|change|add|tweak|customi[sz]e)"
    r"|i(?:['’]ve| have)? (?:added|included|kept|expanded|chose|used)\b|希望|如果你|如果您|注意[:：]|负面提示)",
    re.IGNORECASE,
)
OPENS = {'"': '"', "“": "”", "'": "'", "‘": "’", "`": "`", "«": "»", "「": "」", "『": "』", "„": "“"}
QUOTED_BEFORE_TALK = re.compile(r'["“](?P<inside>[^"“”]{12,})["”]\s*(?P<rest>\S.*)', re.DOTALL)
QUOTED_AS_TYPEWRITERS_DO = re.compile(r"\s*``(?!`)(?P<inside>[^`]+?)''\s*$")


def without_markup(text: str) -> str:
    """A text without tags around all of it, entities of HTML, boxes of LaTeX and a bot's command and parameters."""
    text = (
        html.unescape(re.sub(r"<br\s*/?>", "\n", text)).replace("\u00a0", " ") if "&" in text or "<br" in text else text
    )
    tagged = next((found["inside"] for found in TAGGED.finditer(text) if found["inside"].strip()), "")
    text = SQUARE_TAG.sub("", tagged or text)
    boxed = BOXED.search(text)
    if boxed and boxed["inside"].strip():
        text = boxed["inside"]
    typed = QUOTED_AS_TYPEWRITERS_DO.match(text)
    text = typed["inside"] if typed else text
    return re.sub(r"(?:\\n)+\s*$", "", text)


def without_command(text: str) -> str:
    """A prompt without a bot's command before it and parameters behind it."""
    return PARAMETERS.sub("", IMAGINE.sub("", text))


def without_title(text: str) -> str:
    """A text without its title, and without the words that were asked where it repeats them."""
    text = TITLE.sub("", text, count=1) if TITLE.match(text) else text
    plain = text.replace("**", "")
    original = ORIGINAL.match(plain.lstrip())
    if not original:
        return text
    rest = plain.lstrip()[original.end() :].lstrip()
    after = AFTER.match(rest)
    return rest[after.end() :] if after else rest


def without_emphasis(text: str) -> str:
    """The text without Markdown's marks of bold, italics, quotation and code."""
    for _ in range(3):  # ***both***
        text = EMPHASIS.sub(lambda found: found[2] or found[3], text)
    return re.sub(r"^[^\S\n]*>[^\S\n]?", "", text, flags=re.MULTILINE).replace("`", "").strip()


def without_introduction(text: str) -> str:
    """The text without what leads to a prompt: "Sure!", "Here is your prompt:", "Prompt:"."""
    for _ in range(4):
        found = YES.match(text) or HERE_IS.match(text) or LABEL.match(text)
        if not found or found.end() == len(text):
            break
        text = text[found.end() :].lstrip(" \t\n:*-")
    return text


def unquoted(text: str) -> str:
    """The text without quotation marks around all of it, or around all but a remark behind it."""
    text = text.strip()
    followed = QUOTED_BEFORE_TALK.match(text)
    if followed and is_remark(followed["rest"]):
        return followed["inside"].strip()
    while len(text) > 2 and OPENS.get(text[0]) == text[-1] and not set(text[1:-1]) & {text[0], text[-1]}:
        text = text[1:-1].strip()
    return text


def is_remark(line: str) -> bool:
    """Whether a line is talk behind the prompt, whatever emoji it begins with."""
    return bool(REMARK.match(line) or HASHTAGS.match(line) or REMARK.match(re.sub(r"^[^\w\s([\"'“#*-]+\s*", "", line)))
