"""Listening to a network that writes: how many tokens there are, and the moment to stop."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


class Stopped(Exception):
    """Ends a generation from within; what was written so far counts."""


class Listener:
    """Hears each token that is fed back to a network, through its table of embeddings.

    on_token  called with the number of tokens so far, before each step
    should_stop  asked as often; once it says True, Stopped is raised inside the network

    A context: inside it the listener hears. `tokens` are those that were written and fed back.
    """

    def __init__(self, network: nn.Module, on_token: Callable[[int], object], should_stop: Callable[[], bool]):
        table = getattr(network, "get_input_embeddings", lambda: None)()
        self.table = table if isinstance(table, nn.Module) else None
        self.on_token, self.should_stop = on_token, should_stop
        self.steps: list[torch.Tensor] = []
        self.has_begun = False
        self.handle = None

    def __enter__(self) -> Listener:
        if self.table is not None:
            self.handle = self.table.register_forward_hook(self.hear)
        return self

    def __exit__(self, *_) -> None:
        if self.handle is not None:
            self.handle.remove()

    def hear(self, _module: nn.Module, inputs: tuple, _output: object) -> None:
        """A hook: the first time it is the prompt that is read, then the tokens that were written."""
        if self.has_begun and inputs and isinstance(inputs[0], torch.Tensor):
            self.steps.append(inputs[0].flatten())
        self.has_begun = True
        self.on_token(sum(map(len, self.steps)))
        if self.should_stop():
            raise Stopped

    @property
    def tokens(self) -> list[int]:
        """The ids of all tokens that were drawn so far."""
        return torch.cat(self.steps).tolist() if self.steps else []
