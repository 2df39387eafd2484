"""What is trained by reinforcement learning: the policy with its reference model and its value head."""

import copy

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...beautifier.language.network import DecoderOnly, Sight
from .low_rank import add_adapters, linear_layers, merge_adapters, merged_copy, with_shared_weights


class TokenScores(torch.autograd.Function):
    """Log-probability and entropy of given next tokens, without keeping the logits of a large vocabulary.

    The logits exist for a chunk of positions at a time. The output layer is frozen, so the only gradient is that of
    the hidden states, d log p(token) / d hidden = W[token] - sum_w p(w) W[w] and, with `spread`, that of the entropy,
    d H / d hidden = - sum_w p(w) (log p(w) + H) W[w]; both are worked out in the forward pass while the logits are
    there.
    """

    @staticmethod
    def forward(
        ctx, hidden: Tensor, head: Tensor, tokens: Tensor, chunk: int, spread: bool = False
    ) -> tuple[Tensor, Tensor]:
        log_probs, entropies, gradients, spreads = [], [], [], []
        for part, wanted in zip(hidden.split(chunk), tokens.split(chunk), strict=True):
            logits = (part.to(head.dtype) @ head.t()).float()
            log_p = logits.sub_(logits.logsumexp(-1, keepdim=True))
            p = log_p.exp()
            log_probs.append(log_p.gather(1, wanted[:, None])[:, 0])
            entropies.append(-torch.linalg.vecdot(p, log_p))
            if ctx.needs_input_grad[0]:
                gradients.append((head[wanted].float() - (p.to(head.dtype) @ head).float()).to(hidden.dtype))
                if spread:
                    surprise = log_p.add_(entropies[-1][:, None]).mul_(p)
                    spreads.append(-(surprise.to(head.dtype) @ head).to(hidden.dtype))
        ctx.save_for_backward(*(torch.cat(each) for each in (gradients, spreads) if each))
        entropy = torch.cat(entropies)
        if not spread:
            ctx.mark_non_differentiable(entropy)
        return torch.cat(log_probs), entropy

    @staticmethod
    def backward(ctx, by_log_prob: Tensor, by_entropy: Tensor | None):
        gradient, *spread = ctx.saved_tensors
        total = by_log_prob[:, None].to(gradient.dtype) * gradient
        if spread:
            total += by_entropy[:, None].to(gradient.dtype) * spread[0]
        return total, None, None, None, None


class Policy(nn.Module):
    """The trained network, the reference model, and the value head.

    The token embeddings and the layers below the top `unfrozen` ones are frozen and shared: the hidden states that
    go into the trained layers are worked out once, and policy and reference model part there.
    """

    # Logits of one chunk: 16 MB of float32 on a CPU, where the cache counts, and 256 MB elsewhere.
    LOGITS = {"cpu": 2**22}

    def __init__(
        self,
        network: DecoderOnly,
        unfrozen: int,
        bits16: bool = False,
        spread: bool = False,
        own_values: bool = False,
        adapters: tuple[int, float] | None = None,
        checkpointed: bool = False,
    ):
        """spread        whether entropies have a gradient, which an --entropy-coefficient needs
        own_values    whether values come from a whole network of their own, all of it trained, and not from the
                      policy's last hidden states
        adapters      rank and alpha of LoRA on the top layers, of which nothing else is trained then; the reference
                      model has their weights, and needs no memory of its own
        checkpointed  whether hidden states within a trained layer are worked out again for its gradient
        """
        super().__init__()
        self.spread, self.checkpointed, self.has_adapters = spread, checkpointed, adapters is not None
        self.critic = copy.deepcopy(network).requires_grad_(True) if own_values else None
        unfrozen = min(unfrozen, network.config.num_layers)
        self.first = network.config.num_layers - unfrozen  # the first trained layer
        self.bits16 = bits16
        self.network = network.requires_grad_(False)
        trained = nn.ModuleList([network.h[self.first :], network.ln_f])
        if adapters:
            self.reference = with_shared_weights(trained)
            add_adapters(network.h[self.first :], *adapters)
        else:
            self.reference = copy.deepcopy(trained)
            trained.requires_grad_(True)
        size = network.config.hidden_size
        self.value = nn.Sequential(nn.Linear(size, 2 * size), nn.ReLU(), nn.Linear(2 * size, 1))
        for parameter in self.value[-1].parameters():  # every answer is worth 0 at first
            nn.init.zeros_(parameter)

    def autocast(self):
        return torch.autocast(self.network.device.type, torch.bfloat16, enabled=self.bits16)

    @property
    def head(self) -> Tensor:
        """The frozen output layer [vocab, hidden], in the dtype that products are made in."""
        weight = self.network.output_weight
        if not self.bits16:
            return weight
        if getattr(self, "_head", None) is None or self._head.device != weight.device:
            self._head = weight.detach().bfloat16()
        return self._head

    @torch.no_grad()
    def lower(self, tokens: Tensor) -> Tensor:
        """Hidden states [rows, length, hidden] that go into the trained layers, of tokens [rows, length] that are
        padded on the right."""
        network = self.network
        with self.autocast():
            x = network.embed(tokens, torch.arange(tokens.shape[1], device=tokens.device))
            sight = self._sight(x)
            for block in network.h[: self.first]:
                x = block(x, sight)
        return x

    def _sight(self, x: Tensor) -> Sight:
        """What every layer needs to know of hidden states [rows, length, hidden] from the beginning on."""
        places = torch.arange(x.shape[1], device=x.device)
        return self.network.sight(places, len(places), x.dtype)

    def _upper(self, blocks: nn.ModuleList, norm: nn.Module, x: Tensor) -> Tensor:
        with self.autocast():
            sight = self._sight(x)
            for block in blocks:
                again = self.checkpointed and torch.is_grad_enabled()
                x = checkpoint(block, x, sight, use_reentrant=False) if again else block(x, sight)
            return norm(x)

    def scores(self, hidden: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probability and entropy, float32 [n], of the next tokens int64 [n] after hidden states [n, hidden]."""
        logits = self.LOGITS.get(hidden.device.type, 2**26)
        chunk = max(1, logits // self.head.shape[0])
        return TokenScores.apply(hidden, self.head, tokens, chunk, self.spread)

    def forward(self, x: Tensor, tokens: Tensor, answer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-probabilities, entropies and values, float32 [n], of the answer tokens.

        x       [rows, length, hidden], from lower()
        tokens  int64 [rows, length]
        answer  bool [rows, length - 1]: which next tokens belong to the answer; n of them
        """
        hidden = self._upper(self.network.h[self.first :], self.network.ln_f, x)[:, :-1][answer]
        log_probs, entropies = self.scores(hidden, tokens[:, 1:][answer])
        if self.critic is not None:
            with self.autocast():
                hidden = self.critic(tokens[:, :-1])[answer]
        return log_probs, entropies, self.value(hidden.float())[:, 0]

    @torch.no_grad()
    def reference_scores(self, x: Tensor, tokens: Tensor, answer: Tensor) -> Tensor:
        """The reference model's log-probabilities of the answer tokens; arguments as those of forward."""
        hidden = self._upper(*self.reference, x)[:, :-1][answer]
        return self.scores(hidden, tokens[:, 1:][answer])[0]

    def sampling_network(self) -> DecoderOnly:
        """The network to sample with: itself, or with its matrices in bfloat16 and its adapters merged, as autocast and
        adapters would make them again for each token."""
        twin = self.merged_network()
        if not self.bits16:
            return twin
        if twin is self.network:
            twin = copy.copy(self.network)
            twin._modules = dict(self.network._modules)
        twin.h = copy.deepcopy(twin.h).requires_grad_(False)
        for layer in linear_layers(twin.h):
            layer.to(torch.bfloat16)
        return twin

    def merged_network(self) -> DecoderOnly:
        """The network; where it has adapters one that shares its weights, with what they have learnt added."""
        if not self.has_adapters:
            return self.network
        twin = copy.copy(self.network)
        twin._modules = dict(self.network._modules)
        top = merged_copy(self.reference[0], self.network.h[self.first :])
        twin.h = type(top)([*self.network.h[: self.first], *top])
        return twin

    def merge(self) -> None:
        """Add what adapters have learnt to the network's own weights, for export: nothing is trained afterwards."""
        merge_adapters(self.network.h)

    def trained(self) -> dict[str, Tensor]:
        """The trained parameters by name: top layers, final norm, value head."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}

    def load_trained(self, values: dict[str, Tensor]) -> None:
        own = self.trained()
        if own.keys() != values.keys():
            raise ValueError("the checkpoint was made with another --model, --unfrozen-layers or --lora")
        with torch.no_grad():
            for name, parameter in own.items():
                parameter.copy_(values[name])
