"""Chat models: their prompt is found in all they say around it, and what is no prompt is told from one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prompt_beautifier.beautifier.chat.answer import read_chat
from prompt_beautifier.beautifier.chat.instruction import SYSTEM_PROMPT
from prompt_beautifier.beautifier.chat.refusals import is_refusal, is_related
from prompt_beautifier.beautifier.families import CHAT, FAMILIES
from prompt_beautifier.beautifier.servers.chat import SERVED_FAMILIES

from ..stand_ins.counted_work import grows_with_its_text

PROMPT = "a cat on a windowsill, soft morning light, oil on canvas"

WRAPPED = {
    "bare": PROMPT,
    "blank lines": f"\n\n  {PROMPT}  \n\n",
    "double quotes": f'"{PROMPT}"',
    "curly quotes": f"“{PROMPT}”",
    "single quotes": f"'{PROMPT}'",
    "backticks": f"`{PROMPT}`",
    "bold": f"**{PROMPT}**",
    "italic": f"*{PROMPT}*",
    "quoted bold": f'**"{PROMPT}"**',
    "block quote": f"> {PROMPT}",
    "sure, same line": f"Sure, here is a detailed prompt: {PROMPT}",
    "sure, next line": f"Sure! Here's a detailed prompt for you:\n\n{PROMPT}",
    "sure, quoted": f'Sure thing! Here is your prompt:\n\n"{PROMPT}"',
    "certainly": f"Certainly! Below is an expanded version of your description:\n{PROMPT}",
    "of course, no colon": f"Of course! Here is a prompt for your picture.\n\n{PROMPT}",
    "here you go": f"Here you go: {PROMPT}",
    "I have written": f"I've written a detailed prompt based on your description:\n\n{PROMPT}",
    "okay, then label": f"Okay.\n\nPrompt: {PROMPT}",
    "label": f"Prompt: {PROMPT}",
    "bold label": f"**Prompt:** {PROMPT}",
    "bold label, quoted": f'**Detailed Prompt**: "{PROMPT}"',
    "long label": f"Text-to-Image Prompt:\n{PROMPT}",
    "heading": f"# Image Prompt\n\n{PROMPT}",
    "Chinese talk": f"当然!以下是详细的提示词:\n{PROMPT}",
    "fence": f"```\n{PROMPT}\n```",
    "fence with language": f"Here is the prompt:\n\n```text\n{PROMPT}\n```\n\nEnjoy!",
    "fence without end": f"```\n{PROMPT}",
    "JSON": f'{{"prompt": "{PROMPT}"}}',
    "fenced JSON": f'```json\n{{"prompt": "{PROMPT}", "negative": "blurry"}}\n```',
    "remark behind": f"{PROMPT}\n\nLet me know if you would like any changes!",
    "remark behind quotes": f'"{PROMPT}" This prompt emphasises the light.',
    "note": f"{PROMPT}\n\n(Note: you can change the style.)",
    "explanation": f"{PROMPT}\n\n**Explanation:** I chose oil because it is warm.",
    "negative prompt": f"**Prompt:** {PROMPT}\n\n**Negative Prompt:** blurry, low quality",
    "rule": f"Here is the prompt:\n\n---\n\n{PROMPT}\n\n---\n\nShall I go on?",
    "thinking": f"<think>\nThe user wants a cat.\n</think>\n\n{PROMPT}",
    "thinking in one line": f"<thinking>a cat?</thinking>{PROMPT}",
    "two thoughts": f"<think>a</think><reasoning>b</reasoning> {PROMPT}",
    "thought begun by the template": f"The user wants a cat.\n</think>\n{PROMPT}",
    "thought behind": f"{PROMPT}\n<think>was that good?</think>",
    "thought behind without end": f"{PROMPT} <think>was that good? I would",
    "end marks": f"{PROMPT}<|im_end|>\n<|im_start|>user\nmore",
    "end of turn": f"{PROMPT}<end_of_turn>",
    "numbered alternatives": f"1. {PROMPT}\n2. a dog in a park, film photo, warm colours, wide angle, grain\n",
    "bold alternatives": f"**Option 1:** {PROMPT}\n\n**Option 2:** a dog in a park, film photo\n",
    "headed alternatives": f"### Prompt 1\n{PROMPT}\n\n### Prompt 2\na dog in a park\n",
    "titled alternatives": f"Version 1 (Realistic): {PROMPT}\nVersion 2 (Anime): a cat girl, cel shading",
    "alternatives with talk": f'Here are three prompts:\n\n1. "{PROMPT}"\n2. "a dog, oil, warm, red, big, old"',
    "or": f"{PROMPT}\n\nor\n\na kitten on a windowsill, evening, film photo",
    "alternatively": f"{PROMPT}\n\nAlternatively, you could have a dog.",
    "one numbered": f"1. {PROMPT}",
    "bullet": f"- {PROMPT}",
}


@pytest.mark.parametrize("name", WRAPPED)
def test_the_prompt_is_found(name):
    assert read_chat(WRAPPED[name]) == PROMPT


LISTED = {
    "bullets": "- a cat\n- on a windowsill\n- soft light",
    "stars": "* a cat\n* on a windowsill\n* soft light",
    "numbers": "1. a cat\n2. on a windowsill\n3. soft light",
    "numbers with brackets": "1) a cat\n2) on a windowsill\n3) soft light",
    "lines": "a cat,\non a windowsill,\nsoft light",
    "parts": "**Subject:** a cat\n**Setting:** on a windowsill\n**Light:** soft light",
    "listed parts": "- **Subject**: a cat\n- **Setting**: on a windowsill\n- **Light**: soft light",
}


@pytest.mark.parametrize("name", LISTED)
def test_a_list_of_details_becomes_one_line(name):
    assert read_chat(LISTED[name]) == "a cat, on a windowsill, soft light"


def test_sentences_stay_sentences():
    answer = "A cat sleeps on a windowsill.\n\nSoft light falls on its fur."
    assert read_chat(answer) == "A cat sleeps on a windowsill. Soft light falls on its fur."


@pytest.mark.parametrize(
    "prompt",
    [
        'a shop sign that says "open", neon',
        'a poster with the text: "happy birthday to all of us"',
        '"open" and "closed" signs, neon',
        "the cat's eye, macro",
        "a (red dress:1.2), rain",
        "portrait, 35mm, f/1.8, 3:4",
        "1 girl, 2 cats, 8k",
        "Sure-footed mountain goat on a cliff, 8k",
        "countdown, 3. 2. 1. neon numbers",
        "option trader at a desk, film photo",
        "I am a robot, poster, bold type",
        "Here be dragons, old map, ink",
        "C# sheet music, old paper",
        "this is fine meme, dog in a burning room",
        "an image of a cat: oil on canvas",
    ],
)
def test_a_prompt_that_looks_like_talk_stays(prompt):
    assert read_chat(prompt) == prompt


@pytest.mark.parametrize(
    "answer",
    ["", " \n ", "<think>", "<think>only thoughts, a cat", "thoughts</think>", "```\n```", "<|im_end|>"],
)
def test_where_there_is_no_prompt_nothing_is_read(answer):
    assert read_chat(answer) == ""


TALK = st.sampled_from(
    [
        *WRAPPED.values(),
        "<think>",
        "</think>",
        "```",
        '"',
        "**",
        "1. ",
        "- ",
        "#",
        ":",
        "\n",
        "{",
        "}",
        "“",
        "Sure! ",
    ]
)


@given(st.lists(TALK | st.text(max_size=9), max_size=6).map("".join))
@example('{"prompt": 3}')
@example("{}")
@example('{"a":' * 9000 + "1" + "}" * 9000)
def test_any_answer_is_read_as_one_line(answer):
    assert "\n" not in read_chat(answer)
    is_refusal("a cat", answer)
    is_related("a cat", answer)


@pytest.mark.parametrize(
    "piece",
    [
        "a ",
        '"',
        "*",
        "**a",
        "<think>",
        "</think>",
        "1. a\n",
        "```",
        "# a\n",
        "_",
        "(",
        "sure! ",
        "[",
        "{",
        '{"prompt": "',
    ]
    + [
        "<think></think>",
        "<|channel|>analysis<|message|>",
        "the final prompt: ",
        "ok, so ",
        "original: a\n",
        "--ar 1 ",
        "#a ",
    ]
    + [
        "user: a\n",
        "assistant",
        "\\boxed{",
        "<prompt>",
        "a.b-c ",
        "&amp;",
        "the user wants ",
        "final a b ",
        "'prompt': '",
    ],
)
def test_long_answers_are_read_whole(piece):
    """60 000 characters: no pattern goes back again and again, which would never end."""
    assert "\n" not in read_chat(piece * (60_000 // len(piece)))
    is_refusal("a cat", piece * (60_000 // len(piece)))
    assert grows_with_its_text(read_chat, piece, 6000)


# -- refusals and answers to something else


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, I can't help with that.",
        "I’m sorry, but I cannot create this.",
        "I am unable to write such a prompt.",
        "Sorry, I can't do that.",
        "I cannot assist with that request.",
        "I can't assist with a cat.",
        "I won't write that.",
        "Unfortunately, I cannot help.",
        "As an AI language model, I do not draw cats.",
        "My apologies, but no.",
        "I apologize, but this goes too far.",
        "I must decline.",
        "\"I'm sorry, I can't.\"",
        "**I'm sorry**, no.",
        "<think>The user wants a cat. I refuse.</think>\n\nI'm sorry, but no cat.",
        "This request violates the policy.",
        "抱歉,我无法生成。",
        "对不起,我不能。",
        "作为一个AI,我没有办法。",
    ],
)
def test_refusals_are_known(answer):
    assert is_refusal("a cat", answer)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("a cat", PROMPT),
        ("a cat", "an apologetic cat, sorry eyes"),
        ("a cat", "Icarus, a cat, oil"),
        ("I can't sleep", "I can't sleep, insomnia, dark bedroom"),
        ("a card that says sorry", "Sorry, a card that says sorry, paper"),
        ("a cat", "<think>I'm sorry, what?</think> a cat, oil"),
        ("a cat", ""),
    ],
)
def test_other_answers_are_no_refusals(words, answer):
    assert not is_refusal(words, answer)


@pytest.mark.parametrize(
    ("words", "prompt", "related"),
    [
        ("a cat", PROMPT, True),
        ("cats", "a cat, oil", True),
        ("a cat", "two cats, oil", True),
        ("1girl", "a girl, oil", True),
        ("dancing", "a dancer, oil", True),
        ("Ein Mädchen", "mädchen im Regen", True),
        ("a cat", "a dog in the rain, oil", False),
        ("a cat in the rain", "an article in the newspaper", False),
        ("knight", "What would you like me to draw?", False),
        ("一只猫", "一只可爱的猫,油画", True),
        ("一只猫", "狗在公园里", False),
        ("一只猫", "a cat, oil", True),  # a translation: nobody can tell
        ("猫 cat", "a dog", False),
        ("кошка", "кошки, масло", True),
        ("кошка", "собака, масло", False),
        ("it and him", "anything at all", True),  # no content word to look for
        ("🐱", "anything at all", True),
        ("a cat", "", True),
    ],
)
def test_an_answer_to_something_else_is_known(words, prompt, related):
    assert is_related(words, prompt) is related


# -- the family


def test_the_system_prompt_asks_for_one_prompt_and_nothing_else():
    assert "one detailed prompt" in SYSTEM_PROMPT and "nothing else" in SYSTEM_PROMPT
    assert CHAT.template == "{raw_prompt}"


def test_families_of_servers_are_chat_and_those_that_sample():
    assert list(SERVED_FAMILIES)[0] == "chat"
    assert SERVED_FAMILIES.keys() - {"chat"} == {
        name for name, family in FAMILIES.items() if family.sampling.num_beams == 1
    }
    assert {"text2prompt-v1", "text2prompt-v2"} <= SERVED_FAMILIES.keys()
