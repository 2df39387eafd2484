"""What a model thinks before it answers, and the turns that follow, taken off its answer.

Models mark their thoughts in a dozen ways, some with tags that are lost on the way, some not at all. A block that was
cut off has no end, and one that the chat template opened has no beginning.
"""

import re

LONGEST_READ = 20_000  # characters; no prompt is as long

THOUGHT = r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratchpad)"
BEGINS, ENDS = "<think>", "</think>"
# Every other way to write the two: <thinking>, <seed:think>, [THINK], ◁think▷, <|begin_of_thought|>, <|channel>thought.
TAG = re.compile(
    rf"<(?P<slash>/?)(?:\w{{1,20}}:)?{THOUGHT}\b[^<>]{{0,100}}>|\[(?P<slash2>/?)THINK(?:ING)?\]|◁(?P<slash3>/?)think▷"
    rf"|<\|(?P<begin>begin|start|end)[_ ](?:of[_ ])?{THOUGHT}\|>|<\|channel>\s*{THOUGHT}\b|<(?P<slash4>channel)\|>"
    r"|<details[^<>]{0,40}>\s*<summary>[^<>]{0,60}\b(?:think|thought|reason)[^<>]{0,60}</summary>(?P<details>)",
    re.IGNORECASE,
)
SLASHES = ("slash", "slash2", "slash3", "slash4")  # what a tag that ends a block has
BLOCK = re.compile(rf"{BEGINS}(?:(?!{BEGINS}).)*?{ENDS}", re.DOTALL)
DETAILS_END = re.compile(r"</details>", re.IGNORECASE)
# What ends an answer where a server does not know the model's template well.
TURN_END = re.compile(
    r"<[|｜][\w ▁]{1,40}[|｜]>|</s>|<(?:end|start)_of_turn>|<turn\|>|<\|turn>|\[\|\w{1,20}\|\]|\[/?INST\]|<eos>"
    r"|\[END FINAL RESPONSE\]"
    r"|(?:^|\n)[^\S\n]*(?:\*\*)?(?:user|human|assistant|ai|bot|chatbot)(?:\*\*)?\s?:(?:\*\*)?(?=\s)"
    r"|(?:^|\n)#{2,4}\s*(?:instruction|input|user|human|assistant|response|answer)s?\s*:?[^\S\n]*(?=\n)",
    re.IGNORECASE,
)
# The beginning of the model's turn, where a server gives back the template as it is.
TURN_BEGINS = re.compile(
    r"<\|im_start\|>\s{0,9}assistant\b|<\|start_header_id\|>\s{0,9}assistant\s{0,9}<\|end_header_id\|>"
    r"|<start_of_turn>\s{0,9}model\b|\[/INST\](?=\s{0,9}\S)",
    re.IGNORECASE,
)
ASKED_AGAIN = re.compile(
    r"\s*(?:\*\*)?(?:user|human)(?:\*\*)?\s?:[^\n]*(?:\n(?!\s*(?:\*\*)?(?:assistant|ai|bot)\b)[^\n]*)*(?=\n)", re.I
)

# Channels of gpt-oss: the answer is in "final", everything else is thought; and what is left where marks were dropped.
CHANNEL = re.compile(
    r"(?:<\|channel\|>)?\s*\b(?P<name>analysis|commentary|final)\b[^<>\n]{0,80}"
    r"(?:<\|constrain\|>\s*\w{1,20}\s*)?<\|message\|>(?P<text>.*?)"
    r"(?=<\|(?:channel|start|end|return|call)\|>|$)",
    re.IGNORECASE | re.DOTALL,
)
LOST_CHANNEL = re.compile(r"^\s*(?:assistant\s*)?analysis(?=[A-Z]|\s*\n)(?s:.*)", re.MULTILINE)
LOST_FINAL = re.compile(r"(?:assistant\s*final|\n\s*final\s*\n)\s*(?=\S)")

# What stands before an answer that follows steps of reasoning.
FINAL_RESPONSE = "[BEGIN FINAL RESPONSE]"
# All that is left of Gemma's mark where special tokens were dropped.
LOST_THOUGHT = re.compile(r"^\s*thought[^\S\n]*\n")

# Thoughts without any tag.
THINKS = re.compile(
    r"(?:(?:okay|ok|alright|all right|right|hmm+|well|so|now|let['’]s see)[\s,.!…-]+){0,3}"
    r"(?:the user(?:['’]s)?\s(?:\w+ly\s)?(?:wants?|asks?|is|has|would|needs?|request|gave|provided|said|prompt|input"
    r"|description)|user (?:wants|asks)|we (?:need|have to|should|must|are asked|['’]?re asked)"
    r"|i(?:['’]m| am) (?:asked|supposed|going) to"
    r"|i (?:need|should|have|must|want) to|my task is|let me (?:think|start|see|break|consider|analy|craft)"
    r"|let['’]s (?:think|start|break|analy|craft|tackle|figure|unpack)|first,? (?:i|let|we)\b"
    r"|(?:\*\*|#+\s*)?(?:my )?(?:thinking|thoughts?|reasoning|analysis)(?: process| out loud)?\s*(?:\*\*)?\s*:)",
    re.IGNORECASE,
)
FINAL_LABEL = re.compile(
    r"(?:^|\n)\s*(?:\*\*|#+\s*)?(?:(?:so )?(?:here(?:['’]s| is) )?(?:my |the )?(?:final|finished|complete|enhanced"
    r"|resulting)(?: \w+){0,2}|prompt|answer|output)\s*(?:\*\*)?\s*[:：]\s*(?:\*\*)?\s*",
    re.IGNORECASE,
)
STILL_THINKS = re.compile(
    r"(?:i|we|this|that|it|let|so|but|maybe|also|now|then|the (?:user|prompt|description))\b", re.I
)


def without_thoughts(answer: str) -> str:
    """What is behind the last thinking block, else before the first, up to the end of the model's turn; "" where
    there are thoughts alone."""
    text = _last_turn(_final_channel(answer.rpartition(FINAL_RESPONSE)[2]))
    text = LOST_THOUGHT.sub("", _outside_of_blocks(text))
    text = ASKED_AGAIN.sub("", text, count=1) if ASKED_AGAIN.match(text) else text
    text = next((part.strip() for part in TURN_END.split(text) if part.strip()), "")
    return _behind_untagged(text)[:LONGEST_READ]


def _last_turn(answer: str) -> str:
    """What is behind the last mark that begins the model's turn."""
    if "<end_of_turn>" in answer and answer.lstrip().startswith("model\n"):
        return answer.lstrip().removeprefix("model\n")
    marks = list(TURN_BEGINS.finditer(answer))
    return answer[marks[-1].end() :] if marks else answer


def _final_channel(answer: str) -> str:
    """The text of the last "final" channel; "" where there are other channels alone."""
    channels = [(found["name"].lower(), found["text"]) for found in CHANNEL.finditer(answer)]
    if channels:
        return next((text for name, text in reversed(channels) if name == "final"), "")
    if LOST_CHANNEL.match(answer):
        finals = list(LOST_FINAL.finditer(answer))
        return answer[finals[-1].end() :] if finals else ""
    return answer


def _outside_of_blocks(answer: str) -> str:
    if not TAG.search(answer):
        return answer
    text = TAG.sub(_as_plain_tag, answer)
    if "<details>" in text.lower() or DETAILS_END.search(text):
        text = DETAILS_END.sub(ENDS, text)
    text = BLOCK.sub("\0", text)
    text = text[text.rfind(ENDS) + len(ENDS) if ENDS in text else 0 :]  # a block that the template has begun
    parts = [part.strip() for part in text.split(BEGINS)[0].split("\0")]
    return next((part for part in reversed(parts) if part), "")


def _as_plain_tag(found: re.Match) -> str:
    ends = any(found[name] for name in SLASHES) or (found["begin"] or "").lower() == "end"
    return ENDS if ends else BEGINS


def _behind_untagged(text: str) -> str:
    """A text without the thoughts that it begins with: what is behind the last label such as "Final prompt:", else its
    last paragraph; "" where that is a thought, too."""
    if not THINKS.match(text):
        return text
    labels = list(FINAL_LABEL.finditer(text))
    if labels:
        return text[labels[-1].end() :].strip()
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    last = paragraphs[-1]
    return "" if len(paragraphs) == 1 or THINKS.match(last) or STILL_THINKS.match(last) else last
