"""Which of the phrases that fit are added: some of each role, drawn by a seed, different from candidate to candidate.

`score` is where a network comes in: without one the order is drawn. Candidate k of a seed is the same however many
candidates are asked for: it depends on those before it alone.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, pstdev

from ..wishes.wish import Wish
from .fitting import Option, fits

NOISE = 0.6  # chance beside the scores of a slot's phrases, in their standard deviations
BOLD = 2.0  # the same where the user wants to be surprised
REPEAT = 3.0  # what a phrase loses each time an earlier candidate had it, in the same unit
WORST = 2.5  # how far below the best of its slot a phrase may be, in the same unit

MOST_DETAILS = {"head": 8, "setting": 6, "other": 4, "action": 3, "medium": 4, "quality": 3}
PARTS = ("head", "setting", "action", "quality", "other", "medium", "any")  # in the order in which they tell most

# How often readers took one of a role where some were offered that fit (training/data/readings/picks-offered.jsonl).
TAKEN = {"light": 0.62, "view": 0.45, "color": 0.62, "doing": 0.38, "place": 0.5}
AMPLE = 0.95  # the same of light and view where there is room

Score = Callable[[Wish, Option, list[Option]], float]


def choose(
    wish: Wish,
    options: Sequence[Option],
    seed: int,
    k: int,
    score: Score | None = None,
    ample: bool = False,
    used: Mapping[str, int] | None = None,
    more: int = 0,
    bold: bool = False,
) -> list[Option]:
    """Candidate k's phrases, in the order they were chosen.

    What is seen of the things comes first, then what belongs to the whole picture and must agree with it. `score(wish,
    option, chosen)` says how well a phrase goes on with those chosen, higher is better. So that candidates differ,
    chance counts too, and a phrase is taken less gladly that earlier candidates had; used: how many of them.
    ample: some more, as prose has room for. more: how many phrases more than usual are wanted, or fewer, below 0. bold:
    chance counts for more.
    """
    groups = _groups(options, seed, k)
    dice = random.Random(f"{seed}/{k}/plan")
    chosen: list[Option] = []
    for part, role in plan(wish, options, dice, ample, more):
        noise = BOLD if bold else NOISE
        option = _next(wish, groups.get((part, role), []), chosen, dice, score, used or {}, noise)
        if option is not None:
            chosen.append(option)
    return chosen


# What belongs to the whole picture, in the order in which readers liked it best, and which part says it.
WHOLE = {
    "light": ("setting", "action", "medium", "head", "any"),
    "color": ("quality", "setting", "head", "medium", "any"),
    "view": ("head", "medium", "any"),
    "place": ("action", "head", "medium", "any"),
    "doing": ("head", "action"),
}
FEWEST = 4  # slots of a plain wish: where little is known of its things, light, view, place and colors make a picture


def plan(
    wish: Wish, options: Sequence[Option], dice: random.Random, ample: bool = False, more: int = 0
) -> list[tuple[str, str]]:
    """The slots of a candidate in the order they are filled: (part, role) pairs, a slot with no option stays empty."""
    has = {(option.part, option.role) for option in options}
    ample = ample or {part for part, _ in has} == {"any"}
    least = 0 if wish.detailed == 0 else 1
    slots = _detail_slots(has, least, ample)
    few = len(slots) < FEWEST - 1
    for role, parts in WHOLE.items():
        part = next((part for part in parts if (part, role) in has), None)
        often = AMPLE if ample and role in ("light", "view") else max(TAKEN[role], 0.9 * few)
        if part and (dice.random() < often or part == "any") and not (least and role in ("place", "doing", "color")):
            slots.append((part, role))
    limit = max(1, {0: 8 if ample else 5, 1: 5 if ample else 4, 2: 2}[wish.detailed] + more)
    slots += _further_slots(has, slots, more if least else max(more, FEWEST - len(slots)))
    return slots if len(slots) <= limit else _most_telling(slots, limit)


def _detail_slots(has: set[tuple[str, str]], least: int, ample: bool) -> list[tuple[str, str]]:
    """Slots of details: two of a part, fewer where several parts have some, more of a head that stands alone."""
    parts = [part for part in PARTS if (part, "detail") in has]
    alone, few = len(parts) == 1, len(parts) <= 2
    count = {
        "head": 3 if alone else 2,
        "setting": 1 + few,
        "action": 1,
        "quality": 1 + few,
        "other": 1 + few,
        "medium": 1 + few,
        "any": 2,
    }
    if ample:
        count["head"] = 3 + alone - ("other" in parts)
    if "head" not in parts:
        count["setting"], count["quality"], count["medium"] = 2, 1 + (len(parts) < 3), 2
    slots = [(part, "detail") for part in parts for _ in range(max(1, count[part] - least))]
    return slots


def _further_slots(has: set[tuple[str, str]], slots: list[tuple[str, str]], more: int) -> list[tuple[str, str]]:
    """Slots for a longer candidate: roles that have none yet, then details of each part in turn."""
    taken = {role for _, role in slots}
    whole = [
        next((part, role) for part in PARTS if (part, role) in has)
        for role in ("light", "view", "place", "color", "doing")
        if role not in taken and any((part, role) in has for part in PARTS)
    ]
    details = []
    for turn in range(1, max(MOST_DETAILS.values()) + 1):
        for part, most in MOST_DETAILS.items():
            if (part, "detail") in has and slots.count((part, "detail")) < turn <= most:
                details.append((part, "detail"))
    return (whole + details)[: max(0, more)]


def _most_telling(slots: list[tuple[str, str]], limit: int) -> list[tuple[str, str]]:
    """The slots to keep: one of each kind first, from the front, then the rest."""
    first = list(dict.fromkeys(slots))[:limit]
    kept = list(first)
    for slot in slots:
        if len(kept) < limit and slots.count(slot) > kept.count(slot):
            kept.append(slot)
    return sorted(kept, key=slots.index)


def _groups(options: Sequence[Option], seed: int, k: int) -> dict[tuple[str, str], list[Option]]:
    """Options by part and role, each group in the seed's order, turned on from candidate to candidate."""
    groups: dict[tuple[str, str], list[Option]] = {}
    for option in options:
        groups.setdefault((option.part, option.role), []).append(option)
    for (part, role), group in groups.items():
        random.Random(f"{seed}/{part}/{role}").shuffle(group)
        turn = k * (2 if role == "detail" and part in ("head", "medium") else 1) % len(group)
        groups[part, role] = group[turn:] + group[:turn]
    return groups


def _next(
    wish: Wish,
    group: list[Option],
    chosen: list[Option],
    dice: random.Random,
    score: Score | None,
    used: Mapping[str, int],
    noise: float,
) -> Option | None:
    """The next phrase of a group that fits: the least used, or the best by the score, chance and use."""
    free = [option for option in group if option not in chosen and fits(option, chosen)]
    if not free:
        return None
    if score is None:
        return min(free, key=lambda option: used.get(option.phrase, 0))
    scores = [score(wish, option, chosen) for option in free]
    spread, mean, best = pstdev(scores) or 1.0, fmean(scores), max(scores)
    worth = {
        option: (value - mean) / spread + noise * dice.gauss(0, 1) - REPEAT * used.get(option.phrase, 0)
        for option, value in zip(free, scores, strict=True)
        if value >= best - WORST * spread
    }
    return max(worth, key=worth.__getitem__)
