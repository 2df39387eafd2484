"""PPO: its formulas against numbers worked out by hand, that it learns, keeps near the reference, and resumes."""

import argparse
import json
import math
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("accelerate")
pytest.importorskip("tensorboard")

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.checkpoints.folders import list_checkpoints
from prompt_beautifier.beautifier.language.steps import Answer
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.beautifier.request import Sampling
from prompt_beautifier.training import ppo
from prompt_beautifier.training.rewards.rollout import question
from prompt_beautifier.training.run.export import hugging_face_weights
from prompt_beautifier.training.run.metrics import read_metrics
from prompt_beautifier.training.run.rows import read_jsonl

from . import moody
from .stand_ins import tiny

CONFIGS = Path(ppo.__file__).parent / "configs"


# -- formulas


def test_advantages_by_hand():
    # gamma 0.5, lambda 0.8; deltas of the first row: -0.1 + 0.5*4 - 2 = -0.1, 0 + 0.5*1 - 4 = -3.5, 3 - 1 = 2
    rewards = torch.tensor([[-0.1, 0.0, 3.0], [1.0, 0.0, 0.0]])
    values = torch.tensor([[2.0, 4.0, 1.0], [0.25, 0.0, 0.0]])
    mask = torch.tensor([[True, True, True], [True, False, False]])
    advantages, returns = ppo.advantages_and_returns(rewards, values, mask, gamma=0.5, lam=0.8)
    expected = [[-0.1 + 0.4 * (-3.5 + 0.4 * 2), -3.5 + 0.4 * 2, 2.0], [0.75, 0, 0]]
    torch.testing.assert_close(advantages, torch.tensor(expected))
    torch.testing.assert_close(returns, torch.tensor([[0.82, 1.3, 3.0], [1.0, 0, 0]]))


def test_with_lambda_1_a_return_is_the_sum_of_what_is_still_earned():
    rewards = torch.randn(5, 9)
    mask = torch.arange(9) < torch.tensor([[9], [4], [1], [7], [2]])
    values = torch.randn(5, 9) * mask
    _, returns = ppo.advantages_and_returns(rewards * mask, values, mask, gamma=1, lam=1)
    to_come = (rewards * mask).flip(1).cumsum(1).flip(1) * mask
    torch.testing.assert_close(returns, to_come)


def test_rewards_of_tokens_by_hand():
    log_probs, reference = (
        torch.tensor([[-1.0, -2.0], [-0.5, 0.0]]),
        torch.tensor([[-3.0, -1.5], [-0.5, 0.0]]),
    )
    mask = torch.tensor([[True, True], [True, False]])
    rewards = ppo.token_rewards(log_probs, reference, mask, torch.tensor([5.0, -7.0]), beta=0.1)
    torch.testing.assert_close(rewards, torch.tensor([[-0.2, 5.05], [-7.0, 0.0]]))


def test_clipped_losses_by_hand():
    old = torch.zeros(5)
    log_probs = torch.tensor([1.5, 1.5, 0.5, 0.5, 1.1]).log()
    advantages = torch.tensor([1.0, -1.0, 1.0, -1.0, 2.0])
    losses, clipped = ppo.policy_losses(log_probs, old, advantages, clip=0.2)
    torch.testing.assert_close(losses, torch.tensor([-1.2, 1.5, -0.5, 0.8, -2.2]))
    assert clipped.tolist() == [True, False, False, True, False]
    # the old value is 1: 1.1 may move freely, 2 is taken for 1.2, -1 for 0.8
    values, returns = torch.tensor([1.1, 2.0, -1.0, 2.0]), torch.tensor([3.0, 3.0, -3.0, 1.0])
    errors = ppo.value_losses(values, torch.ones(4), returns, clip=0.2)
    torch.testing.assert_close(errors, torch.tensor([1.9**2 / 2, 1.8**2 / 2, 3.8**2 / 2, 0.5]))


@pytest.mark.parametrize(
    ("kl", "factor"),
    [(6.0, 0.0), (6.6, 0.1), (5.4, -0.1), (7.2, 0.2), (600.0, 0.2), (0.0, -0.2), (-3.0, -0.2), (4.8, -0.2)],
)
def test_the_controller_by_hand(kl, factor):
    controller = ppo.KLController(beta=0.05, target=6, horizon=10_000)
    controller.update(kl, answers=64)
    assert controller.beta == pytest.approx(0.05 * (1 + factor * 64 / 10_000), rel=1e-12)


def test_a_target_of_0_leaves_beta_as_it_is():
    controller = ppo.KLController(beta=0.2, target=0, horizon=10_000)
    controller.update(50.0, answers=64)
    assert controller.beta == 0.2


def test_running_moments_are_those_of_all_numbers():
    numbers = np.random.default_rng(0).normal(3, 2, 100)
    moments = ppo.RunningMoments()
    for part in np.split(numbers, [1, 30, 37]):
        moments.update(torch.from_numpy(part).float())
    assert moments.mean == pytest.approx(numbers.mean(), rel=1e-5)
    assert moments.std == pytest.approx(numbers.std(ddof=1), rel=1e-5)
    constant = ppo.RunningMoments()
    constant.update(torch.full((50,), 0.7))
    assert constant.std == 1


# -- the policy


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_log_probabilities_in_chunks_and_their_gradient_are_those_of_whole_logits(chunk):
    torch.manual_seed(0)
    hidden, head = torch.randn(20, 16, requires_grad=True), torch.randn(300, 16)
    tokens, weights = torch.randint(0, 300, (20,)), torch.randn(20)
    whole = (hidden @ head.t()).log_softmax(-1)
    expected = whole.gather(1, tokens[:, None])[:, 0]
    log_probs, entropy = ppo.TokenScores.apply(hidden, head, tokens, chunk)
    torch.testing.assert_close(log_probs, expected)
    torch.testing.assert_close(entropy, torch.distributions.Categorical(logits=whole).entropy())
    (gradient,) = torch.autograd.grad((log_probs * weights).sum(), hidden)
    (wanted,) = torch.autograd.grad((expected * weights).sum(), hidden)
    torch.testing.assert_close(gradient, wanted, atol=1e-5, rtol=1e-4)

    log_probs, entropy = ppo.TokenScores.apply(hidden, head, tokens, chunk, True)
    (gradient,) = torch.autograd.grad((log_probs * weights).sum() + (entropy * weights.flip(0)).sum(), hidden)
    spread = torch.distributions.Categorical(logits=(hidden @ head.t()).log_softmax(-1)).entropy()
    (more,) = torch.autograd.grad((spread * weights.flip(0)).sum(), hidden)
    torch.testing.assert_close(gradient, wanted + more, atol=1e-5, rtol=1e-4)


@pytest.fixture(scope="module", params=["bloom", "gpt2"])
def checkpoint(request, tmp_path_factory):
    return tiny.save_checkpoint(tmp_path_factory.mktemp(request.param), request.param, layers=3)


def batch():
    """Tokens of two padded rows, and which next tokens are answer: 3 of the first row, 5 of the second."""
    tokens = torch.randint(4, 500, (2, 9), generator=torch.Generator().manual_seed(0))
    tokens[0, 7:] = 3
    position = torch.arange(1, 9)
    answer = torch.stack([(position >= 4) & (position < 7), position >= 4])
    return tokens, answer


def direct_log_probs(network, tokens, answer):
    scores = network.logits(network(tokens[:, :-1])).log_softmax(-1)
    return scores.gather(2, tokens[:, 1:, None])[..., 0][answer]


@pytest.mark.parametrize("unfrozen", [1, 2, 3, 8])
def test_policy_and_reference_are_the_network_at_first_and_only_the_top_is_trained(checkpoint, unfrozen):
    tokens, answer = batch()
    expected = direct_log_probs(load_network(checkpoint), tokens, answer)
    policy = ppo.Policy(load_network(checkpoint), unfrozen)
    x = policy.lower(tokens)
    log_probs, _, values = policy(x, tokens, answer)
    torch.testing.assert_close(log_probs, expected, atol=1e-4, rtol=1e-4)
    assert torch.equal(policy.reference_scores(x, tokens, answer), log_probs)  # to the last bit: KL is 0
    assert not values.any()
    (log_probs.sum() + (values - 1).square().sum()).backward()
    trained = {name for name, p in policy.named_parameters() if p.grad is not None}
    layers = {name.split(".")[2] for name in trained if name.startswith("network.h.")}
    assert layers == {str(layer) for layer in range(max(0, 3 - unfrozen), 3)}
    assert {name for name in trained if not name.startswith(("network.h.", "value."))} == {
        "network.ln_f.weight",
        "network.ln_f.bias",
    }
    assert trained == policy.trained().keys()


def test_the_gradient_is_that_of_the_whole_network(checkpoint):
    tokens, answer = batch()
    network = load_network(checkpoint).requires_grad_(True)
    direct_log_probs(network, tokens, answer).sum().backward()
    policy = ppo.Policy(load_network(checkpoint), 2)
    policy(policy.lower(tokens), tokens, answer)[0].sum().backward()
    wanted = dict(network.named_parameters())
    for name, parameter in policy.network.named_parameters():
        if parameter.requires_grad:
            torch.testing.assert_close(parameter.grad, wanted[name].grad, atol=2e-3, rtol=1e-3, msg=name)


def test_bfloat16_is_near_and_sampling_has_the_weights_of_training(checkpoint):
    tokens, answer = batch()
    policy = ppo.Policy(load_network(checkpoint), 2, bits16=True)
    log_probs, _, _ = policy(policy.lower(tokens), tokens, answer)
    expected = direct_log_probs(load_network(checkpoint), tokens, answer)
    assert (log_probs - expected).abs().max() < 0.05 * expected.abs().max()
    with torch.no_grad(), policy.autocast():
        twin = policy.sampling_network()
        hidden = twin(tokens[:, :-1])[answer]
        again, _ = policy.scores(hidden, tokens[:, 1:][answer])
    torch.testing.assert_close(again, log_probs.detach(), atol=1e-4, rtol=1e-4)
    assert all(p.dtype == torch.float32 for p in policy.network.parameters())


def test_what_is_exported_is_the_network(checkpoint):
    transformers = pytest.importorskip("transformers")
    network = load_network(checkpoint)
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    stored = model.state_dict()
    for name, tensor in hugging_face_weights(network).items():
        assert torch.equal(tensor, stored[name]), name


# -- rollouts


def options(*more):
    required = ["--model", "embedded", "--data", "x", "--out", "x", "--reward", "x", "--max-new-tokens", "20"]
    return ppo.option_parser().parse_args([*required, *more])


def test_the_answers_of_a_batch_are_looked_at_as_each_alone(checkpoint):
    beautifier = load_beautifier(checkpoint, family="text2prompt-v1")
    policy = ppo.Policy(load_network(checkpoint), 2)
    asked = [question(beautifier, raw, 20) for raw in ("a cat", "an old castle on a hill", "owl")]
    answers = [Answer((9, 8, 7), True), Answer((50,), False), Answer((), True)]
    seen, reference = ppo.look_at(policy, asked, answers, minibatch=2)
    assert seen.mask.sum(1).tolist() == [4, 1, 1]  # the end token counts, where it was written
    for row, (one, answer) in enumerate(zip(asked, answers, strict=True)):
        written = [*answer.tokens, *([tiny.EOS] if answer.finished else [])]
        tokens = torch.tensor([[*one.tokens, *written]])
        is_answer = torch.arange(1, tokens.shape[1])[None] >= len(one.tokens)
        expected = direct_log_probs(beautifier.network, tokens, is_answer)
        torch.testing.assert_close(seen.log_probs[row][seen.mask[row]], expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(reference[row][seen.mask[row]], expected, atol=1e-4, rtol=1e-4)
        assert not seen.log_probs[row][~seen.mask[row]].any()
    for rows in ppo.minibatches(seen, 2, torch.Generator().manual_seed(0)):
        length = seen.length(rows)
        assert seen.lower[rows, :length].isfinite().all()
        assert seen.answer(rows, length).sum() == seen.mask[rows].sum()


def test_every_answer_is_in_one_minibatch():
    mask = torch.ones(10, 5, dtype=torch.bool)
    empty = torch.zeros(10, 5)
    seen = ppo.Experience(empty, torch.zeros(10, 8), torch.arange(10), mask, empty, empty, empty, empty)
    batches = ppo.minibatches(seen, 4, torch.Generator().manual_seed(0))
    assert sorted(torch.cat(batches).tolist()) == list(range(10))
    assert sorted(map(len, batches)) == [2, 4, 4]


def test_rows_and_random_numbers_are_a_function_of_the_step():
    steps = [ppo.rows_of_step(10, 4, step, seed=1) for step in range(5)]
    dealt = [row for step in steps for row in step]
    assert sorted(dealt[:10]) == sorted(dealt[10:]) == list(range(10)) and dealt[:10] != dealt[10:]
    assert ppo.rows_of_step(10, 4, 3, seed=1) == steps[3] and ppo.rows_of_step(10, 4, 3, seed=2) != steps[3]
    one, same, next_one = (ppo.chances_of_step(4, 6, step, seed=1) for step in (7, 7, 8))
    assert torch.equal(one, same) and not torch.equal(one, next_one) and one.shape == (4, 6)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Answers to one row, scored: f(*flags) of an answer that adds something, one that adds nothing, one cut off."""
    beautifier = load_beautifier(tiny.save_checkpoint(tmp_path_factory.mktemp("base"), family="text2prompt-v1"))
    asked, calls = question(beautifier, "a cat", 20), []

    def reward(raws, prompts):
        calls.append(list(zip(raws, prompts, strict=True)))
        return [float(len(prompt)) for prompt in prompts]

    def scores(*flags):
        prompts = ppo.Prompts([{"raw_prompt": "a cat", "prompt": "a cat by the sea"}] * 3, [asked] * 3)
        answers = [
            Answer(tuple(beautifier.encode(" a cat, 8k, 8k, soft light, 8k")), True),
            Answer((), True),
            Answer(tuple(beautifier.encode(" a cat, soft light, a very unfini")), False),
        ]
        calls.clear()
        return (
            *ppo.scores_of(beautifier, reward, prompts, [0, 1, 2], answers, options(*flags)),
            list(calls),
            prompts,
        )

    return scores


def test_the_reward_sees_what_a_user_would_see(scored):
    scores, texts, calls, _ = scored("--baseline", "none")
    assert texts == ["a cat, 8k, soft light", "a cat", "a cat, soft light"]
    assert scores == [21.0, 5.0, 17.0]
    assert calls == [[("a cat", text) for text in texts]]


def test_the_baseline_is_the_reward_of_the_rows_own_prompt(scored):
    scores, _, calls, prompts = scored()
    assert scores == [21 - 16, 5 - 16, 17 - 16]
    assert calls[0][3:] == [("a cat", "a cat by the sea")] * 3 and prompts.earned == {0: 16, 1: 16, 2: 16}


def test_penalties(scored):
    assert scored("--empty-reward", "-3", "--unfinished-penalty", "0.5")[0] == [5, -3, 0.5]


def test_flags_that_do_not_go_together_are_refused():
    with pytest.raises(ValueError, match="--rollouts 64 must be a multiple of the 3 processes"):
        ppo.check(options(), 3)
    with pytest.raises(ValueError, match="--rollouts 64 must be a multiple of --minibatch 24"):
        ppo.check(options("--minibatch", "24"), 1)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("ppo-*.yaml")), ids=lambda path: path.stem)
def test_the_configurations_are_understood(path):
    args = ppo.parse(
        ppo.option_parser(),
        ["--config", str(path), "--model", "m", "--data", "d", "--out", "o", "--reward", "r"],
    )
    ppo.check(args, 1)
    if path.stem == "ppo-beautifulprompt":
        assert (args.lr, args.beta, args.target_kl, args.horizon, args.unfrozen_layers) == (
            5e-6,
            0.05,
            6,
            10_000,
            8,
        )
    if path.stem == "ppo-promptist":
        assert (args.lr, args.beta, args.value_coefficient, args.family) == (5e-5, 0.2, 2.3, "promptist")


# -- the run


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return moody.save_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def sft_model(data, tmp_path_factory):
    return moody.save_model(data, tmp_path_factory.mktemp("sft"))


@pytest.fixture
def reward(monkeypatch):
    """The name of a reward function of moody.py, as one would give it on the command line."""
    monkeypatch.syspath_prepend(str(Path(moody.__file__).parent))
    return "moody:{}".format


def arguments(sft_model, data, out, reward, *more):
    return [
        "--model",
        str(sft_model),
        "--data",
        str(data),
        "--out",
        str(out),
        "--reward",
        reward,
        "--cpu",
        "--baseline",
        "none",
        "--steps",
        "4",
        "--rollouts",
        "32",
        "--minibatch",
        "16",
        "--chunk",
        "64",
        "--max-new-tokens",
        "20",
        "--eval-prompts",
        "9",
        "--eval-steps",
        "100",
        "--checkpoint-steps",
        "2",
        "--lr",
        "3e-3",
        *more,
    ]


def column(out, name):
    return [row[name] for row in read_metrics(out) if name in row]


@pytest.mark.slow
def test_it_learns_what_the_reward_wants(sft_model, data, reward, tmp_path):
    steps = ["--steps", "50", "--rollouts", "64", "--eval-steps", "5"]
    ppo.main(arguments(sft_model, data, tmp_path, reward("neon"), *steps))
    before, *_ = heldout = column(tmp_path, "heldout_score")
    assert before < 0.5 and max(heldout) > 0.85  # the best is 1
    scores = column(tmp_path, "score")
    assert max(sum(scores[i : i + 5]) / 5 for i in range(len(scores) - 4)) > 0.8
    assert list_checkpoints([tmp_path]) == {"model": tmp_path / "model"}
    beautifier = load_beautifier(tmp_path / "model")
    sampling = Sampling(top_k=0, top_p=1.0, repetition_penalty=1.0, max_new_tokens=20)
    raws = [row["raw_prompt"] for row in read_jsonl(data / "heldout.jsonl")]
    answers = [one.text for raw in raws for one in beautifier.beautify(raw, 5, sampling=sampling)]
    assert len(answers) == 45 and sum("neon" in answer for answer in answers) > 28  # the SFT model has about 11
    card = (tmp_path / "model" / "README.md").read_text()
    assert f"| held-out score | {max(heldout):.5g} |" in card and "moody:neon" in card
    assert {"policy_loss", "value_loss", "entropy", "kl", "beta", "clipped"} <= read_metrics(tmp_path)[-1].keys()


@pytest.mark.slow
@pytest.mark.parametrize("beta", [0.01, 10.0])
def test_the_controller_brings_the_kl_to_its_target_from_both_sides(sft_model, data, reward, tmp_path, beta):
    ppo.main(
        arguments(
            sft_model,
            data,
            tmp_path,
            reward("neon"),
            "--steps",
            "45",
            "--beta",
            str(beta),
            "--target-kl",
            "1",
            "--horizon",
            "32",
            "--lr",
            "2e-3",
            "--eval-prompts",
            "1",
            "--checkpoint-steps",
            "100",
        )
    )
    kl, betas = column(tmp_path, "kl"), column(tmp_path, "beta")
    early = sum(kl[5:15]) / 10
    assert early > 1.8 if beta < 1 else early < 0.5
    assert 0.5 < sorted(kl[-20:])[10] < 1.8  # the middle one: single steps of 32 answers vary much
    assert betas[-1] > 5 * beta if beta < 1 else betas[-1] < beta / 4


def test_without_reward_the_policy_stays_where_it_is(sft_model, data, reward, tmp_path):
    ppo.main(arguments(sft_model, data, tmp_path, reward("nothing"), "--keep", "last"))
    assert max(map(abs, column(tmp_path, "kl"))) < 1e-4
    greedy = Sampling(greedy=True, repetition_penalty=1.0, max_new_tokens=20)
    before, after = load_beautifier(sft_model), load_beautifier(tmp_path / "model")
    for row in read_jsonl(data / "heldout.jsonl"):
        raw = row["raw_prompt"]
        assert before.beautify(raw, 1, sampling=greedy) == after.beautify(raw, 1, sampling=greedy)


@pytest.fixture(scope="module")
def whole(sft_model, data, tmp_path_factory):
    """A run that nothing disturbed, of which one minibatch is all rollouts."""
    out = tmp_path_factory.mktemp("whole")
    sys.path.insert(0, str(Path(moody.__file__).parent))
    ppo.main(arguments(sft_model, data, out, "moody:neon", "--minibatch", "32", "--keep", "last"))
    sys.path.pop(0)
    return out


def launch(command):
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=Path(moody.__file__).parent,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def same_runs(one, other, tolerance):
    """Whether two runs have the same numbers in every step, and hand over the same weights."""
    ones, others = read_metrics(one), read_metrics(other)
    assert [row.keys() for row in ones] == [row.keys() for row in others]
    for mine, theirs in zip(ones, others, strict=True):
        assert mine == {name: pytest.approx(value, abs=tolerance, rel=1e-3) for name, value in theirs.items()}
    mine, theirs = (torch.load(run / "checkpoint.pt", weights_only=True) for run in (one, other))
    assert mine["run"][0] == theirs["run"][0] == 4 and mine["moments"] == pytest.approx(theirs["moments"])
    for name, weights in mine["trained"].items():
        if not name.endswith("query_key_value.bias"):  # softmax does not see that of the keys, Adam does
            # As a whole: where a gradient is next to nothing, Adam makes a step of its rounding.
            distance = (weights - theirs["trained"][name]).norm() / weights.norm().clamp(min=0.1)
            assert distance < 10 * tolerance, f"{name} is off by {distance:.2g}"


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(whole, sft_model, data, reward, tmp_path):
    command = arguments(sft_model, data, tmp_path, "moody:neon", "--minibatch", "32", "--keep", "last")
    process = launch(["prompt_beautifier.training.ppo", *command])
    deadline = time.monotonic() + 240
    while not (tmp_path / "checkpoint.pt").exists():
        assert process.poll() is None and time.monotonic() < deadline, process.stdout.read()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["run"][0] < 4, "it was killed too late"
    # What a kill in the middle of writing leaves behind.
    (tmp_path / "checkpoint.part").write_bytes(b"half")
    with open(tmp_path / "metrics.jsonl", "a") as rows:
        rows.write(json.dumps({"step": 3, "score": 9e9}) + '\n{"step": 4, "sc')
    ppo.main(command)
    same_runs(whole, tmp_path, 1e-6)


@pytest.mark.slow
def test_two_processes_do_the_same_as_one(whole, sft_model, data, tmp_path):
    command = arguments(sft_model, data, tmp_path, "moody:neon", "--minibatch", "32", "--keep", "last")
    config = str(CONFIGS / "accelerate" / "cpu-2.yaml")
    process = launch(
        [
            "accelerate.commands.launch",
            "--config_file",
            config,
            "-m",
            "prompt_beautifier.training.ppo",
            *command,
        ]
    )
    output, _ = process.communicate(timeout=280)
    assert process.returncode == 0 and "2 x cpu" in output, output
    same_runs(whole, tmp_path, 2e-3)


def test_the_best_is_kept(sft_model, data, reward, tmp_path):
    """With a learning rate that ruins the policy at once, the best is the one before the first step."""
    ppo.main(
        arguments(sft_model, data, tmp_path, reward("well_formed"), "--lr", "1", "--steps", "2", "--eval-steps", "1")
    )
    heldout = column(tmp_path, "heldout_score")
    assert heldout[0] == max(heldout) > 0.5 > heldout[-1]
    before, after = load_beautifier(sft_model).network, load_beautifier(tmp_path / "model").network
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(before.parameters(), after.parameters(), strict=True))
    assert "| step of this model | 0 |" in (tmp_path / "model" / "README.md").read_text()


def test_gpt2_and_several_rewards(data, reward, tmp_path, capsys):
    base = tiny.save_checkpoint(tmp_path / "gpt2", "gpt2", family="promptist")
    ppo.main(
        arguments(
            base,
            data,
            tmp_path / "run",
            reward("neon"),
            "--reward",
            reward("neon"),
            reward("nothing"),
            "--reward-weights",
            "2",
            "1",
            "--steps",
            "2",
            "--rollouts",
            "8",
            "--minibatch",
            "4",
            "--unfrozen-layers",
            "1",
        )
    )
    before, after = load_network(base), load_beautifier(tmp_path / "run" / "model").network
    assert len(column(tmp_path / "run", "kl")) == 2
    torch.testing.assert_close(
        after.h[0].mlp.dense_4h_to_h.weight, before.h[0].mlp.dense_4h_to_h.weight, atol=1e-3, rtol=1e-3
    )
    assert "at most" in capsys.readouterr().out


def test_a_checkpoint_of_another_shape_is_refused(whole, sft_model, data):
    policy = ppo.Policy(load_network(sft_model), 1)
    optimizer = torch.optim.AdamW(policy.trained().values())
    run = ppo.Run(ppo.KLController(0.1, 6, 100))
    with pytest.raises(ValueError, match="another --model or --unfrozen-layers"):
        ppo.load_checkpoint(whole, policy, optimizer, run)
    assert isinstance(options(), argparse.Namespace) and math.isnan(run.first) and replace(run).step == 0
