"""What learning a taste is worth: simulated users pick, and how often the first candidate is then what they like.

python benchmarks/taste.py [--prompts 300] [--users 6] [--picks 30] [--others]

A user's like is hidden: a number for a prompt that the pack never sees, of the user's own words. Users take the
likeliest by it with a chance that a word more or less weighs e ** 2; so they err. Each picks among 5 candidates of
the embedded model for some raw prompts, and the first candidate of all others is judged: does it have as much of the
like as any of the five? Raw prompts in whose candidates the like finds no difference are left out. Two users have no
like of their own: one takes what the shipped reward model puts first, the other anything.

The numbers of taste/learning.py were chosen with `--others`: other likes, on other raw prompts.
"""

import argparse
import json
import math
import random
import statistics
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prompt_beautifier.beautifier.composing.writer import load_embedded
from prompt_beautifier.beautifier.prompts.words import content_words
from prompt_beautifier.beautifier.rewards.model import load_reward_model
from prompt_beautifier.beautifier.taste.choices import Choice
from prompt_beautifier.beautifier.taste.learning import Taste, learn
from prompt_beautifier.beautifier.taste.meanings import Meanings

READINGS = Path(__file__).resolve().parents[1] / "training" / "data" / "readings" / "picks.jsonl"
SURE = 2.0  # how much a word of the like weighs in a pick, natural logarithm


@dataclass(frozen=True)
class Shown:
    """A raw prompt, its candidates, and what the reward model says of each."""

    raw_prompt: str
    prompts: tuple[str, ...]
    worth: tuple[float, ...]


def count(words: str) -> Callable[[str], int]:
    """How many words of a prompt are among these."""
    liked = frozenset(words.split())
    return lambda prompt: sum(word in liked for word in content_words(prompt))


DARK = count(
    "night dark darkness moonlight moonlit dusk shadow shadows black lamp lamps candle candlelight dim evening starry "
    "stars neon silhouette lantern lanterns torch low midnight twilight"
)
BRIGHT = count("bright day daylight noon sun sunny sunlight morning white clear even open midday afternoon airy")
WARM = count("warm gold golden amber orange red copper rust ochre brown honey sunset terracotta crimson bronze yellow")
COOL = count("cool blue teal silver gray grey green pale cold steel azure slate cyan navy")
NEAR = count(
    "close closeup skin eyes texture pores fine hair detail details macro face threads grain stitching strands lashes "
    "edge edges surface"
)
FAR = count(
    "wide distant far horizon sky high mountains hills landscape aerial background valley clouds distance sweeping "
    "vast above"
)
GROWN = count(
    "tree trees leaf leaves grass moss water river mist fog rock rocks wind snow rain flower flowers wave waves "
    "clouds forest branches stone earth"
)
MADE = count(
    "steel glass concrete brick window windows street wall walls chrome wire metal wooden painted paint neon screen "
    "cloth cotton leather"
)
CAMERA = count(
    "lens focus depth field exposure angle camera shot shallow foreground composition centered frame level view "
    "profile symmetrical"
)
LIKES: dict[str, Callable[[str], float]] = {
    "short prompts": lambda prompt: -len(prompt.split()) / 6,
    "dark rather than bright": lambda prompt: DARK(prompt) - BRIGHT(prompt),
    "warm rather than cool": lambda prompt: WARM(prompt) - COOL(prompt),
    "near rather than far": lambda prompt: NEAR(prompt) - FAR(prompt),
    "grown rather than made": lambda prompt: GROWN(prompt) - MADE(prompt),
    "no talk of cameras": lambda prompt: -CAMERA(prompt),
}
WET = count(
    "wet water rain river sea lake pond puddle puddles dew damp droplets drops foam wave waves splash spray reflection "
    "reflections ripples stream soaked dripping"
)
DRY = count("dry dust dusty sand sandy desert parched straw baked cracked ash chalk arid sunbaked powder")
MANY = count(
    "many several rows row cluster clusters scattered crowd crowded piles pile stacked layered layers dense "
    "overlapping full rich assorted bundles heaps groups pairs tangled"
)
FEW = count("single alone empty bare lone one sparse plain simple minimal uncluttered isolated solitary blank open")
# Written before anybody looked for what makes the others learnable, and no reason for any number of learning.py.
HELD_BACK: dict[str, Callable[[str], float]] = {
    "held back: wet rather than dry": lambda prompt: WET(prompt) - DRY(prompt),
    "held back: many rather than few": lambda prompt: MANY(prompt) - FEW(prompt),
}


# Likes on which numbers were chosen: words liked, and words disliked.
OTHERS: dict[str, tuple[str, str]] = {
    "old rather than new": (
        "old ancient antique vintage medieval weathered worn ruined faded rusty classic historic aged",
        "new modern futuristic clean sleek digital polished contemporary fresh glossy",
    ),
    "soft rather than hard": (
        "soft gentle smooth fluffy fur furry velvet silk feather feathers downy plush blurred hazy",
        "hard sharp rough jagged crisp rugged coarse spiky angular stark",
    ),
    "hands and faces": (
        "hand hands finger fingers shoulder shoulders smile lips gaze cheek cheeks brow jaw neck arms",
        "",
    ),
    "parts of animals": (
        "fur feather feathers wing wings paw paws tail claws beak whiskers horn horns hooves muzzle ears scales",
        "",
    ),
    "indoors rather than outdoors": (
        "room floor table kitchen curtain curtains ceiling shelf shelves sofa carpet desk bedroom indoors "
        "hall chair bed rug",
        "street field outdoors garden park road hill beach path meadow",
    ),
    "fire rather than ice": (
        "fire flame flames smoke ember embers burning glowing sparks hot",
        "ice snow frost frosty icy frozen winter",
    ),
    "food": (
        "bread fruit sauce cream sugar chocolate plate bowl cup cheese herbs berries butter crust salad",
        "",
    ),
    "buildings": (
        "tower towers arch arches column columns roof roofs stairs balcony door doorway gate bridge facade "
        "temple castle palace",
        "",
    ),
    "ornate rather than plain": (
        "ornate carved embroidered gilded patterned lace jeweled engraved filigree intricate decorated",
        "plain simple smooth bare",
    ),
    "moving rather than still": (
        "running flying leaping swirling drifting racing dancing falling blowing walking moving rising",
        "standing sitting resting lying still seated",
    ),
    "shiny rather than dull": (
        "shiny gleaming glossy polished reflective glinting metallic sparkling glitter mirror shimmering",
        "matte dull rough",
    ),
    "purple rather than green": (
        "purple violet lavender lilac magenta pink plum rose",
        "green olive emerald jade lime sage",
    ),
    "round rather than straight": (
        "round rounded circle circular curved curved spiral coil ring dome",
        "straight square angular grid lines triangular",
    ),
    "clothes": (
        "dress coat robe sleeve sleeves collar scarf cloak fabric jacket skirt hem belt boots gloves",
        "",
    ),
    "painted rather than photographed": (
        "painting brush brushstrokes ink watercolor sketch canvas paint strokes illustration",
        "photo photograph film",
    ),
    "quiet rather than wild": (
        "quiet calm peaceful serene gentle tranquil",
        "dramatic stormy fierce intense bold wild",
    ),
    "small rather than large": (
        "small tiny little slim thin narrow delicate",
        "large huge tall broad massive thick heavy towering",
    ),
    "blossoms and roots": (
        "petal petals stem stems bud buds blossom blossoms bloom vine vines ivy fern ferns root roots",
        "",
    ),
    "streets": (
        "street city traffic pavement sidewalk shop shops market crowd buildings alley cars",
        "",
    ),
}


def rather(liked: str, disliked: str) -> Callable[[str], int]:
    """How many more words of a prompt are among the first than among the second."""
    one, other = count(liked), count(disliked)
    return lambda prompt: one(prompt) - other(prompt)


OTHER_LIKES: dict[str, Callable[[str], float]] = {name: rather(*words) for name, words in OTHERS.items()}


def shown_prompts(wanted: int, others: bool) -> list[Shown]:
    """Raw prompts that people typed, each with 5 candidates, of which three differ at least.

    others  those on which numbers were chosen: the other end of an order of their own
    """
    lines = READINGS.read_text(encoding="utf-8").splitlines()
    end = 1 if others else -1
    raw_prompts = sorted({json.loads(line)["raw_prompt"] for line in lines}, key=lambda r: end * zlib.crc32(r.encode()))
    writer, reward, found = load_embedded(), load_reward_model(), []
    for seed, raw in enumerate(raw_prompts):
        prompts = list(dict.fromkeys(each.text for each in writer.beautify(raw, 5, seed)))
        if len(prompts) >= 3:
            ranked = sorted(
                zip(prompts, reward.score([raw] * len(prompts), prompts).tolist(), strict=True),
                key=lambda each: -each[1],
            )
            found.append(Shown(raw, *(tuple(column) for column in zip(*ranked, strict=True))))
        if len(found) == wanted:
            break
    return found


def taken(values: list[float], draw: random.Random) -> int:
    """The index that a user takes: the highest value, with Gumbel noise, which makes it a Bradley-Terry choice."""
    noisy = [SURE * value - math.log(-math.log(draw.random())) for value in values]
    return max(range(len(noisy)), key=noisy.__getitem__)


@dataclass
class Outcome:
    """Of one user: how often the first candidate was the like's best, before and after, and what it cost."""

    speaks: float  # share of the raw prompts in whose candidates the like finds a difference: so many picks tell of it
    before: float
    after: float
    cost: float  # by how much the first candidate is worse by the reward model
    has_one: float
    seconds: float


def outcome(
    value: Callable[[Shown, random.Random], list[float]],
    shown: list[Shown],
    picks: int,
    user: int,
    meanings: Meanings,
) -> Outcome:
    """What comes of one user's picks."""
    draw = random.Random(user)
    mine = draw.sample(shown, len(shown))
    values = {each: value(each, draw) for each in mine}
    choices = [Choice(each.prompts, taken(values[each], draw), each.worth) for each in mine[:picks]]
    began = time.perf_counter()
    taste = learn(choices, meanings)
    seconds = time.perf_counter() - began
    judged = [each for each in mine[picks:] if max(values[each]) > min(values[each])]
    speaks = len(judged) / len(mine[picks:])
    firsts = dict(zip(judged, first_of_each(taste, judged), strict=True))
    before = statistics.mean(values[each][0] >= max(values[each]) for each in judged)
    after = statistics.mean(values[each][firsts[each]] >= max(values[each]) for each in judged)
    cost = statistics.mean(each.worth[0] - each.worth[firsts[each]] for each in judged)
    return Outcome(speaks, before, after, cost, taste.has_one, seconds)


def first_of_each(taste: Taste, judged: list[Shown]) -> list[int]:
    """The index of the candidate of each raw prompt that a taste puts first."""
    prompts, worth = ([value for each in judged for value in getattr(each, name)] for name in ("prompts", "worth"))
    found = iter(taste.values(prompts, worth))
    values = [[next(found) for _ in each.prompts] for each in judged]
    return [max(range(len(each)), key=each.__getitem__) for each in values]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=300)
    parser.add_argument("--users", type=int, default=6)
    parser.add_argument("--picks", type=int, default=30)
    parser.add_argument("--others", action="store_true", help="the likes and raw prompts that numbers were chosen on")
    args = parser.parse_args()
    shown = shown_prompts(args.prompts, args.others)
    likes = OTHER_LIKES if args.others else LIKES
    meanings = Meanings(load_embedded().fit)
    kinds: dict[str, Callable[[Shown, random.Random], list[float]]] = {
        name: lambda each, _, like=like: [like(prompt) for prompt in each.prompts]
        for name, like in (likes if args.others else likes | HELD_BACK).items()
    }
    kinds["none: as the reward model"] = lambda each, _: [2 * worth for worth in each.worth]
    kinds["none: anything"] = lambda each, draw: [draw.random() / 100 for _ in each.prompts]
    print(
        f"{args.picks} picks, {args.users} users of a kind, first candidate of {len(shown) - args.picks} raw prompts\n"
    )
    print("| hidden like | picks that tell | untrained | learnt | points | worse by the reward | a taste | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    gains = []
    for name, value in kinds.items():
        found = [outcome(value, shown, args.picks, user, meanings) for user in range(args.users)]
        mean = {key: statistics.mean(getattr(each, key) for each in found) for key in Outcome.__dataclass_fields__}
        points = 100 * (mean["after"] - mean["before"])
        gains += [points] if name in likes else []
        print(
            f"| {name} | {mean['speaks']:.0%} | {mean['before']:.0%} | {mean['after']:.0%} | {points:+.0f} "
            f"| {mean['cost']:.2f} | {mean['has_one']:.0%} | {mean['seconds']:.2f} |",
            flush=True,
        )
    print(f"\nmean of the {len(gains)} likes: {statistics.mean(gains):+.1f} points")


if __name__ == "__main__":
    main()
