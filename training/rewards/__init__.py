"""What PPO, RLOO and GRPO share: rollouts, and the reward functions by name."""
