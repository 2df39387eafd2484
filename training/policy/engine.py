"""Rollouts from a vLLM server: it writes many answers at once, from the weights that the run has come to.

    VLLM_SERVER_DEV_MODE=1 vllm serve runs/ppo/policy --served-model-name policy

OUT/policy is a checkpoint folder that the run writes before each step, adapters merged; the server then reads it again
(POST /collective_rpc, reload_weights) and forgets what it has kept of prompts (POST /reset_prefix_cache). Run and
server see the same disk. Each answer is asked for by its tokens and a seed of its own. The server's arithmetic is not
the run's: an answer counts as drawn by the policy itself, whose probabilities are worked out by the run.
"""

from collections.abc import Sequence
from pathlib import Path

from accelerate import Accelerator

from ...beautifier.families import Family
from ...beautifier.language.sampling import mix64
from ...beautifier.language.steps import Answer
from ...beautifier.language.weights import as_stored
from ..run.bases import base_tokenizer, checkpoint_config
from ..run.export import export_beautifier
from ..run.server import replies
from .network import Policy
from .rollout import answer_in

AT_ONCE = 64  # requests
PATIENCE = 600  # seconds for one answer, or for reading the weights
SEEDS = 2**31


class Engine:
    """A vLLM server that samples for a policy.

    address  of the server, without /v1
    folder   whose weights it serves
    base     the checkpoint that the run started from, with its tokenizer and family
    """

    def __init__(self, address: str, folder: Path, base: Path, family: Family, bf16: bool):
        self.address = address.rstrip("/").removesuffix("/v1")
        self.folder, self.base, self.family = folder, base, family
        self.dtype, self.name = ("bfloat16" if bf16 else "float32"), ""

    def sample(
        self, policy: Policy, prompts: Sequence[Sequence[int]], limit: int, rows: Sequence[int], step: int, seed: int
    ) -> list[Answer]:
        """An answer to each prompt by the weights that `follow` has handed over: temperature 1, no top-k, no top-p.

        prompts  token ids
        limit    most new tokens
        rows     number of each answer among all of the step; with step and seed it decides the answer
        """
        ends = policy.network.config.ends
        drawn = {"model": self.name, "max_tokens": limit, "temperature": 1.0, "top_p": 1.0, "top_k": 0}
        drawn |= {"stop_token_ids": list(ends), "return_token_ids": True}
        seeds = [mix64(mix64(mix64(seed ^ 0x7111) + step) + row) % SEEDS for row in rows]
        bodies = [{**drawn, "prompt": list(prompt), "seed": own} for prompt, own in zip(prompts, seeds, strict=True)]
        return [
            answer_in(self.tokens_in(said), ends) for said in self.ask([("v1/completions", body) for body in bodies])
        ]

    def tokens_in(self, said: dict) -> list[int]:
        """The tokens in what the server said, maybe with the one that ends the answer."""
        try:
            return [int(token) for token in said["choices"][0]["token_ids"]]
        except (LookupError, TypeError, ValueError) as error:
            wanted = "it must be vLLM 0.10 or newer"
            raise RuntimeError(f"{self.address} did not answer with token_ids: {wanted}") from error

    def follow(self, policy: Policy, accelerator: Accelerator) -> None:
        """Have the server sample by the policy's weights from here on."""
        if accelerator.is_main_process:
            self.write(policy)
            self.name = self.name or self.served()
            try:
                self.ask([("collective_rpc", {"method": "reload_weights"})])
                self.ask([("reset_prefix_cache", {})])
            except RuntimeError as error:
                raise RuntimeError(f"{error} Was it started with VLLM_SERVER_DEV_MODE=1?") from error
        accelerator.wait_for_everyone()
        self.name = self.name or self.served()

    def write(self, policy: Policy) -> None:
        """Write OUT/policy, whole or not at all."""
        twin, config = policy.merged_network(), checkpoint_config(self.base)
        tokenizer, _ = base_tokenizer(self.base, self.family)
        export_beautifier(self.folder, as_stored(twin), config, tokenizer, self.family, "", self.dtype, self.base)

    def served(self) -> str:
        """What the server calls the model."""
        try:
            return self.ask([("v1/models", None)])[0]["data"][0]["id"]
        except (RuntimeError, LookupError, TypeError) as error:
            raise RuntimeError(
                f"no vLLM server answers at {self.address}: the weights are written now, so start it with "
                f"`VLLM_SERVER_DEV_MODE=1 vllm serve {self.folder}`, wait until it is up, and give this command again"
            ) from error

    def ask(self, requests: Sequence[tuple[str, dict | None]]) -> list[dict]:
        """What the server says to requests: (path, body), and no body for a GET."""
        return replies(self.address, requests, AT_ONCE, PATIENCE)
