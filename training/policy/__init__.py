"""What PPO, RLOO and GRPO share: the policy, what is asked, rollouts, formulas, and the reward functions by name."""
