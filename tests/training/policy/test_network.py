"""The policy beside the whole network, and what PPO learns from beside each answer alone."""

import pytest
import torch

pytest.importorskip("accelerate")

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.language.steps import Answer
from prompt_beautifier.beautifier.language.weights import as_stored, load_network
from prompt_beautifier.training.policy.asked import question
from prompt_beautifier.training.policy.experience import Experience, look_at, minibatches
from prompt_beautifier.training.policy.network import Policy, TokenScores

from ...stand_ins import tiny


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_log_probabilities_in_chunks_and_their_gradient_are_those_of_whole_logits(chunk):
    torch.manual_seed(0)
    hidden, head = torch.randn(20, 16, requires_grad=True), torch.randn(300, 16)
    tokens, weights = torch.randint(0, 300, (20,)), torch.randn(20)
    whole = (hidden @ head.t()).log_softmax(-1)
    expected = whole.gather(1, tokens[:, None])[:, 0]
    log_probs, entropy = TokenScores.apply(hidden, head, tokens, chunk)
    torch.testing.assert_close(log_probs, expected)
    torch.testing.assert_close(entropy, torch.distributions.Categorical(logits=whole).entropy())
    (gradient,) = torch.autograd.grad((log_probs * weights).sum(), hidden)
    (wanted,) = torch.autograd.grad((expected * weights).sum(), hidden)
    torch.testing.assert_close(gradient, wanted, atol=1e-5, rtol=1e-4)

    log_probs, entropy = TokenScores.apply(hidden, head, tokens, chunk, True)
    (gradient,) = torch.autograd.grad((log_probs * weights).sum() + (entropy * weights.flip(0)).sum(), hidden)
    spread = torch.distributions.Categorical(logits=(hidden @ head.t()).log_softmax(-1)).entropy()
    (more,) = torch.autograd.grad((spread * weights.flip(0)).sum(), hidden)
    torch.testing.assert_close(gradient, wanted + more, atol=1e-5, rtol=1e-4)


@pytest.fixture(scope="module", params=["bloom", "gpt2", "llama"])
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
    policy = Policy(load_network(checkpoint), unfrozen)
    x = policy.lower(tokens)
    log_probs, _, values = policy(x, tokens, answer)
    torch.testing.assert_close(log_probs, expected, atol=1e-4, rtol=1e-4)
    assert torch.equal(policy.reference_scores(x, tokens, answer), log_probs)  # to the last bit: KL is 0
    assert not values.any()
    (log_probs.sum() + (values - 1).square().sum()).backward()
    trained = {name for name, p in policy.named_parameters() if p.grad is not None}
    layers = {name.split(".")[2] for name in trained if name.startswith("network.h.")}
    assert layers == {str(layer) for layer in range(max(0, 3 - unfrozen), 3)}
    others = {name for name in trained if not name.startswith(("network.h.", "value."))}
    assert others == {f"network.ln_f.{name}" for name, _ in policy.network.ln_f.named_parameters()}
    assert trained == policy.trained().keys()


def test_values_may_come_from_a_whole_network_of_their_own(checkpoint):
    tokens, answer = batch()
    shared, own = (Policy(load_network(checkpoint), 1, own_values=each) for each in (False, True))
    policy_loss = own(own.lower(tokens), tokens, answer)[0].sum()
    assert torch.equal(policy_loss, shared(shared.lower(tokens), tokens, answer)[0].sum())
    policy_loss.backward()
    assert all(p.grad is None for p in own.critic.parameters())
    own.zero_grad()
    torch.nn.init.ones_(own.value[-1].weight)  # at first every value is 0, whatever the network says
    own(own.lower(tokens), tokens, answer)[2].sum().backward()
    unread = {name for name, p in own.critic.named_parameters() if p.grad is None}
    assert unread <= {"head.weight"}, "a value reads states: an output layer of its own has no part in it"
    assert all(p.grad is None for p in own.network.parameters())
    assert {f"critic.{name}" for name, _ in own.critic.named_parameters()} <= own.trained().keys()


@pytest.mark.slow
def test_the_gradient_is_that_of_the_whole_network(checkpoint):
    tokens, answer = batch()
    network = load_network(checkpoint).requires_grad_(True)
    direct_log_probs(network, tokens, answer).sum().backward()
    policy = Policy(load_network(checkpoint), 2)
    policy(policy.lower(tokens), tokens, answer)[0].sum().backward()
    wanted = dict(network.named_parameters())
    for name, parameter in policy.network.named_parameters():
        if parameter.requires_grad:
            torch.testing.assert_close(parameter.grad, wanted[name].grad, atol=2e-3, rtol=1e-3, msg=name)


def learn(policy, tokens, answer, steps=3):
    """Some steps towards these answers."""
    optimizer = torch.optim.AdamW(policy.trained().values(), lr=1e-2)
    for _ in range(steps):
        log_probs, _, _ = policy(policy.lower(tokens), tokens, answer)
        optimizer.zero_grad()
        (-log_probs.sum()).backward()
        optimizer.step()
    return policy(policy.lower(tokens), tokens, answer)[0].detach()


def test_adapters_alone_are_trained_and_the_reference_model_stays(checkpoint):
    tokens, answer = batch()
    policy = Policy(load_network(checkpoint), 2, adapters=(4, 8.0))
    before = direct_log_probs(load_network(checkpoint), tokens, answer)
    x = policy.lower(tokens)
    assert torch.equal(policy(x, tokens, answer)[0], policy.reference_scores(x, tokens, answer))
    trained = {name for name in policy.trained() if not name.startswith("value.")}
    assert all(name.endswith((".up", ".down")) for name in trained)
    assert {name.split(".")[2] for name in trained} == {"1", "2"}
    after = learn(policy, tokens, answer)
    assert after.sum() > before.sum() + 1
    torch.testing.assert_close(policy.reference_scores(x, tokens, answer), before, atol=1e-4, rtol=1e-4)
    sampled = direct_log_probs(policy.sampling_network(), tokens, answer)
    torch.testing.assert_close(sampled, after, atol=1e-4, rtol=1e-4)
    assert torch.equal(policy(policy.lower(tokens), tokens, answer)[0], after)  # sampling left it as it was
    again = Policy(load_network(checkpoint), 2, adapters=(4, 8.0))
    again.load_trained(policy.trained())
    again.merge()
    torch.testing.assert_close(direct_log_probs(again.network, tokens, answer), after, atol=1e-4, rtol=1e-4)
    assert as_stored(again.network).keys() == as_stored(load_network(checkpoint)).keys()


@pytest.mark.slow
def test_working_hidden_states_out_again_changes_no_gradient(checkpoint):
    tokens, answer = batch()
    gradients = []
    for again in (False, True):
        policy = Policy(load_network(checkpoint), 2, checkpointed=again)
        policy(policy.lower(tokens), tokens, answer)[0].sum().backward()
        gradients.append([p.grad for p in policy.network.parameters() if p.grad is not None])
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


def test_bfloat16_is_near_and_sampling_has_the_weights_of_training(checkpoint):
    tokens, answer = batch()
    policy = Policy(load_network(checkpoint), 2, bits16=True)
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
    for name, tensor in as_stored(network).items():
        assert torch.equal(tensor, stored[name]), name


def test_the_answers_of_a_batch_are_looked_at_as_each_alone(checkpoint):
    beautifier = load_beautifier(checkpoint, family="text2prompt-v1")
    policy = Policy(load_network(checkpoint), 2)
    asked = [question(beautifier, raw, 20) for raw in ("a cat", "an old castle on a hill", "owl")]
    answers = [Answer((9, 8, 7), True), Answer((50,), False), Answer((), True)]
    seen, reference = look_at(policy, asked, answers, minibatch=2)
    assert seen.mask.sum(1).tolist() == [4, 1, 1]  # the end token counts, where it was written
    for row, (one, answer) in enumerate(zip(asked, answers, strict=True)):
        written = [*answer.tokens, *([tiny.EOS] if answer.finished else [])]
        tokens = torch.tensor([[*one.tokens, *written]])
        is_answer = torch.arange(1, tokens.shape[1])[None] >= len(one.tokens)
        expected = direct_log_probs(beautifier.network, tokens, is_answer)
        torch.testing.assert_close(seen.log_probs[row][seen.mask[row]], expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(reference[row][seen.mask[row]], expected, atol=1e-4, rtol=1e-4)
        assert not seen.log_probs[row][~seen.mask[row]].any()
    for rows in minibatches(seen, 2, torch.Generator().manual_seed(0)):
        length = seen.length(rows)
        assert seen.lower[rows, :length].isfinite().all()
        assert seen.answer(rows, length).sum() == seen.mask[rows].sum()


def test_every_answer_is_in_one_minibatch():
    mask = torch.ones(10, 5, dtype=torch.bool)
    empty = torch.zeros(10, 5)
    seen = Experience(empty, torch.zeros(10, 8), torch.arange(10), mask, empty, empty, empty, empty)
    batches = minibatches(seen, 4, torch.Generator().manual_seed(0))
    assert sorted(torch.cat(batches).tolist()) == list(range(10))
    assert sorted(map(len, batches)) == [2, 4, 4]
