"""Where the set-aside pieces of a raw prompt go in a model's answer."""

import re
from functools import lru_cache

from .page import Edit, Page
from .parentheses import balance
from .searched import Searched
from .sections import anchor, letters, nearest, plain_words, sections_of, shares_of, words_of_section
from .syntax import Piece, SetAside, checked, one_line
from .syntax_table import IS_TEXT, LINE, SHOWN, TYPED
from .taming import written
from .words import STOP_WORDS, fold_characters

_ENDS_IN_ARTICLE = re.compile(r"(?:^|\W)(?:an?|the|one)\s*$", re.IGNORECASE)
_TAGS = ("underscores", "name and series", "series")
_QUOTES = "\"'“”„«»‘’「」『』"


def put_back(answer: str, aside: SetAside, weights: bool = True) -> str:
    """The model's `answer` with every piece of `aside` in it, unchanged; parentheses balance.

    answer: any text. What looks like syntax in it is noise and loses its marks, so no syntax appears twice.
    aside: what `set_aside` took out of the raw prompt.
    weights: True keeps balanced weights in the answer, for families that write ComfyUI syntax; False takes
        the answer's parentheses away and keeps the words.

    A piece with words stands in for their first occurrence in the answer. Every other piece goes to the
    front if it led the raw prompt, to the end if it came last, else to the words it stood beside, else as far
    into the answer as it was in the raw prompt. BREAK, the ends of lines and their like divide the answer where
    the next section's words begin, and pieces stay in their section; pieces without words keep their order.
    Comments get lines of their own. Words that were typed with accents have them. For an empty answer the raw
    prompt's own words stand in. Raises ValueError if `answer` is no string.
    """
    text = written(checked(answer, "answer"), aside, weights)
    if not aside.pieces:
        return text
    candidate = _render(text, aside.parts)
    return balance(candidate) if any(piece.kind == "emoticon" for piece in aside.pieces) else candidate


def _ends_in_comma(section: list[str | Piece]) -> bool:
    return bool(section) and isinstance(section[-1], str) and section[-1].rstrip(" \t").endswith(",")


def _place_section(answer: Searched, section: list[str | Piece], start: int, end: int) -> list[Edit]:
    """Edits that put the pieces of one section between `start` and `end` of the answer."""
    edits: list[Edit] = []
    found: list[Piece] = []
    waiting: list[tuple[int, Piece]] = []
    placed: dict[int, tuple[int, int]] = {}
    neutral: dict[int, tuple[int, int]] = {}
    for index, part in _longest_first(section):
        span = _taken(answer, part, start, end) if part.words else None
        if span and part.neutral:
            named = _ENDS_IN_ARTICLE.search(plain_words(section[:index]))
            span = neutral[index] = span if named else answer.with_article(span, start)
        elif span and answer.in_sentences and part.kind in ("series", "name and series"):  # a name has no article
            span = span if _ENDS_IN_ARTICLE.search(plain_words(section[:index])) else answer.with_article(span, start)
        if span:
            edits.append(Edit(*span, part))
            found.append(part)
            placed[index] = span
        else:
            waiting.append((index, part))
    edits += _said_again(answer, found, start, end)
    edits += _said_apart(answer, section, [piece for _, piece in waiting], start, end)
    if not waiting:
        return sorted(edits, key=lambda edit: (edit.start, edit.end))
    words, counts = words_of_section(section)
    touched = _touched(section, placed) if placed else [(None, None)] * len(section)
    first_said = next((at for at, word in enumerate(words) if one_line(word)), len(words))
    cursor = start
    for index, piece in sorted(waiting, key=lambda pair: pair[0]):
        commas = _commas(section, index, piece)
        if answer.in_sentences and commas != (True, True):
            commas = (False, False)  # "also in view are {red|blue} eyes"
        least = max([cursor, *(span[1] for at, span in neutral.items() if at < index)])
        most = min([end, *(span[0] for at, span in neutral.items() if at > index and span[0] >= least)])
        places = (placed[at][side] for at, side in zip(touched[index], (0, 1), strict=True) if at is not None)
        beside = next((place for place in places if least <= place <= most), None)
        leads = counts[index] <= first_said
        position = _position(answer, words, counts[index], piece, commas, (least, most), leads)
        cursor = position if beside is None else beside
        edits.append(Edit(cursor, cursor, piece, *commas))
    return sorted(edits, key=lambda edit: (edit.start, edit.end))


def _longest_first(section: list[str | Piece]) -> list[tuple[int, Piece]]:
    """The pieces of a section and where they are, those first that say most: "red dress" is found before "red" is."""
    pieces = [(index, part) for index, part in enumerate(section) if isinstance(part, Piece)]
    return sorted(pieces, key=lambda pair: -len(pair[1].words))


def _touched(section: list[str | Piece], placed: dict[int, tuple[int, int]]) -> list[tuple[int | None, int | None]]:
    """For each part the index of the next part, and of the last one, that the answer says and that but blanks and
    pieces without words stand between: "a __color__ dog"."""
    sides = []
    for order in (range(len(section) - 1, -1, -1), range(len(section))):
        found, near = [None] * len(section), None
        for index in order:
            found[index] = near
            near = index if index in placed else near if _is_gap(section[index]) else None
        sides.append(found)
    return list(zip(*sides, strict=True))


def _is_gap(part: str | Piece) -> bool:
    """Whether a part is but a blank, or a piece without words."""
    return not part.words if isinstance(part, Piece) else not part.strip(" \t")


def _taken(answer: Searched, piece: Piece, start: int, end: int) -> tuple[int, int] | None:
    """Where an answer says a piece's words, which it then says no longer; None if it does not."""
    names = _names(piece)
    if piece.kind != "quoted":  # the words of a quotation may be said without it
        said = [(place, name) for name in names if (place := answer.find(name, start, end, free=True)) >= 0]
        names = [min(said, key=lambda each: (each[0], -len(each[1])))[1], *names] if said else names
    for name in names:
        if span := answer.take(name, start, end):
            return span
    bare = piece.words.strip(_QUOTES)
    if piece.kind == "quoted" and bare != bare.lower():  # OPEN without its marks is no door
        return answer.take_as_written(bare, start, end)
    return None


@lru_cache(maxsize=512)
def _names(piece: Piece) -> list[str]:
    """The ways in which an answer may say a piece's words, folded for searching."""
    words = fold_characters(piece.words)
    if piece.treatment != TYPED:
        return [words]
    names = [words, one_line(words), fold_characters(piece.text), words.lstrip("#@.")]
    without_marks = " ".join(re.findall(r"[^\W_]+", words))
    names += [without_marks] if " " in without_marks else []
    names += [words.replace(" ", "")] if piece.kind == "numbers apart" else []
    names += [words.removesuffix(".")] if piece.kind == "abbreviation" else []
    names += [words.strip(_QUOTES)] if piece.kind == "height" else []
    if piece.kind == "quoted":
        bare = words.strip(_QUOTES)
        names += [f'"{bare}"', f"'{bare}'", *([bare] if " " in bare else [])]
    return [name for name in dict.fromkeys(names) if name]


def _said_again(answer: Searched, pieces: list[Piece], start: int, end: int) -> list[Edit]:
    """Edits where an answer says again what a piece says: a detail that is only that goes, and elsewhere words that
    were typed in their own way are written so."""
    edits = []
    for piece in dict.fromkeys(pieces):
        names = _names(piece)
        for words in names:
            as_typed = piece.treatment == TYPED and piece.kind not in _TAGS and piece.text != piece.words
            in_its_own_way = as_typed and words == names[0]
            position = answer.find(words, start, end, free=True)
            while position >= 0:
                stop = position + len(words)
                if answer.free.endswith(", ", 0, position) and answer.free[stop : stop + 1] in ("", ","):
                    edits.append(Edit(*answer.hide(position, stop), None))
                elif in_its_own_way:
                    edits.append(Edit(*answer.hide(position, stop), piece))
                position = answer.find(words, stop, end, free=True)
    return edits


def _said_apart(answer: Searched, section: list[str | Piece], pieces: list[Piece], start: int, end: int) -> list[Edit]:
    """Edits that take out details which say a part of what a piece weighs that the answer does not say whole, and that
    was typed nowhere else."""
    edits = []
    weighed = [letters(piece.words) for piece in pieces if piece.treatment == SHOWN and piece.words]
    if not weighed:
        return []
    own = letters(" ".join(part for part in section if isinstance(part, str)))
    places = answer.details(start, end)
    for begin, stop in zip(places, places[1:], strict=False):
        detail = answer.free[begin:stop].rstrip(" ,")
        words = letters(detail) - STOP_WORDS
        if words and not words <= own and any(words <= each for each in weighed):
            edits.append(Edit(*answer.hide(begin, begin + len(detail)), None))
    return edits


def _commas(section: list[str | Piece], index: int, piece: Piece) -> tuple[bool, bool]:
    """Whether a comma (or a line end) stands before and after `piece`, part `index`; one with words gets both."""
    if piece.words and not piece.neutral:
        return True, True
    before = section[index - 1] if index else ""
    after = section[index + 1] if index + 1 < len(section) else ""
    return (
        isinstance(before, str) and before.rstrip(" \t").endswith((",", "\n")),
        isinstance(after, str) and after.lstrip(" \t").startswith((",", "\n")),
    )


def _position(
    answer: Searched,
    words: list[str],
    count: int,
    piece: Piece,
    commas: tuple[bool, bool],
    limits: tuple[int, int],
    leads: bool,
) -> int:
    """Where `piece`, which stood behind `count` of the section's `words`, is inserted within `limits`; leads: nothing
    was said before it."""
    start, end = limits
    behind = count + len(piece.words.split())
    if leads:
        noun = behind < len(words) and words[behind].strip(".;:!?") not in STOP_WORDS
        if noun and piece.kind in IS_TEXT and not commas[1]:
            place = anchor(answer, words[behind : behind + 4], start, end)[0]
            return max(start, place if place >= 0 else anchor(answer, [words[behind].rstrip("s")], start, end)[0])
        # A line that begins with "#" is a comment to some tools.
        return end if piece.treatment == TYPED and piece.text.startswith("#") else start
    previous = anchor(answer, words[max(count - 4, 0) : count], start, end, last=True)[1]
    if behind >= len(words) and words[count - 1] in STOP_WORDS and previous >= 0:
        return previous  # "in the style of <lora:ink:1>"
    if behind >= len(words) or answer.in_sentences and commas == (True, True) and piece.treatment != LINE:
        return end
    following = anchor(answer, words[behind : behind + 4], start, end)[0]
    places = answer.details(start, end)
    if following >= 0 and not (commas == (False, True) and previous >= 0):
        found, whole = following, max(place for place in places if place <= following)
    elif previous >= 0:
        found, whole = previous, min(place for place in places if place >= previous)
    else:
        found = whole = nearest(places, start + (end - start) * count / len(words))
    if piece.treatment == LINE and answer.in_sentences:
        return answer.sentence_behind(found, end)
    place = whole if piece.treatment == LINE or commas == (True, True) else found
    return end if place == start and piece.text.startswith("#") and piece.treatment == TYPED else place


def _render(plain: str, parts: tuple[str | Piece, ...]) -> str:
    """`plain` with the pieces of `parts` in their places: one comma or blank between neighbours, comments on lines of
    their own."""
    sections, borders = sections_of(parts)
    page = Page()
    for number, share in enumerate(shares_of(plain, sections, borders)):
        if number:
            page.border(borders[number - 1], _ends_in_comma(sections[number - 1]))
        position = 0
        edits = _place_section(Searched(share), sections[number], 0, len(share))
        share = _going_on(share, edits, sections[number])
        for edit in edits:
            page.text(share[position : edit.start])
            if edit.piece:
                page.piece(edit.piece, edit)
            position = max(position, edit.end)  # an insertion may fall inside what a piece has taken
        page.text(share[position:])
    return "".join(page.written)


def _going_on(share: str, edits: list[Edit], section: list[str | Piece]) -> str:
    """`share` in which the word behind a piece that begins a sentence in its place is small, as it was typed:
    "{red|blue} balloons", of which a writer has seen the second word alone."""
    for edit in edits:
        if edit.start != edit.end or edit.comma_after or edit.piece is None or edit.piece.kind not in IS_TEXT:
            continue
        behind = section[section.index(edit.piece) + 1 :][:1]
        typed = behind[0].lstrip(" \t") if behind and isinstance(behind[0], str) else ""
        if typed[:1].islower() and share[edit.end : edit.end + 2].lower() == typed[:2].lower():
            share = share[: edit.end] + share[edit.end].lower() + share[edit.end + 1 :]
    return share
