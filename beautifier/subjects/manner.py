"""What a wish is that names no thing: a medium or a style alone, or nothing that could be a subject."""

from ..prompts.lexicon import VIEW_WORDS
from ..prompts.vocabulary import STOP, number_of, singular
from ..wishes.things import Subject
from ..wishes.wish import Wish
from ..wishes.words import BOILERPLATE, FRAMING, LOOKS, TAIL
from .entry import Entry
from .names import Match, of_sort

# A medium of these kinds is itself the thing where it ends a noun phrase: "tree bark texture", "company logo".
OBJECTS = frozenset("design text pattern texture craft diagram print".split())
BY = frozenset(("by", "in the style of", "in style of", "inspired by"))
# Qualities that can be all that a picture is about.
STYLES = frozenset("style era material mood condition".split())
# Words that stand for some thing and name none.
INDEFINITE = frozenset(
    "something anything everything random randomness test testing tests undefined null none prompt prompts art thing "
    "things stuff any one whatever you me i we us he she them who what untitled example sample demo lol wtf hi hello "
    "hey help surprise please idk asdf blah foo bar unknown nan true false yes no ok okay today now here thank thanks "
    "image images picture pictures generated generate generation generations idea ideas best top good bad poor low "
    "greatest worst funniest ever seen most world this is made everywhere once all you've impossible".split()
)
# Words of programs, sites and settings that say how a picture is made and not what it shows.
MAKING = frozenset(
    "octane render rendered blender unreal engine vray v ray raytracing raytraced ray tracing artstation pixiv "
    "deviantart behance shutterstock cgsociety trending dalle dall e midjourney stable diffusion disco craiyon imagen "
    "mini vqgan clip ai volumetric natural light lighting dramatic detail details detailed many resolution dslr n text "
    "mm lens bokeh hd hdr uhd cinematic wip seamless diffuse tileable effort formulaic minimal modern colour colors "
    "color painted drawn mathematically procedurally algorithmically strokes photographed ii iii iv".split()
)


def manner_of(wish: Wish, head: Subject | None, matches: list[Match]) -> Entry | None:
    """The medium or the style that is all a wish asks for; None where it asks for more, or for none."""
    own = [match for match in matches if not match.artist and not _says_making_alone(wish, match)]
    if head is not None:
        inside = [m for m in own if m.start >= head.start and m.end <= head.end]
        for match in reversed(inside):  # "logo carbon removal", "tree bark texture seamless"
            medium = of_sort("medium", match.entries)
            if medium and _is_object(medium) and (match.end == head.end or "style" not in medium.kinds):
                return medium
    if not _is_without_things(wish, matches):
        return None
    media = (of_sort("medium", match.entries) for match in own)
    styles = (of_sort("quality", match.entries) for match in own)
    return next(filter(None, media), None) or next((e for e in styles if e and not e.kinds.isdisjoint(STYLES)), None)


def _is_object(medium: Entry) -> bool:
    return not medium.kinds.isdisjoint(OBJECTS) or medium.subject == "meme"


def _says_making_alone(wish: Wish, match: Match) -> bool:
    return all(wish.words[i].folded in MAKING for i in range(match.start, match.end))


def _is_without_things(wish: Wish, matches: list[Match]) -> bool:
    """Whether every word is of a medium, a quality or an artist, or says how a picture is framed, made or praised."""
    manners = {
        index
        for match in matches
        if match.artist or of_sort("medium", match.entries) or of_sort("quality", match.entries)
        for index in range(match.start, match.end)
    }
    for subject in wish.subjects:  # whoever stands behind "by" is an artist, known or not
        if subject.relation in BY:
            manners.update(range(subject.start, subject.end))
    return all(index in manners or _names_nothing(word.folded) for index, word in enumerate(wish.words))


def _names_nothing(word: str) -> bool:
    known = (STOP, BOILERPLATE, FRAMING, TAIL, VIEW_WORDS, LOOKS, INDEFINITE, MAKING)
    return any(word in words or singular(word) in words for words in known) or number_of(word) is not None


def why_no_subject(wish: Wish, matches: list[Match]) -> str:
    """Why no entry can describe what a wish is about; "" where it names a subject.

    "no word": it is empty, or digits, single letters and marks alone. "an artist alone": nothing but whose hand and
    which medium. "praise alone": nothing but how it is made, framed and praised. "no thing": words that stand for
    anything ("something", "test").
    """
    words = [word.folded for word in wish.words]
    if not any(word.isalpha() and len(word) > 1 or not word[0].isalnum() for word in words if word):
        return "no word"
    if not _is_without_things(wish, matches):
        return ""
    if any(match.artist for match in matches) or any(subject.relation in BY for subject in wish.subjects):
        return "an artist alone"
    named = [word for word in words if word not in STOP]
    return "no thing" if not named or any(word in INDEFINITE for word in named) else "praise alone"
