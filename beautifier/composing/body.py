"""The sentences behind the first: what the head looks like, what is around it, the other things, light and colors.

A light or a view carries details where it can ("Low sun picks out its salt-stained masonry"), so that a text is not a
row of sentences each about one role.
"""

import random
import re

from ..prompts.vocabulary import STOP, fold, singular
from ..subjects.find import Findings, Found
from ..wishes.wish import Wish
from ..wishes.words import TAG_COUNT
from . import grammar, verbs
from .clauses import beside, clause, is_absolute, is_held, joined, pop, take
from .fitting import Option
from .lights import beside_light, bringing_out, light_clause
from .thing import Thing, is_many, title
from .views import beside_view, colors_clause, in_colors, taking_in

LONGEST_LIST = 4  # details in one sentence
# What is about a thing and no part of it: a sentence has it beside the thing's parts.
AIRY = frozenset(
    "shadow shade glow light reflection haze mist smoke steam dust spark ember background falloff horizon sky cloud "
    "splash vapor wisp flare rim footprint trail ripple darkness sunlight foreground contrast blur air fog".split()
)
NOT_OWNED = grammar.DETERMINED | frozenset("single own".split())


def body(wish: Wish, findings: Findings, thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """The sentences of what is left; they take it out of the list."""
    if not thing.nameable:
        pop(left, lambda o: o.part in ("head", "quality") and o.role in ("detail", "doing"))
    lines = of_head(findings, thing, left, dice) + _of_a_sitter(left)
    lines += of_setting(wish, findings, thing, left, dice)
    others = of_others(wish, findings, left)
    closing = _closing(findings, thing, left, lines, dice)
    if lines and others and len(lines[-1].split()) < 15 and _has_room(lines[-1]) and ", and " not in lines[-1]:
        lines[-1] = f"{lines[-1]}, and {others.pop(0)}"
    return [*lines, *others, *closing]


def of_head(findings: Findings, thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """Sentences of what the head looks like and does."""
    details = [o.phrase for o in pop(left, lambda o: o.role == "detail" and o.part in ("head", "quality"))]
    parted = not any(" with " in phrase for phrase in details)
    airy = [phrase for phrase in details if is_airy(phrase) and parted]
    own = [phrase for phrase in details if phrase not in airy]
    doing = [o.phrase for o in pop(left, lambda o: o.role == "doing")]
    done = [o.phrase for o in pop(left, lambda o: o.part == "action" and o.role == "detail")]
    acts = [phrase for phrase in doing if verbs.is_verbal(phrase)] if thing.nameable else []
    moving = [text for text in (clause(p) for p in doing if p not in acts and not is_absolute(p)) if text]
    behind = beside([p for p in doing if is_absolute(p) and p not in acts] + done)
    behind += f", with {_list(airy)}" if airy else ""
    if acts:
        act = verbs.finite(acts[0], thing.plural)
        return [f"{thing.again} {act}{f' and {thing.has} {_list(own)}' if own else ''}{behind}", *moving]
    if not own:
        return moving
    if is_no_body(findings):
        return [f"the scene has {_list(own)}{behind}", *moving]
    found = _of_parts(thing, own, left, dice)
    return [*found[:-1], found[-1] + behind, *moving]


def _of_a_sitter(left: list[Option]) -> list[str]:
    """A sentence of what is true of any portrait: "the sitter has catchlights in both eyes"."""
    details = pop(left, lambda o: o.part == "any" and o.role == "detail")
    if not details:
        return []
    place = take(left, "place", "any")
    return [
        f"the sitter has {_list([o.phrase for o in details])}" + (f", against {_list([place.phrase])}" if place else "")
    ]


def is_no_body(findings: Findings) -> bool:
    """Whether the head is a scene or an idea, which has no parts: "the Day of the Dead", "love"."""
    entry = findings.head_entry
    return entry is not None and not entry.kinds.isdisjoint(("event", "idea", "emotion", "holiday"))


def is_airy(phrase: str) -> bool:
    """Whether a phrase is about a thing and no part of it: "thin haze", "background bent like glass"."""
    return singular(phrase.split()[grammar.head_at(phrase)]) in AIRY


def _list(phrases: list[str]) -> str:
    return joined([grammar.with_article(phrase) for phrase in phrases])


def _of_parts(thing: Thing, phrases: list[str], left: list[Option], dice: random.Random) -> list[str]:
    """One or two sentences of a thing's parts: carried by the light or the view, or by "has"."""
    first, rest = phrases[:LONGEST_LIST], phrases[LONGEST_LIST:]
    if len(first) > 3:
        first, rest = first[:2], first[2:] + rest
    owned = _owned(thing, first)
    light = next((o for o in left if owned and o.role == "light" and bringing_out(o.phrase)), None)
    wide = next((o for o in left if owned and not thing.person and o.role == "view" and taking_in(o.phrase)), None)
    view = next((o for o in left if o.role == "view" and beside_view(o.phrase)), None)
    ways = {"has": 0.35, "light": 0.55 * bool(light), "wide": 0.3 * bool(wide), "view": 0.3 * bool(view)}
    way = dice.choices(list(ways), list(ways.values()))[0]
    also = [f"{thing.again} {thing.has} {_list(rest)}"] if rest else []
    if way == "light" and light:
        left.remove(light)
        verb = dice.choice(("picks out", "brings out", "picks out", "catches"))
        return [f"{bringing_out(light.phrase)} {verb} {owned}", *also]
    if way == "wide" and wide:
        left.remove(wide)
        return [f"{taking_in(wide.phrase)} {dice.choice(('takes in', 'shows'))} {owned}", *also]
    first, rest = phrases[:LONGEST_LIST], phrases[LONGEST_LIST:]
    also = [f"{thing.again} also {thing.has} {_list(rest)}"] if rest else []
    said = f"{thing.again} {thing.has} {_list(first)}"
    held = next((phrase for phrase in first if is_held(phrase) and _owned(thing, [phrase])), "")
    if held and len(first) > 1 and way == "has" and thing.its != "the" and dice.random() < 0.6:
        said = f"{_as_clause(thing, held)}, and {thing.again} {thing.has} {_list([p for p in first if p != held])}"
    if way == "view" and view:
        left.remove(view)
        return [f"{beside_view(view.phrase)}, {said}", *also]
    return [said, *also]


def _as_clause(thing: Thing, phrase: str) -> str:
    """A part and how it is as a clause: "its long white whiskers are fanned from the muzzle"."""
    words = phrase.split()
    behind = grammar.head_at(phrase) + 1
    many = grammar.number_of_phrase(phrase) == "p"
    return f"{thing.its} {' '.join(words[:behind])} {verbs.finite(' '.join(words[behind:]), many)}"


def _owned(thing: Thing, phrases: list[str]) -> str:
    """ "its tapering tower, salt-stained masonry and domed cap"; "" where a phrase takes no "its" before it."""
    if any(phrase.split()[0] in NOT_OWNED or phrase[0].isdigit() for phrase in phrases):
        return ""
    if any(is_absolute(phrase) and grammar.head_at(phrase) == 0 for phrase in phrases):
        return ""
    return f"{thing.its} {joined(phrases)}"


def of_setting(wish: Wish, findings: Findings, thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """A sentence of what the setting holds: a clause where a phrase makes one, else what it has or what is around."""
    around = pop(left, lambda o: o.part == "setting" and o.role == "detail")
    moving = [text for text in (clause(o.phrase) for o in around) if text]
    still = [o for o in around if not clause(o.phrase)]
    lines = [joined(moving)] if moving else []
    if not still:
        return lines
    setting = next((f for f in findings.of("setting") if f.entry.subject == still[0].entry), None)
    named = _list([o.phrase for o in still])
    called = called_again(wish, setting) if setting else ""
    kinds = setting.entry.kinds if setting is not None else OPEN
    open_space = not kinds.isdisjoint(OPEN) and "object" not in kinds
    if called and (not open_space or dice.random() < 0.4):
        verb = "have" if setting is not None and setting.article is None and is_many(setting) else "has"
        return [f"{called} {verb} {named}", *lines]
    many = len(still) > 1 or grammar.number_of_phrase(still[0].phrase) == "p"
    be = "are" if many else "is"
    about = thing.object if thing.nameable else ""
    if not many:
        return [f"in the background {be} {named}", *lines]
    if about in ("it", "them") and dice.random() < 0.7:
        return [f"around {about} {be} {named}", *lines]
    return [dice.choice((f"all around {be} {named}", f"in the background {be} {named}")), *lines]


# What is around the things in it; any other setting has its parts as a thing has them.
OPEN = frozenset("landscape space sky water weather forest desert mountain underground planet nature beach".split())


def called_again(wish: Wish, found: Found) -> str:
    """How a thing other than the head is called again: "the pear", "the Alps"; "" where that is not certain."""
    words = TAG_COUNT.sub(r"\2", found.name).split()  # "1boy"
    while words and (fold(words[0]) in STOP | grammar.PREPOSITIONS):
        words = words[1:]
    if not words:
        return ""
    before = wish.words[found.start - 1].folded if found.start else ""
    if found.article is not None and before not in ("a", "an"):
        the = found.article or ("the" if before == "the" else "")
        return f"{the} {title(' '.join(words))}".strip()
    name = fold(" ".join(words))
    if name.endswith(("'s", "s'")):
        return ""
    noun = name.split()[-1]
    sure = name.isascii() and grammar.is_noun(noun) and not grammar.is_participle(noun) and len(words) <= 3
    return f"the {name}" if sure and not grammar.is_mass(noun) and noun not in NOT_CALLED else ""


NOT_CALLED = frozenset(
    "underwater outdoors indoors outside inside background night day space winter summer autumn spring morning "
    "evening afternoon dawn dusk sunset sunrise light".split()
)


def of_others(wish: Wish, findings: Findings, left: list[Option]) -> list[str]:
    """Sentences of the details of other things, each with its name."""
    found: dict[str, list[str]] = {}
    for option in pop(left, lambda o: o.part == "other" and o.role == "detail"):
        found.setdefault(option.about, []).append(option.phrase)
    sentences = []
    for name, details in found.items():
        other = next((f for f in findings.of("other") if f.name == name), None)
        called = called_again(wish, other) if other is not None else ""
        if called:
            plural = other is not None and other.article is None and is_many(other)
            sentences.append(f"{called} {'have' if plural else 'has'} {_list(details)}")
    return [f"{sentences[0]}, and {sentences[1]}", *sentences[2:]] if _fit_in_one(sentences) else sentences


def _fit_in_one(sentences: list[str]) -> bool:
    return len(sentences) > 1 and not any(" and " in text for text in sentences[:2])


def _closing(findings: Findings, thing: Thing, left: list[Option], lines: list[str], dice: random.Random) -> list[str]:
    """The light, the colors and the marks of the medium that no sentence has yet; hung on a line where one fits."""
    view = next((o for o in left if o.role == "view" and beside_view(o.phrase)), None) if not lines else None
    light, color = take(left, "light"), take(left, "color")
    if view is not None and view.part == "any" and light is None:  # alone it says too little
        view = None
    marks = pop(left, lambda o: o.part == "medium" and o.role == "detail")
    of = medium_name(findings)
    found = []
    if view is not None:
        left.remove(view)
        found.append(_whole(view, light))
    elif light:
        said, hung = light_clause(light.phrase, dice), beside_light(light.phrase)
        if lines and hung.count("with ") < 2 and hung and _has_room(lines[-1]) and (not said or dice.random() < 0.5):
            lines[-1] += f", {hung}"
        elif said:
            found.append(said)
    if marks:
        named = _list([o.phrase for o in marks])
        colors = f", all in {in_colors(color.phrase)}" if color else ""
        return [
            *found,
            f"{of} {_shows(of, findings, dice)} {named}{colors}",
        ]
    if color is None:
        return found
    colors = in_colors(color.phrase)
    if found and len(found[0].split()) < 14 and " and " not in found[0]:
        ways = [f"and {colors_clause(color.phrase, of, dice)}"]
        ways += [f"with {colors} setting the palette"] if " with " not in f"{found[0]} {colors}" else []
        return [f"{found[0]}, {dice.choice(ways)}"]
    if lines and _has_room(lines[-1]) and not thing.person and dice.random() < 0.6:
        lines[-1] += f", all in {colors}"
        return found
    words = sum(len(line.split()) for line in [*lines, *found])
    return [*found, colors_clause(color.phrase, of, dice)] if words < ENOUGH or dice.random() < 0.2 else found


def _whole(view: Option, light: Option | None) -> str:
    """How the whole is seen, and in which light: "seen from a low angle, the scene is lit by a single lamp"."""
    seen, lit = beside_view(view.phrase), beside_light(light.phrase) if light is not None else ""
    if not lit:
        return f"the scene is {seen}"
    verb = next((verb for first, verb in (("with ", "has"), ("in ", "lies")) if lit.startswith(first)), "is")
    return f"{seen}, the scene {verb} {lit.removeprefix('with ')}"


ENOUGH = 24  # words behind the first sentence to which the colors need not be added


def _has_room(line: str) -> bool:
    """Whether something may be hung on a sentence: it is short and nothing hangs on it yet."""
    return len(line.split()) < 22 and not re.search(r", (?:with|in|all|lit|under|on)\b", line)


def _shows(of: str, findings: Findings, dice: random.Random) -> str:
    """What a picture does with the marks of its medium: "has", "shows", "is painted with"."""
    kinds = {kind for found in findings.of("medium") for kind in found.entry.kinds}
    made = next((made for kind, made in (("painting", "painted"), ("drawing", "drawn")) if kind in kinds), "")
    ways = ["has", "shows", f"is {made} with" if made and of == "the picture" and "design" not in kinds else "has"]
    return dice.choice(ways)


MEDIA = frozenset(
    "painting drawing watercolor photo photograph sketch illustration woodcut linocut engraving etching print render "
    "rendering mosaic collage poster logo icon comic cartoon embroidery fresco mural tapestry quilt diorama sticker "
    "pattern map diagram blueprint selfie polaroid panorama screenshot gouache portrait emoji cover infographic "
    "lithograph screenprint caricature doodle tintype cyanotype".split()
)


def medium_name(findings: Findings) -> str:
    """ "the watercolor", "the photo", as it was typed; "the picture" for styles and for what is no such noun."""
    for found in findings.of("medium"):
        name = fold(found.name).removeprefix("a ")
        if name and name.split()[-1] in MEDIA and len(name.split()) <= 2:
            return f"the {name.split()[-1]}"
    return "the picture"
