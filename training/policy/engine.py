"""Rollouts from a vLLM server: it writes many answers at once, from the weights that the run has come to.

    VLLM_SERVER_DEV_MODE=1 vllm serve runs/ppo/policy --served-model-name policy

OUT/policy is a checkpoint folder that the run writes before each step, adapters merged; the server then reads it again
(POST /collective_rpc, reload_weights) and forgets what it has kept of prompts (POST /reset_prefix_cache). Run and
server see the same disk. Each answer is asked for by its tokens and a seed of its own. The server's arithmetic is not
the run's: an answer counts as drawn by the policy itself, whose probabilities are worked out by the run.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from accelerate import Accelerator

from ...beautifier.families import Family
from ...beautifier.language.sampling import mix64
from ...beautifier.language.steps import Answer
from ...beautifier.language.weights import as_stored
from ..run.bases import base_tokenizer, checkpoint_config
from ..run.export import export_beautifier
from .network import Policy

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
        self.address, self.folder, self.base, self.family = (
            address.rstrip("/").removesuffix("/v1"),
            folder,
            base,
            family,
        )
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
        seeds = [mix64(mix64(mix64(seed ^ 0x7111) + step) + row) % SEEDS for row in rows]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(
                pool.map(lambda one: self.answer(one[0], limit, one[1], ends), zip(prompts, seeds, strict=True))
            )

    def answer(self, prompt: Sequence[int], limit: int, seed: int, ends: Sequence[int]) -> Answer:
        body = {"model": self.name, "prompt": list(prompt), "max_tokens": limit, "seed": seed, "temperature": 1.0}
        body |= {"top_p": 1.0, "top_k": 0, "stop_token_ids": list(ends), "return_token_ids": True}
        try:
            (choice,) = self.post("v1/completions", body)["choices"]
            tokens = [int(token) for token in choice["token_ids"]]
        except (KeyError, TypeError, ValueError) as error:
            raise RuntimeError(
                f"{self.address} did not answer with token_ids: it must be vLLM 0.10 or newer"
            ) from error
        end = next((place for place, token in enumerate(tokens) if token in ends), None)
        return Answer(tuple(tokens[:end]), end is not None)

    def follow(self, policy: Policy, accelerator: Accelerator) -> None:
        """Have the server sample by the policy's weights from here on."""
        if accelerator.is_main_process:
            self.write(policy)
            self.name = self.name or self.served()
            self.post("collective_rpc", {"method": "reload_weights"})
            self.post("reset_prefix_cache", {})
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
            with urllib.request.urlopen(f"{self.address}/v1/models", timeout=10) as response:
                return json.load(response)["data"][0]["id"]
        except (OSError, ValueError, LookupError) as error:
            raise RuntimeError(
                f"no vLLM server answers at {self.address}: the weights are written now, so start it with "
                f"`VLLM_SERVER_DEV_MODE=1 vllm serve {self.folder}`, wait until it is up, and give this command again"
            ) from error

    def post(self, path: str, body: dict) -> dict:
        """What the server says to a request; {} where it says nothing. Raises RuntimeError that says what to do."""
        request = urllib.request.Request(
            f"{self.address}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                said = response.read()
            return json.loads(said) if said.strip() else {}
        except urllib.error.HTTPError as error:
            hint = ": start it with VLLM_SERVER_DEV_MODE=1" if error.code == 404 and "v1" not in path else ""
            said = error.read(300).decode("utf-8", "replace")
            raise RuntimeError(f"{self.address}/{path} says {error.code} {said}{hint}") from error
        except OSError as error:
            raise RuntimeError(f"{self.address}/{path} does not answer ({error}): is the server still up?") from error
