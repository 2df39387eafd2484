"""The taste that the picks of one file show: learnt anew in the background after each pick, and used to rank."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import picks
from .choices import Choice
from .learning import LEAST_PICKS, MOST_PICKS, Taste, learn

if TYPE_CHECKING:
    from ..rewards.model import RewardModel
    from .meanings import Meanings


@dataclass(frozen=True)
class Ranked:
    """Prompts in the order of a taste.

    order  the index of each among those that came in, the best first
    picks  how many picks the taste was learnt from
    """

    order: tuple[int, ...]
    picks: int


@dataclass(eq=False)
class Keeper:
    """The picks of one file and the taste that they show. Its methods may be called from any thread."""

    path: Path
    _taste: Taste | None = field(default=None, init=False, repr=False)
    _current: bool = field(default=False, init=False, repr=False)  # whether the taste is of all picks
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def add(self, pick: picks.Pick) -> threading.Thread:
        """Keep a pick, and learn from it in a thread that is started here and comes back."""
        picks.add(self.path, pick)
        return self.learn_soon()

    def take_back_star(self, raw_prompt: str, target: str, chosen: str) -> threading.Thread:
        """Forget the pick of a star, and learn without it."""
        picks.take_back_star(self.path, raw_prompt, target, chosen)
        return self.learn_soon()

    def empty(self) -> None:
        """Forget all picks and what was learnt from them."""
        with self._lock:
            picks.empty(self.path)
            self._taste, self._current = None, True

    def learn_soon(self) -> threading.Thread:
        """Learn in the background: the thread that does."""
        self._current = False
        thread = threading.Thread(target=self._learn_quietly, name="prompt-beautifier-taste", daemon=True)
        thread.start()
        return thread

    def taste(self) -> Taste | None:
        """What has been learnt; None before LEAST_PICKS. Learns first where there are picks that were not read."""
        with self._lock:
            if not self._current:
                self._current = True  # a pick that comes while this one learns is learnt from next time
                self._taste = self._learnt()
            return self._taste

    def ranked(self, raw_prompt: str, prompts: Sequence[str]) -> Ranked | None:
        """The prompts in the order of the taste; None where there is none yet, or nothing to choose from."""
        if len(set(prompts)) < 2 or not self.path.is_file():
            return None
        taste = self.taste()
        if taste is None:
            return None
        values = taste.values(prompts, worth_of(raw_prompt, prompts))
        order = sorted(range(len(values)), key=lambda index: -values[index])
        return Ranked(tuple(order), taste.picks)

    def _learn_quietly(self) -> None:
        try:
            self.taste()
        except Exception:
            logging.exception("Prompt Beautifier: the taste was not learnt from %s", self.path.name)

    def _learnt(self) -> Taste | None:
        total = picks.count(self.path)
        if total < LEAST_PICKS:
            return None
        found = with_worth(picks.latest(self.path, MOST_PICKS), self.path)
        choices = [Choice((each.chosen, *each.others), 0, each.worth or ()) for each in found]
        return replace(learn(choices, known_words()), picks=total)


def with_worth(found: list[picks.Pick], path: Path, worth: Callable | None = None) -> list[picks.Pick]:
    """Picks with what the reward model says of their prompts; what it was not asked yet is kept in the file."""
    worth = worth or worth_of
    asked = {each.number: worth(each.raw_prompt, (each.chosen, *each.others)) for each in found if each.worth is None}
    if asked:
        picks.keep_worth(path, list(asked.items()))
    return [each if each.worth else replace(each, worth=tuple(asked[each.number])) for each in found]


def worth_of(raw_prompt: str, prompts: Sequence[str]) -> list[float]:
    """What the embedded reward model says of each prompt, as it ranks them."""
    from ..dressing.taken import wish_in

    raw = wish_in(raw_prompt)
    return reward().score([raw] * len(prompts), [wish_in(prompt) for prompt in prompts]).tolist()


def reward() -> RewardModel:
    """The embedded reward model, whose network is read once."""
    from ..rewards.model import load_reward_model

    return load_reward_model("embedded")


_meanings: list[Meanings] = []


def known_words() -> Meanings:
    """The words of the embedded model's network, read once."""
    if not _meanings:
        from ..composing.writer import embedded_fit
        from .meanings import Meanings

        _meanings.append(Meanings(embedded_fit()))
    return _meanings[0]
