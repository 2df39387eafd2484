"""Answers as chat models give them, by how they are wrapped: the same prompt is found in each, or none."""

import pytest

from prompt_beautifier.beautifier.chat.answer import read_chat
from prompt_beautifier.beautifier.chat.usable import why_unusable

FOX = "a red fox in fresh snow, pale winter light, shallow depth of field"

THOUGHTS = {
    "think": f"<think>\nThe user wants a fox. Snow would fit.\n</think>\n\n{FOX}",
    "empty think": f"<think>\n\n</think>\n\n{FOX}",
    "think, opened by the template": f"A fox. I could add snow.\n</think>\n\n{FOX}",
    "thinking with attributes": f'<thinking time="3s">A fox…</thinking>\n{FOX}',
    "square brackets": f"[THINK]A fox, in snow.[/THINK]{FOX}",
    "white squares": f"◁think▷A fox, in snow.◁/think▷{FOX}",
    "with a vendor's name": f"<seed:think>A fox.</seed:think>{FOX}",
    "special tokens": f"<|begin_of_thought|>A fox.<|end_of_thought|>\n\n<|begin_of_solution|>{FOX}<|end_of_solution|>",
    "channels": "<|channel|>analysis<|message|>We need a prompt of a fox.<|end|><|start|>assistant<|channel|>final"
    f"<|message|>{FOX}<|return|>",
    "channels with a commentary": "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary"
    f"<|message|>One moment.<|end|><|start|>assistant<|channel|>final<|message|>{FOX}",
    "channels, their marks lost": f"analysisWe need a prompt of a fox.assistantfinal{FOX}",
    "channels, their marks as lines": f"analysis\nWe need a prompt of a fox.\nassistantfinal\n{FOX}",
    "one channel": f"<|channel|>final<|message|>{FOX}<|end|>",
    "named, without a tag": f"Thinking: the user wants a fox, in short.\n\nFinal prompt: {FOX}",
    "thought process": f"**Thought process:**\nThe user wants a fox. Snow fits.\n\n**Final prompt:**\n{FOX}",
    "talk before": "Okay, so the user wants a fox. Let me think about what would look good here. Snow fits well.\n\n"
    f"{FOX}",
    "talk of several paragraphs": "Hmm, the user wants a picture of a fox.\n\nI should add snow and light. It "
    f"has to be one line.\n\nLet me write it.\n\n{FOX}",
    "we need": f"We need to write one prompt with details. The subject is a fox.\n\n{FOX}",
    "the user asks": f"The user asks for a prompt about a fox. They want details.\n\n{FOX}",
    "summary": f"<reasoning>A fox.</reasoning>\n<answer>{FOX}</answer>",
    "details": f"<details>\n<summary>Thoughts</summary>\nA fox.\n</details>\n\n{FOX}",
    "second thoughts": f"<think>a</think>{FOX}<think>Was that right?</think>",
}

LABELS = {
    "square label": f"[Prompt]\n{FOX}",
    "square label, same line": f"[Prompt] {FOX}",
    "square label with an end": f"[PROMPT]{FOX}[/PROMPT]",
    "round brackets of Asia": f"【Prompt】{FOX}",
    "title": f"Title: Winter Fox\n\nPrompt: {FOX}",
    "title in bold": f"**Title:** Winter Fox\n**Prompt:** {FOX}",
    "title, no label": f"**Winter Fox**\n\n{FOX}",
    "heading": f"## Winter Fox\n\n{FOX}",
    "assistant": f"Assistant: {FOX}",
    "assistant in capitals": f"ASSISTANT: {FOX}",
    "AI": f"AI: {FOX}",
    "response": f"### Response:\n{FOX}",
    "output": f"Output: {FOX}",
    "result": f"**Result:** {FOX}",
    "revised": f"Revised prompt: {FOX}",
    "beautified": f"Beautified Prompt: {FOX}",
    "for a model": f"Stable Diffusion Prompt: {FOX}",
    "for another": f"Midjourney prompt: {FOX}",
    "for a third": f"FLUX.1 Prompt:\n{FOX}",
    "positive and negative": f"Positive prompt: {FOX}\nNegative prompt: blurry, lowres, text",
    "positive and negative, in paragraphs": f"**Positive Prompt:**\n\n{FOX}\n\n**Negative Prompt:**\n\nblurry, text",
    "original and enhanced": f"Original: a fox\nEnhanced: {FOX}",
    "original and enhanced, as prompts": f"**Original prompt:** a fox\n\n**Enhanced prompt:** {FOX}",
    "before and after": f"Before: a fox\nAfter: {FOX}",
    "input and output": f"Input: a fox\nOutput: {FOX}",
    "scene": f"Image description: {FOX}",
    "Chinese": f"提示词：{FOX}",
    "Chinese in brackets": f"【提示词】\n{FOX}",
    "final answer": f"**Final Answer**\n\n{FOX}",
    "boxed": rf"\boxed{{{FOX}}}",
    "boxed text": rf"$\boxed{{\text{{{FOX}}}}}$",
    "box tokens": f"<|begin_of_box|>{FOX}<|end_of_box|>",
}

COMMANDS = {
    "imagine": f"/imagine prompt: {FOX} --ar 16:9 --v 6",
    "imagine, no label": f"/imagine {FOX} --ar 3:2",
    "imagine in code": f"```\n/imagine prompt: {FOX} --ar 16:9 --stylize 250\n```",
    "parameters behind a comma": f"{FOX}, --ar 2:3 --v 6.1 --style raw",
    "parameters with values of words": f"{FOX} --no text, watermark --ar 1:1",
    "dashes of print": f"{FOX} —ar 16:9 —v 6",
    "another program's": f"{FOX} -n 9 -h 704",
}

WRAPPED = {
    "template of ChatML": f"<|im_start|>assistant\n{FOX}<|im_end|>",
    "whole template of ChatML": f"<|im_start|>user\na fox<|im_end|>\n<|im_start|>assistant\n{FOX}<|im_end|>",
    "template of Llama 3": f"<|start_header_id|>assistant<|end_header_id|>\n\n{FOX}<|eot_id|>",
    "template of Gemma without its beginning": f"model\n{FOX}<end_of_turn>",
    "template of Mistral": f"[INST] a fox [/INST] {FOX}</s>",
    "is before a colon": f"The final prompt is: {FOX}",
    "arrow": f"Revised prompt → {FOX}",
    "glad to help": f"I'd be happy to help! {FOX}",
    "negative under a heading": f"**Prompt**\n\n{FOX}\n\n**Negative Prompt**\n\nblurry, lowres",
    "positive and negative": f"Positive: {FOX}\nNegative: blurry",
    "tags": f"<prompt>{FOX}</prompt>",
    "answer tags": f"<answer>\n{FOX}\n</answer>",
    "output tags in talk": f"Here you are:\n<output>{FOX}</output>\nEnjoy!",
    "tag without an end": f"<prompt>{FOX}",
    "fence": f"```prompt\n{FOX}\n```",
    "fence in talk": f"Of course! Here it is:\n\n```\n{FOX}\n```\n\nFeel free to ask for changes.",
    "tildes": f"~~~\n{FOX}\n~~~",
    "block quote": f"> {FOX}\n\nI hope you like it!",
    "low quotes": f"„{FOX}“",
    "guillemets": f"«{FOX}»",
    "typewriter quotes": f"``{FOX}''",
    "bold quotes in talk": f'Sure thing! **"{FOX}"**',
    "next turn": f"{FOX}\n\nUser: now a dog",
    "next turn of a human": f"{FOX}\nHuman: now a dog\nAssistant: a brown dog",
    "next turn of a template": f"{FOX}\n### Instruction:\nNow a dog",
    "words counted": f"{FOX}\n\n(Word count: 13)",
    "words counted in square brackets": f"{FOX}\n[13 words]",
    "emphasis inside": "a **red fox** in *fresh snow*, pale winter light, shallow depth of field",
    "an escaped end of a line": FOX + r"\n",
    "hashtags": f"{FOX}\n\n#fox #winter #photography",
    "entities": FOX.replace(" in ", "&nbsp;in "),
    "line breaks of HTML": f"{FOX}<br>",
    "an offer": f"{FOX}\n\nWould you like a version in another style?",
    "an offer with an emoji": f"{FOX}\n\n✨ Let me know if you'd like me to adjust anything!",
    "why": f"{FOX}\n\nThis prompt works because it names the light.",
    "why in bold": f"{FOX}\n\n**Why this works:** it names the light.",
}

JSON = {
    "JSON": f'{{"prompt": "{FOX}"}}',
    "misspelt": f'{{"rewrited_prompt": "{FOX}"}}',
    "misspelt and fenced": f'```json\n{{"Rewriten_Prompt": "{FOX}", "wh_ratio": "16:9"}}\n```',
    "behind a thought": f'<think>JSON.</think>{{"revised_prompt": "{FOX}"}}',
    "in talk": f'Here is the JSON:\n\n{{"enhanced_prompt": "{FOX}", "style": "photo"}}\n\nDone.',
    "one in a list": f'[{{"prompt": "{FOX}"}}, {{"prompt": "a dog"}}]',
    "a list of texts": f'["{FOX}", "a dog in a park"]',
    "in an object": f'{{"result": {{"prompt": "{FOX}"}}}}',
    "cut off": f'{{"prompt": "{FOX}',
    "a comma too many": f'{{"prompt": "{FOX}",}}',
    "single quotes": f"{{'prompt': '{FOX}'}}",
    "no braces": f'"prompt": "{FOX}"',
    "YAML": f"prompt: >-\n  {FOX}",
    "a tool call": f'<tool_call>\n{{"name": "draw", "arguments": {{"prompt": "{FOX}"}}}}\n</tool_call>',
}

# As models of 2025 and 2026 answer.
NEWER = {
    "harmony from its start": "<|start|>assistant<|channel|>analysis<|message|>A fox. Keep it short.<|end|>"
    f"<|start|>assistant<|channel|>final<|message|>{FOX}",
    "harmony, held to JSON": "<|channel|>analysis<|message|>JSON is asked for.<|end|><|start|>assistant<|channel|>"
    f'final <|constrain|>json<|message|>{{"prompt": "{FOX}"}}<|return|>',
    "DeepSeek's wide marks": f"<think>\nOkay, the user wants a fox.\n</think>\n\n{FOX}<｜end▁of▁sentence｜>",
    "DeepSeek's final prompt": f'<think>A fox.</think>\n\n**Final Prompt:**\n\n"{FOX}"\n\n---\n\n**Breakdown:**\n'
    "- **Subject:** a fox\n- **Light:** pale",
    "GLM": f"\n<think></think>\n{FOX}<|user|>",
    "Gemma's channel": f"<|channel>thought\nThe user wants a fox. Snow would fit.\n<channel|>{FOX}<turn|>",
    "Gemma's empty channel": f"<|channel>thought\n<channel|>{FOX}",
    "Gemma's channel, opened by the template": f"A fox. Snow would fit.\n<channel|>{FOX}<turn|>",
    "Gemma's channel, its marks lost": f"thought\n{FOX}",
    "Gemma's okay": "Okay, here's a detailed text-to-image prompt based on your description, aiming for a striking and "
    f'evocative image:\n\n**Prompt:**\n\n"{FOX}"\n\n---\n\n**Key elements and why they were included:**\n\n'
    "*   **Pale winter light:** Sets the mood.\n*   **Shallow depth of field:** Draws the eye.",
    "Gemma's options": "Okay, here are a few options, ranging from concise to elaborate:\n\n**Option 1 (Concise):**\n\n"
    f"> {FOX}\n\n**Option 2 (Elaborate):**\n\n> A majestic fox wanders through deep snow at dawn.\n\n"
    "**To help me tailor this further, could you tell me:**\n\n*   What style do you like?",
    "Cohere": f"<|START_THINKING|>A fox, in snow.<|END_THINKING|><|START_RESPONSE|>{FOX}<|END_RESPONSE|>",
    "Granite": f"<think>A fox.</think><response>{FOX}</response>",
    "Hunyuan": f"<think>\nA fox.\n</think>\n<answer>\n{FOX}\n</answer>",
    "Apriel": "Here are my reasoning steps:\nThe user wants a fox.\n\n[BEGIN FINAL RESPONSE]\n"
    f"{FOX}\n[END FINAL RESPONSE]",
    "EXAONE": f"<thought>\nA fox.\n</thought>\n\n{FOX}[|endofturn|]",
    "Mistral's bold title": f'**"Winter Ember"**\n\n{FOX}',
    "Mistral's heading": f'### **Winter Ember**\n\n*"{FOX}"*\n\n**Aspect ratio:** 16:9',
    "variants with titles": f"1. **Cinematic:** {FOX}\n2. **Painterly:** a fox in oil, thick strokes, an old frame\n"
    "3. **Minimal:** a small fox on white, one line of ink, much empty space",
    "variants under titles": f"**1. Cinematic**\n{FOX}\n\n**2. Painterly**\na fox in oil, thick strokes\n\n"
    "**3. Minimal**\na small fox on white, one line of ink",
    "variants as headings with numbers": f"### 1. Cinematic\n{FOX}\n\n### 2. Painterly\na fox in oil, thick strokes",
    "JSON in prose": f'I would write: {{"prompt": "{FOX}", "negative_prompt": "blurry"}}. It keeps the fox small.',
    "JSON, the negative first": f'{{"negative_prompt": "blurry, text", "positive_prompt": "{FOX}"}}',
    "JSON with a list of prompts": f'{{"prompts": ["{FOX}", "a dog in a park"]}}',
    "JSON with a list of objects": f'{{"variants": [{{"title": "Winter", "prompt": "{FOX}"}}, {{"prompt": "a dog"}}]}}',
    "Qwen's thoughts without a tag": "Okay, let's tackle this. The user wants a prompt about a fox in snow.\n\n"
    f"First, I should think about the light. Pale light would fit.\n\nLet me put it together.\n\n{FOX}",
    "Qwen's thinking process": "Thinking Process:\n\n1.  **Analyze the Request:**\n    *   Subject: a fox\n\n"
    f"2.  **Draft:**\n    *   A fox in snow\n</think>\n\n{FOX}",
    "a question behind": f"{FOX}\n\nWant me to adapt it for Midjourney?",
    "praise behind": f"Here's an enhanced version of your prompt:\n\n{FOX}\n\nThis enhanced prompt names the light.",
    "emoji headings": f"### 🦊 Prompt\n\n{FOX}\n\n### ⚙️ Settings\n- Steps: 30\n- CFG: 7",
}

ANSWERS = {
    f"{kind}: {name}": answer
    for kind, table in (
        ("thoughts", THOUGHTS),
        ("labels", LABELS),
        ("commands", COMMANDS),
        ("wrapped", WRAPPED),
        ("JSON", JSON),
        ("newer", NEWER),
    )
    for name, answer in table.items()
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_prompt_is_read(name):
    assert read_chat(ANSWERS[name]) == FOX


SPOKEN = {
    "a list in bold": (
        "- **Subject:** a red fox\n- **Setting:** fresh snow\n- **Light:** pale winter light",
        "a red fox, fresh snow, pale winter light",
    ),
    "numbered details": ("1. a red fox\n2. fresh snow\n3. pale light", "a red fox, fresh snow, pale light"),
    "weights stay": ("Prompt: a (red fox:1.2) in snow", "a (red fox:1.2) in snow"),
    "a colon stays": ("a sign that says: open, neon", "a sign that says: open, neon"),
    "quoted text stays": ('"OPEN" in red neon above a door', '"OPEN" in red neon above a door'),
    "a ratio stays": ("a 16:9 film still, 35mm", "a 16:9 film still, 35mm"),
    "a dash stays": ("a fox -- a red one -- in snow", "a fox -- a red one -- in snow"),
    "analysis stays": ("analysis of a fox, charts, ink", "analysis of a fox, charts, ink"),
    "an analyst stays": ("the user interface of a game, flat icons", "the user interface of a game, flat icons"),
    "thinking stays": ("thinking man, bronze statue", "thinking man, bronze statue"),
    "first stays": ("first snow on a fox, pale light", "first snow on a fox, pale light"),
    "an assistant stays": ("assistant professor at a desk, film photo", "assistant professor at a desk, film photo"),
    "square brackets stay": ("[a red fox] in snow, pale light", "[a red fox] in snow, pale light"),
    "braces stay": ("a {red|grey} fox in snow", "a {red|grey} fox in snow"),
    "a LoRA stays": ("a red fox in snow <lora:fox:0.8>", "a red fox in snow <lora:fox:0.8>"),
    "a title in a prompt stays": ("book cover, title: The Fox, bold type", "book cover, title: The Fox, bold type"),
    "a hashtag stays": ("a wall with #fox on it, graffiti", "a wall with #fox on it, graffiti"),
    "an ampersand stays": ("fox & hound at a fair", "fox & hound at a fair"),
}


@pytest.mark.parametrize("name", SPOKEN)
def test_nothing_of_the_prompt_is_taken_for_its_wrapping(name):
    answer, prompt = SPOKEN[name]
    assert read_chat(answer) == prompt


@pytest.mark.parametrize(
    "answer",
    [
        "<think>The user wants a fox. I could add snow and",
        "[THINK]A fox, in snow",
        "<|channel|>analysis<|message|>We need a prompt of a fox, with snow and",
        "analysisWe need a prompt of a fox, with snow and",
        "Okay, so the user wants a fox. Let me think about what would look good here. Snow fits, and",
        "Thinking: the user wants a fox, and I could",
        "We need to write a prompt.\n\nThe prompt should be long",
        "Okay, let's tackle this. The user wants a fox in snow. First, I should think about",
        "<|channel>thought\nThe user wants a fox. Snow would",
        "thought\nThe user wants a fox. Snow would",
        "<|START_THINKING|>A fox, in snow, and",
    ],
)
def test_thoughts_that_never_end_are_no_prompt(answer):
    prompt = read_chat(answer)
    assert prompt == ""
    assert "no prompt" in why_unusable("a fox", answer, prompt)
    assert "spent all 300 tokens on thinking" in why_unusable("a fox", answer, prompt, thinking=300)


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "<think>Hm.</think>I cannot create this image.",
        "<|channel|>final<|message|>I’m sorry, but I can’t assist with that.",
        "Assistant: I'm unable to write this.",
        "**I apologize**, but this is not possible.",
        '{"prompt": "I cannot fulfil this request."}',
        "As an AI, I can't draw.",
        "很抱歉，我无法生成这个提示词。",
    ],
)
def test_a_refusal_is_named_as_one(answer):
    assert "refuses" in why_unusable("a fox", answer, read_chat(answer))
