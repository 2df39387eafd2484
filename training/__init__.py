"""Training a beautifier: every file of this folder is a stage, a command that says at its top what it does.

collect → label → sft → reward → ppo or rl → evaluate → prefer; tokenizer and pretrain make a network from nothing, and
proxy_labels scores without pictures. What stages share lies in folders: run/ (options, checkpoints, parts on disk,
export), data/ (from raw prompts to pairs), rewards/ (rollouts and reward functions), figures/ (what is measured and how
it is shown). Stages import from the folders, never the other way round. configs/ has settings for each.
"""
