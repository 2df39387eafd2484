"""Chat templates: written down as transformers writes them, in a sandbox; and checkpoints that are asked in theirs."""

import json
from dataclasses import replace

import pytest

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.chat.instruction import SYSTEM_PROMPT
from prompt_beautifier.beautifier.language import writer
from prompt_beautifier.beautifier.language.chat_template import ChatTemplate, load_chat_template
from prompt_beautifier.beautifier.language.loading import find_family
from prompt_beautifier.beautifier.language.steps import Answer

from ..stand_ins import tiny

# In the manner of published ones: turns between marks; a date and a trimmed text; no system message; thoughts left out.
TURNS = (
    "{%- for turn in messages %}\n<|turn|>{{ turn.role }}\n{{ turn['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)
DATED = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{% set told = messages[0].content | trim %}"
    "{% set messages = messages[1:] %}{% endif %}[date {{ strftime_now('%Y') | length }}]{{ told }}{{ eos_token }}"
    "{% for turn in messages %}{{ '[' + turn['role'] + ']' + turn['content'] | trim }}{% endfor %}[assistant]"
)
ALTERNATING = (
    "{{ bos_token }}{% for turn in messages %}{% if (turn['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('turns must alternate') }}{% endif %}[ASK] {{ turn['content'] }} [/ASK]{% endfor %}"
)
THINKING = TURNS + "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
MARKED = (
    "{% for turn in messages %}{% if turn.role == 'nobody' %}{% continue %}{% endif %}"
    "{% generation %}{{ turn | tojson }}{% endgeneration %}{% endfor %}"
)
WRITTEN = {"turns": TURNS, "dated": DATED, "alternating": ALTERNATING, "thinking": THINKING, "marked": MARKED}
TALK = [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": 'a "cat" 猫 {x}\n '}]


def template(source: str, **tokens: str) -> ChatTemplate:
    return ChatTemplate("tokenizer_config.json", source, {"bos_token": "<s>", "eos_token": "</s>", **tokens})


@pytest.mark.parametrize("name", WRITTEN)
def test_conversations_are_written_down_as_in_transformers(name):
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models

    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.BPE()), bos_token="<s>", eos_token="</s>", chat_template=WRITTEN[name]
    )
    talk = TALK[1:] if name == "alternating" else TALK
    expected = tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True, enable_thinking=False)
    assert template(WRITTEN[name]).render(talk) == expected
    assert "猫" in expected


@pytest.mark.parametrize("name", ["turns", "dated", "alternating", "thinking"])
def test_the_instruction_and_the_users_words_are_in_what_is_asked(name):
    asked = template(WRITTEN[name]).asked("Write a prompt.")
    assert asked.count("{raw_prompt}") == 1 and "Write a prompt." in asked.partition("{raw_prompt}")[0]


def test_a_template_without_system_messages_gets_the_instruction_before_the_words():
    assert template(ALTERNATING).asked("Say it.") == "<s>[ASK] Say it.\n\n{raw_prompt} [/ASK]"


@pytest.mark.parametrize(
    "source",
    [
        "{% for x in messages %}",
        "{{ messages[9].content }}",
        "{{ raise_exception('no') }}",
        "{{ 1 / 0 }}",
        "{{ ().__class__.__base__.__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{% for i in range(10**9) %}x{% endfor %}",
        "{% include '/etc/hostname' %}",
        "the same for everyone",
        "{{ messages[-1].content }}{{ messages[-1].content }}",
    ],
)
def test_a_template_that_is_none_or_reaches_out_is_refused(source):
    with pytest.raises(ValueError, match="tokenizer_config.json: its chat template"):
        template(source).asked("Say it.")


@pytest.fixture
def folder(tmp_path):
    """A chat model: special tokens mark the turns, and config.json forgets the one that ends them."""
    folder = tiny.save_checkpoint(tmp_path / "chatty", "llama", family=None)
    settings = {"bos_token": {"content": "<s>"}, "eos_token": "<unk>", "chat_template": CHAT}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    config = json.loads((folder / "config.json").read_text()) | {"max_position_embeddings": 4096}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


CHAT = "{{ bos_token }}{% for turn in messages %}<pad>{{ turn.content }}</s>{% endfor %}<pad>"


def test_a_folder_with_a_chat_template_chats(folder):
    beautifier = load_beautifier(folder)
    assert beautifier.family.name == "chat" and beautifier.family.chats
    assert beautifier.family.template == f"<s><pad>{SYSTEM_PROMPT}</s><pad>{{raw_prompt}}</s><pad>"
    assert beautifier.family == find_family(folder, "chat")
    assert beautifier.network.config.ends == (tiny.EOS, 0)


def test_special_tokens_count_in_the_template_and_not_in_the_words(folder):
    beautifier = load_beautifier(folder)
    tokens = beautifier.asked("a </s> cat<pad>")
    assert [token for token in tokens if token < 4] == [1, 3, 2, 3, 2, 3]
    assert tokens[0] == 1, "no second one in front of it"
    assert beautifier.tokenizer.decode(tokens, skip_special_tokens=False).count("a < /s> cat< pad>") == 1


@pytest.mark.slow
def test_an_instruction_of_the_users_is_in_what_is_asked(folder):
    beautifier, asked = load_beautifier(folder, instruction="Write like a poet."), []
    encode = beautifier.tokenizer.encode

    class Listening:
        def __getattr__(self, name):
            return getattr(beautifier.tokenizer, name)

        def encode(self, text, **options):
            asked.append(text)
            return encode(text, **options)

    heard = []
    listening = replace(beautifier, tokenizer=Listening())
    listening.beautify("a cat", 1, on_words=lambda candidate, text: heard.append((candidate, text())))
    assert all("Write like a poet." in text and SYSTEM_PROMPT not in text for text in asked) and asked
    assert {candidate for candidate, _ in heard} == {0}


def test_a_template_in_a_file_of_its_own_comes_first(folder):
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}|{{ messages[1].content }}|")
    assert load_chat_template(folder).asked("Say it.") == "Say it.|{raw_prompt}|"


def test_of_several_templates_the_default_is_taken(folder):
    several = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": CHAT}]
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": several}))
    assert load_chat_template(folder).source == CHAT
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": several[:1]}))
    assert load_chat_template(folder) is None


def test_a_folder_that_says_its_family_is_asked_by_it(folder):
    (folder / "beautifier.json").write_text('{"family": "promptist"}')
    assert find_family(folder, None).name == "promptist"


def test_without_a_template_nothing_chats(folder):
    (folder / "tokenizer_config.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match="no beautifier.json, which says how to ask .* and no chat template"):
        find_family(folder, None)
    with pytest.raises(ValueError, match="has no chat template"):
        find_family(folder, "chat")
    (folder / "tokenizer_config.json").write_text('{"chat_template": 7}')
    with pytest.raises(ValueError, match="must be a text"):
        find_family(folder, None)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (
            'Sure! Here is a detailed prompt:\n\n"a red fox in the snow, soft light"',
            "a red fox in the snow, soft light",
        ),
        ("<think>\nThe user wants a fox.\n</think>\n\na red fox, golden hour", "a red fox, golden hour"),
        ("I'm sorry, but I can't help with that.", ""),
        ("A bowl of soup on a wooden table", ""),
        ("", ""),
    ],
)
def test_answers_are_read_and_what_is_none_leaves_the_words(said, read, folder):
    beautifier = load_beautifier(folder)
    assert beautifier.read("a red fox", Answer(tuple(beautifier.encode(said)), True)) == read


def test_a_picture_shape_that_an_answer_proposes_is_the_candidates(folder, monkeypatch):
    beautifier = load_beautifier(folder)
    said = (
        'Here it is:\n{"rewritten_prompt": "a red fox in the snow", "wh_ratio": "3:2"}',
        "a red fox at night, soft light",
    )
    answers = [Answer(tuple(beautifier.encode(each)), True) for each in said]
    monkeypatch.setattr(writer, "generate", lambda *_: answers)
    candidates = beautifier.beautify("a red fox", num_candidates=2)
    assert [each.ratio for each in candidates] == [pytest.approx(1.5), None]
    assert candidates[0].text == "a red fox in the snow"


@pytest.mark.slow
def test_candidates_come_with_seeds(folder):
    beautifier = load_beautifier(folder)
    first = beautifier.beautify("a cat", num_candidates=3, seed=5)
    assert len(first) == 3 and all(candidate.text for candidate in first)
    assert beautifier.beautify("a cat", num_candidates=3, seed=5) == first
