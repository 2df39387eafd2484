"""PPO's formulas against numbers worked out by hand."""

import numpy as np
import pytest
import torch

from prompt_beautifier.training.policy import formulas


def test_advantages_by_hand():
    # gamma 0.5, lambda 0.8; deltas of the first row: -0.1 + 0.5*4 - 2 = -0.1, 0 + 0.5*1 - 4 = -3.5, 3 - 1 = 2
    rewards = torch.tensor([[-0.1, 0.0, 3.0], [1.0, 0.0, 0.0]])
    values = torch.tensor([[2.0, 4.0, 1.0], [0.25, 0.0, 0.0]])
    mask = torch.tensor([[True, True, True], [True, False, False]])
    advantages, returns = formulas.advantages_and_returns(rewards, values, mask, gamma=0.5, lam=0.8)
    expected = [[-0.1 + 0.4 * (-3.5 + 0.4 * 2), -3.5 + 0.4 * 2, 2.0], [0.75, 0, 0]]
    torch.testing.assert_close(advantages, torch.tensor(expected))
    torch.testing.assert_close(returns, torch.tensor([[0.82, 1.3, 3.0], [1.0, 0, 0]]))


def test_with_lambda_1_a_return_is_the_sum_of_what_is_still_earned():
    rewards = torch.randn(5, 9)
    mask = torch.arange(9) < torch.tensor([[9], [4], [1], [7], [2]])
    values = torch.randn(5, 9) * mask
    _, returns = formulas.advantages_and_returns(rewards * mask, values, mask, gamma=1, lam=1)
    to_come = (rewards * mask).flip(1).cumsum(1).flip(1) * mask
    torch.testing.assert_close(returns, to_come)


def test_rewards_of_tokens_by_hand():
    log_probs, reference = (torch.tensor([[-1.0, -2.0], [-0.5, 0.0]]), torch.tensor([[-3.0, -1.5], [-0.5, 0.0]]))
    mask = torch.tensor([[True, True], [True, False]])
    rewards = formulas.token_rewards(log_probs, reference, mask, torch.tensor([5.0, -7.0]), beta=0.1)
    torch.testing.assert_close(rewards, torch.tensor([[-0.2, 5.05], [-7.0, 0.0]]))


def test_clipped_losses_by_hand():
    old = torch.zeros(5)
    log_probs = torch.tensor([1.5, 1.5, 0.5, 0.5, 1.1]).log()
    advantages = torch.tensor([1.0, -1.0, 1.0, -1.0, 2.0])
    losses, clipped = formulas.policy_losses(log_probs, old, advantages, clip=0.2)
    torch.testing.assert_close(losses, torch.tensor([-1.2, 1.5, -0.5, 0.8, -2.2]))
    assert clipped.tolist() == [True, False, False, True, False]
    # the old value is 1: 1.1 may move freely, 2 is taken for 1.2, -1 for 0.8
    values, returns = torch.tensor([1.1, 2.0, -1.0, 2.0]), torch.tensor([3.0, 3.0, -3.0, 1.0])
    errors = formulas.value_losses(values, torch.ones(4), returns, clip=0.2)
    torch.testing.assert_close(errors, torch.tensor([1.9**2 / 2, 1.8**2 / 2, 3.8**2 / 2, 0.5]))


@pytest.mark.parametrize(
    ("kl", "factor"),
    [(6.0, 0.0), (6.6, 0.1), (5.4, -0.1), (7.2, 0.2), (600.0, 0.2), (0.0, -0.2), (-3.0, -0.2), (4.8, -0.2)],
)
def test_the_controller_by_hand(kl, factor):
    controller = formulas.KLController(beta=0.05, target=6, horizon=10_000)
    controller.update(kl, answers=64)
    assert controller.beta == pytest.approx(0.05 * (1 + factor * 64 / 10_000), rel=1e-12)


def test_a_target_of_0_leaves_beta_as_it_is():
    controller = formulas.KLController(beta=0.2, target=0, horizon=10_000)
    controller.update(50.0, answers=64)
    assert controller.beta == 0.2


def test_running_moments_are_those_of_all_numbers():
    numbers = np.random.default_rng(0).normal(3, 2, 100)
    moments = formulas.RunningMoments()
    for part in np.split(numbers, [1, 30, 37]):
        moments.update(torch.from_numpy(part).float())
    assert moments.mean == pytest.approx(numbers.mean(), rel=1e-5)
    assert moments.std == pytest.approx(numbers.std(ddof=1), rel=1e-5)
    constant = formulas.RunningMoments()
    constant.update(torch.full((50,), 0.7))
    assert constant.std == 1


def test_scores_are_clipped_and_then_divided_by_the_spread_of_the_clipped_ones():
    moments = formulas.RunningMoments()
    scores = torch.tensor([100.0, 2.0, -2.0, 0.0])
    found = formulas.scaled_scores(scores, scores, moments, clip=10, scale=True)
    spread = np.std([10, 2, -2, 0], ddof=1)
    torch.testing.assert_close(found, torch.tensor([10.0, 2.0, -2.0, 0.0]) / spread)
    assert moments.mean == pytest.approx(2.5)
    assert formulas.scaled_scores(scores, scores, moments, clip=0, scale=False).tolist() == scores.tolist()
