"""Training a beautifier: every file of this folder is a stage, a command that says at its top what it does.

collect or importer → label → sft → reward → ppo, rl or dpo → evaluate → prefer; tokenizer and pretrain make a
small network from nothing; tiny makes all that a run needs, tiny; guards counts what the path mends. What stages share
lies in folders:

    run/         options, the checkpoint to start from, the trainer, parts on disk, export
    data/        from raw prompts to pairs
    policy/      what PPO, RLOO and GRPO share: rollouts, rewards, formulas
    regression/  what a reward model learns from, and how well it does
    pictures/    pictures of prompts, and their scores
    evaluation/  methods, figures of texts, intervals, tables, the page
    voting/      votes between two pictures, and the page where they are given

Stages import from the folders, never the other way round. configs/ has settings for each.
"""

import sys

from .run.missing import end_in_one_line

if sys.argv[:1] == ["-m"]:  # which stands there while Python looks for the module of `python -m`
    sys.excepthook = end_in_one_line
