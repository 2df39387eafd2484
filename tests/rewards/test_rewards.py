"""Reward models: the numbers of transformers, what is read, how terms add up, what is refused."""

import json
import math

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.checkpoints.folders import list_checkpoints
from prompt_beautifier.beautifier.request import Candidate
from prompt_beautifier.beautifier.rewards import regressor
from prompt_beautifier.beautifier.rewards.folders import list_reward_models
from prompt_beautifier.beautifier.rewards.model import load_reward_model

from ..stand_ins import tiny
from ..stand_ins.tiny_rewards import change, save_combination, save_reward

PROMPTS = [
    "a cat",
    "a cat, highly detailed, digital painting",
    "portrait of 1 girl in a garden, soft light, oil on canvas, masterpiece, trending on artstation",
    "",
    "castle at sunset, " * 60 + "by the sea",
    "猫",
    "Robot, 8k",
]
RAW = ["a cat", "cat", "1 girl", "", "castle", "猫", "a robot"]
PICK = {"term": "pick_score", "reads": regressor.PAIR, "mean": 20.0, "std": 1.5}
AESTHETIC = {"term": "aesthetic_score", "reads": regressor.ALONE, "mean": 5.5, "std": 0.5}
CONSISTENCY = {"term": "consistency", "reads": regressor.PAIR, "mean": 0.0, "std": 1.0}


@pytest.fixture(scope="module", params=["bloom", "gpt2"])
def folder(request, tmp_path_factory):
    """A folder with one term; GPT-2 has no more positions than a text may have tokens."""
    sizes = {"positions": 384} if request.param == "gpt2" else {}
    return save_reward(tmp_path_factory.mktemp("reward") / "pick", request.param, **sizes)


@pytest.fixture(scope="module")
def combination(tmp_path_factory):
    return save_combination(tmp_path_factory.mktemp("reward") / "both", PICK, AESTHETIC)


@pytest.fixture
def bloom(tmp_path):
    """A folder with one term that a test may damage."""
    return save_reward(tmp_path / "pick")


def transformers_scores(folder, texts):
    """What transformers' own class gives for texts and </s>, each alone, cut on the left to 384 tokens."""
    transformers = pytest.importorskip("transformers")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, torch_dtype=torch.float32)
    assert type(model).__name__ in ("BloomForSequenceClassification", "GPT2ForSequenceClassification")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    scores = []
    for text in texts:
        ids = tokenizer.encode(text + "</s>").ids[-384:]
        with torch.inference_mode():
            scores.append(model.eval()(torch.tensor([ids])).logits[0, 0])
    return torch.stack(scores)


# -- numbers


def test_scores_are_those_of_transformers(folder):
    texts = [f"Input: {raw}\nOutput: {prompt}" for raw, prompt in zip(RAW, PROMPTS, strict=True)]
    expected = transformers_scores(folder, texts)
    model = load_reward_model(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert max(len(tokenizer.encode(text).ids) for text in texts) > 384  # one of them is cut
    for batch_size in (1, 3, 32):
        scores = model.score(RAW, PROMPTS, batch_size)
        assert (scores.dtype, scores.shape, scores.device.type) == (torch.float32, (len(PROMPTS),), "cpu")
        torch.testing.assert_close(scores, expected, atol=5e-5, rtol=1e-4)
    assert expected.std() > 0.1


def test_a_batch_padded_by_transformers_gives_the_same(folder):
    transformers = pytest.importorskip("transformers")
    hf = transformers.AutoModelForSequenceClassification.from_pretrained(folder, torch_dtype=torch.float32)
    rows = [[*range(10, 10 + length), tiny.EOS] for length in (5, 9, 17)]
    tokens = torch.full((3, 18), 3)  # <pad>
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = torch.tensor(row)
    with torch.inference_mode():
        expected = hf.eval()(tokens, attention_mask=tokens != 3).logits[:, 0]
    (_, term), *_ = load_reward_model(folder).weighted
    torch.testing.assert_close(term._batch(rows), expected, atol=5e-5, rtol=1e-4)


@pytest.mark.parametrize("padding", [3, tiny.EOS, None])
def test_the_last_token_is_transformers_whatever_it_pads_with(bloom, padding):
    """A checkpoint that pads with its end-of-text token is read at the token before."""
    config = json.loads((bloom / "config.json").read_text())
    (bloom / "config.json").write_text(json.dumps({**config, "pad_token_id": padding}))
    expected = transformers_scores(bloom, [f"Input: {RAW[1]}\nOutput: {PROMPTS[1]}"])
    scores = load_reward_model(bloom).score(RAW, PROMPTS)
    torch.testing.assert_close(scores[1:2], expected, atol=5e-5, rtol=1e-4)


def test_long_texts_lose_their_beginning(bloom):
    model = load_reward_model(bloom)
    tail = ", soft light" * 150
    first, second, third = model.score(["a", "b", "a"], ["red" + tail, "blue" + tail, "light"]).tolist()
    assert first == pytest.approx(second, abs=1e-6) and first != pytest.approx(third, abs=1e-3)
    change(bloom / "reward.json", max_length=6)
    short = load_reward_model(bloom)
    prompts = ["red on canvas, 8k", "red on canvas, 8k", "8k"]
    first, second, third = short.score(["a", "b", "a"], prompts).tolist()
    assert first == pytest.approx(second, abs=1e-6) and first != pytest.approx(third, abs=1e-3)


@pytest.mark.slow
def test_a_network_with_few_positions_reads_what_it_can(tmp_path):
    model = load_reward_model(save_reward(tmp_path / "gpt2", "gpt2", positions=16))
    assert model.score(["a cat"], ["soft light, " * 40]).isfinite().all()


def test_mean_and_std_bring_back_the_unit_of_the_labels(bloom):
    plain = load_reward_model(bloom).score(RAW, PROMPTS)
    change(bloom / "reward.json", mean=20.5, std=1.25)
    torch.testing.assert_close(load_reward_model(bloom).score(RAW, PROMPTS), plain * 1.25 + 20.5)


# -- what is read


def test_templates_are_the_published_ones():
    assert regressor.Reading(regressor.PAIR).text(" 1 girl", "1 girl, 8k ") == "Input: 1 girl\nOutput: 1 girl, 8k"
    assert regressor.Reading(regressor.ALONE).text("1 girl", "1 girl, 8k") == "1 girl, 8k"
    assert regressor.Reading(lower_case=True).text("A Cat", "A CAT, 8K") == "input: a cat\noutput: a cat, 8k"
    assert regressor.Reading("{prompt}|{raw_prompt}").text("a", "b") == "b|a"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("a (red dress:1.3), 8k", "a red dress, 8k"),
        ("a cat, 8k <lora:film:0.8>", "a cat, 8k"),
        ("embedding:good a cat, 8k", "a cat, 8k"),
        (r"saber \(fate\), 8k", "saber (fate), 8k"),
    ],
)
def test_syntax_does_not_change_a_score(folder, typed, words):
    model = load_reward_model(folder)
    one, other = model.score(["cat", "cat"], [typed, words]).tolist()
    assert one == pytest.approx(other, abs=1e-6)
    one, other = model.score([typed, words], ["a cat", "a cat"]).tolist()
    assert one == pytest.approx(other, abs=1e-6)
    assert model.score(["cat"], ["a cat, 8k, soft light"]).item() != pytest.approx(one, abs=1e-3)


def test_text_cannot_end_itself_or_fill_the_template(folder):
    (_, term), *_ = load_reward_model(folder).weighted
    (tokens,) = term.reading.tokens(term.tokenizer, tiny.EOS, ["a</s>b"])
    assert tokens.count(tiny.EOS) == 1 and tokens[-1] == tiny.EOS
    assert "zebra" not in term.reading.text("zebra", "{raw_prompt}").removeprefix("Input: zebra")


def test_a_lower_case_model_does_not_see_case(bloom):
    assert len(set(load_reward_model(bloom).score(["cat"] * 2, ["A CAT", "a cat"]).tolist())) == 2
    change(bloom / "reward.json", lower_case=True)
    assert len(set(load_reward_model(bloom).score(["cat"] * 2, ["A CAT", "a cat"]).tolist())) == 1


# -- several terms


def test_terms_add_up_by_their_weights(combination):
    model = load_reward_model(combination)
    terms = model.terms(RAW, PROMPTS)
    assert list(terms) == ["pick_score", "aesthetic_score"]
    for name in terms:
        torch.testing.assert_close(terms[name], load_reward_model(combination / name).score(RAW, PROMPTS))
    expected = 0.7 * terms["pick_score"] + 0.3 * terms["aesthetic_score"]
    torch.testing.assert_close(model.score(RAW, PROMPTS), expected)
    assert model.name == "both"


@pytest.mark.parametrize("alpha", [0, 0.25, 1.0])
def test_alpha_weighs_the_first_term_against_the_second(combination, alpha):
    model = load_reward_model(combination, alpha=alpha)
    terms = model.terms(RAW, PROMPTS)
    expected = alpha * terms["pick_score"] + (1 - alpha) * terms["aesthetic_score"]
    torch.testing.assert_close(model.score(RAW, PROMPTS), expected)


@pytest.mark.slow
def test_a_third_term_keeps_its_weight(tmp_path):
    folder = save_combination(tmp_path / "three", PICK, AESTHETIC, CONSISTENCY, weights=(0.7, 0.3, 4.0))
    terms = load_reward_model(folder).terms(RAW, PROMPTS)
    expected = 0.5 * terms["pick_score"] + 0.5 * terms["aesthetic_score"] + 4 * terms["consistency"]
    torch.testing.assert_close(load_reward_model(folder, alpha=0.5).score(RAW, PROMPTS), expected)


def test_two_terms_without_weights_have_the_published_ones(tmp_path):
    folder = save_combination(tmp_path / "both", PICK, AESTHETIC, weights=(None, None))
    assert [weight for weight, _ in load_reward_model(folder).weighted] == pytest.approx([0.7, 0.3])


def test_a_term_of_ones_own_can_be_added(combination):
    class Length:
        name = "length"

        def score(self, raw_prompts, prompts, batch_size, on_step):
            return torch.tensor([float(len(prompt)) for prompt in prompts])

    model = load_reward_model(combination)
    before = model.score(RAW, PROMPTS)
    model.weighted += ((0.5, Length()),)
    lengths = torch.tensor([len(prompt) / 2 for prompt in PROMPTS])
    torch.testing.assert_close(model.score(RAW, PROMPTS), before + lengths)
    assert len(model.networks) == 2


def test_ranking_is_by_score_and_stable(combination):
    model = load_reward_model(combination)
    candidates = [Candidate(text) for text in ["a cat", "a dog", "a cat", "a cat, 8k", "(a dog:1.2)"]]
    ranked = model.rank("a cat", candidates)
    expected = model.score(["a cat"] * 5, [each.text for each in candidates]).tolist()
    assert [each.score for each in ranked] == sorted(expected, reverse=True)
    assert {(each.text, each.score) for each in ranked} == {
        (each.text, score) for each, score in zip(candidates, expected, strict=True)
    }
    texts = [each.text for each in ranked]
    assert texts.index("a dog") < texts.index("(a dog:1.2)")  # equal scores
    assert all(each.score is None for each in candidates)


def test_steps_are_counted_over_all_terms(combination):
    steps = []
    load_reward_model(combination).score(RAW, PROMPTS, 4, lambda *step: steps.append(step))
    assert steps == [(4, 14), (7, 14), (11, 14), (14, 14)]


# -- loading


def test_dtype_is_float32_on_a_cpu_or_as_asked(bloom):
    assert {each.dtype for each in load_reward_model(bloom).networks.parameters()} == {torch.float32}
    half = load_reward_model(bloom, dtype=torch.bfloat16)
    assert {each.dtype for each in half.networks.parameters()} == {torch.bfloat16}
    full = load_reward_model(bloom).score(RAW, PROMPTS)
    assert (half.score(RAW, PROMPTS) - full).abs().max() < 0.25 * full.std() + 0.1


def test_a_beautifier_is_no_reward_model(tmp_path, bloom):
    tiny.save_checkpoint(tmp_path / "writer")
    with pytest.raises(ValueError, match=r"writer is a beautifier, which writes prompts"):
        load_reward_model(tmp_path / "writer")
    (tmp_path / "writer" / "reward.json").write_bytes((bloom / "reward.json").read_bytes())
    with pytest.raises(ValueError, match="BloomForCausalLM.*no reward model"):
        load_reward_model(tmp_path / "writer")
    load_beautifier(tmp_path / "writer")


@pytest.mark.parametrize("name", ["reward.json", "config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(bloom, name):
    (bloom / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        load_reward_model(bloom)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no reward folder .*nothing"):
        load_reward_model(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ({"term": 3}, "term"),
        ({"term": "../x"}, "term"),
        ({"reads": "nothing"}, "reads"),
        ({"reads": None}, "reads"),
        ({"std": 0}, "std"),
        ({"std": -1.0}, "std"),
        ({"mean": None}, "mean"),
        ({"mean": "20"}, "mean"),
        ({"mean": math.inf}, "mean"),
        ({"lower_case": "yes"}, "lower_case"),
        ({"max_length": 0}, "max_length"),
    ],
)
def test_notes_that_make_no_sense_are_refused(bloom, notes, message):
    change(bloom / "reward.json", **notes)
    with pytest.raises(ValueError, match=rf'reward.json: "{message}"|"mean" and "std"'):
        load_reward_model(bloom)


def test_a_network_with_several_outputs_is_refused(bloom):
    change(bloom / "config.json", id2label={"0": "a", "1": "b"})
    with pytest.raises(ValueError, match="num_labels is 2; a reward model has 1"):
        load_reward_model(bloom)


def rewrite(folder, change_weights):
    weights = load_file(folder / "model.safetensors")
    change_weights(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("score.weight", torch.zeros(2, 32), r"score.weight has shape \(2, 32\)"),
        ("score.weight", torch.zeros(32), r"score.weight has shape \(32,\)"),
        ("transformer.ln_f.weight", torch.zeros(31), r"ln_f.weight has shape \(31,\)"),
        ("transformer.ln_f.bias", torch.full((32,), math.nan), "weights ln_f.bias are not all finite"),
        ("score.weight", torch.full((1, 32), math.inf), "weights score are not all finite"),
    ],
)
def test_weights_that_cannot_be_right_are_refused(bloom, name, value, message):
    rewrite(bloom, lambda weights: weights.update({name: value}))
    with pytest.raises(ValueError, match=message):
        load_reward_model(bloom)


def test_weights_without_a_score_are_refused(bloom):
    rewrite(bloom, lambda weights: weights.pop("score.weight"))
    with pytest.raises(ValueError, match=r"no score\.weight"):
        load_reward_model(bloom)


def test_a_score_that_is_no_number_is_an_error(bloom):
    model = load_reward_model(bloom)
    model.weighted[0][1].network.score.fill_(3e38)
    with pytest.raises(ValueError, match="no finite number"):
        model.score(RAW, PROMPTS)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([], "must be a list"),
        ("pick_score", "must be a list"),
        ([{"folder": "../pick", "weight": 1}], "no folder beside"),
        ([{"folder": ".", "weight": 1}], "no folder beside"),
        ([{"weight": 1}], "no folder beside"),
        ([{"folder": "pick_score"}], "weight of 'pick_score'"),
        ([{"folder": "pick_score", "weight": math.nan}], "weight of 'pick_score'"),
        ([{"folder": "gone", "weight": 1}], "gone"),
        ([{"folder": "pick_score", "weight": 1}] * 2, "name of its own"),
    ],
)
def test_combinations_that_make_no_sense_are_refused(tmp_path, terms, message):
    folder = save_combination(tmp_path / "both", PICK, AESTHETIC)
    change(folder / "reward.json", terms=terms)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_reward_model(folder)


def test_a_term_may_be_a_link(tmp_path):
    folder = save_combination(tmp_path / "both", PICK, AESTHETIC)
    expected = load_reward_model(folder).score(["a cat"], ["a cat, oil on canvas"])
    (folder / "pick_score").rename(tmp_path / "elsewhere")
    (folder / "pick_score").symlink_to(tmp_path / "elsewhere")
    assert load_reward_model(folder).score(["a cat"], ["a cat, oil on canvas"]) == expected


@pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan, "0.5", True])
def test_alpha_is_a_share(combination, alpha):
    with pytest.raises(ValueError, match="alpha must be a number from 0 to 1"):
        load_reward_model(combination, alpha=alpha)


def test_alpha_needs_two_terms(bloom):
    with pytest.raises(ValueError, match="alpha weighs two terms"):
        load_reward_model(bloom, alpha=0.5)


@pytest.mark.parametrize(
    ("raw_prompts", "prompts", "message"),
    [
        ([], [], "no prompt to score"),
        (["a"], ["a", "b"], "1 raw prompts and 2 prompts"),
        ("ab", ["a", "b"], "raw_prompts must be a list"),
        (["a"], [None], "prompts must be a list of strings"),
    ],
)
def test_what_cannot_be_scored_is_said(combination, raw_prompts, prompts, message):
    with pytest.raises(ValueError, match=message):
        load_reward_model(combination).score(raw_prompts, prompts)


# -- where they are


def test_reward_folders_are_found_and_are_no_beautifiers(tmp_path):
    first, second = tmp_path / "LLM", tmp_path / "more"
    save_combination(first / "someone" / "both", PICK, AESTHETIC)
    save_reward(second / "alone")
    save_reward(second / "someone" / "both")
    save_reward(first / ".waiting")
    tiny.save_checkpoint(first / "writer")
    folders = [first, second, tmp_path / "nothing"]
    assert list_reward_models(folders) == {
        "alone": second / "alone",
        "someone/both": first / "someone" / "both",
    }
    assert list(list_checkpoints(folders)) == ["writer"]
