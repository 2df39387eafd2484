"""What of an answer may stay before a raw prompt's syntax comes back: words and balanced weights, nothing else."""

import re
import unicodedata

from .parentheses import PARENTHESIS, close_weights
from .searched import place_of
from .syntax import Piece, SetAside, one_line, usable, without_weight
from .syntax_table import DIVIDES, NUMBER, TABLE, TYPED
from .tokens import read_tokens
from .words import STOP_WORDS, WORD, fold_characters, plain

# What a model's answer may not contain but weights.
_NOISE = re.compile(
    r"<[^<>]{0,400}>|embedding\s{0,9}:\s?[^\s,()]*|[<>{}\[\]]|_{2,}|(?<!\w)\$(?=[A-Za-z_])|(?<!\S):\s?[+-]?\d*\.?\d+",
    re.IGNORECASE,
)
_MAY_BE_NOISE = re.compile(r"[<>{}\[\]:$]|__")
_KEYWORDS = re.compile(
    r"(?<!\w)(?:BREAK|AND(?:_[A-Z]+)?|COUPLE|ADD(?:COMM|COL|ROW|BASE|P)|[A-Z][A-Z0-9_]+(?=\())(?![^\W_])"
)
# A text of letters, digits and the marks between words and sentences, which most answers are: nothing in it is syntax.
_PLAIN = re.compile(r"(?:[a-z0-9 ,.!?']+|[A-Z](?![A-Z])|-(?!-))*")
# What a writer does not see and may say by itself all the same.
_UNSEEN = [
    re.compile(rf"(?<!\w){row.pattern}")
    for row in TABLE
    if row.kind.startswith("emoticon") or row.kind in ("score", "parameter")
]
_MAY_BE_UNSEEN = re.compile(r"[:;=<>^|¯][^\s\w]|(?:^|[\s,(|{\[])[:;=][A-Za-z3]|[><^|;\\]|\S_\S|D:|rating:|--|[—–]")
_COMMENT_SIGN = re.compile(r"(?:^|(?<=, ))#+(?!(?:[0-9a-fA-F]{3,4}){1,2}(?!\w))\s*")
# A number behind a word, which before AND or at the end would weigh a section.
_WEIGHT_OF_SECTION = re.compile(r"(?<!\d):\s?[+-]?\d*\.?\d+(?=[\s,;]|$)")
# Double colons, with the number that weighs what is behind or before them.
_DOUBLE_COLON = re.compile(rf"(?<!\w){NUMBER}::+(?=\s?[^\W\d_])|::+(?:-?\d*\.?\d+(?=[\s,]|$))?")
# What would lose a mark of a text that was typed.
_MARKS_OF_TYPED = re.compile(r"[<>{}\[\]$#:(]|[/*]{2}|__|\d\.\d|(?:score|source|rating)_|(?:--|[—–])[a-z]")
_STANDS_FOR = 0xE000, 0xF8FF  # characters that mean nothing, for a text as it was typed
# Capitals that begin no sentence and no detail: of names, and in codes such as "5GHz".
_CAPITALS = re.compile(r"[A-Z](?:(?<=[^\W_][A-Z])|(?<=[^\W_] [A-Z])|(?<=[^\W_]['’-][A-Z])|(?<=[^\W_], [A-Z]))")
# ".," behind a word that is no abbreviation, and "..".
_STOP_AND_COMMA = re.compile(
    r"\.(?=,)(?<=[^\W\d_]{3}\.)(?<!\betc\.)(?<!\binc\.)(?<!\bInc\.)(?<!\bltd\.)(?<!\bLtd\.)(?<!\bfeat\.)"
)
_TWO_STOPS = re.compile(r"(?<![.\s])\.\.(?!\.)")
_SHOUTED = ("AND", "COUPLE")
_MOST_NESTED = 4  # weights of an answer that stand in one another
_STAND_IN = re.compile("[\ue000-\uf8ff]")
_TAG_AND_SERIES = re.compile(r"_+(?=\\?\()|(?<=\))_+")  # "saber_(fate)"
_EMPTY_GROUP = re.compile(r"\(\s*(?::\s?\d?\.?\d{0,9})?\s*\)")


def tame(answer: str, pieces: tuple[Piece, ...], weights: bool) -> str:
    """`answer` as one line in which nothing but balanced weights is syntax, and no piece's text occurs."""
    text = usable(answer)
    plain = _PLAIN.match(text)
    if plain and plain.end() == len(text):
        return one_line(text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    stands_for = _stand_ins(text, pieces)
    for char, (typed, _) in stands_for.items():
        for way in (typed, typed[:1].upper() + typed[1:], typed.lower()):  # a sentence may begin with it
            text = text.replace(way, char)
    text = _tame(text, pieces, weights)
    for char, (_, words) in stands_for.items():
        text = text.replace(char, words)
    return text


def _stand_ins(text: str, pieces: tuple[Piece, ...]) -> dict[str, tuple[str, str]]:
    """A character for each text as it was typed that an answer says letter by letter, marks of syntax and all; and the
    words that come back for it, in which no parenthesis weighs anything."""
    if not _MARKS_OF_TYPED.search(text):
        return {}
    written = {piece.text if piece.treatment == TYPED else piece.words: piece.words for piece in pieces if piece.words}
    low = text.lower()
    found = [(typed, words if "(" in typed else typed) for typed, words in written.items() if typed.lower() in low]
    marked = sorted((each for each in found if _MARKS_OF_TYPED.search(each[0])), key=lambda each: -len(each[0]))
    free = (chr(code) for code in range(*_STANDS_FOR) if chr(code) not in text)
    return dict(zip(free, marked, strict=False))


def _tame(text: str, pieces: tuple[Piece, ...], weights: bool) -> str:
    text = _without_unseen(text)
    if "::" in text and any("::" in piece.text for piece in pieces if piece.treatment != TYPED):
        text = _DOUBLE_COLON.sub(" ", text)
    if "_" in text:
        text = _TAG_AND_SERIES.sub(" ", text)
    if "\\" in text:
        text = re.sub(r"\\[()]?", "", text)
    if _MAY_BE_NOISE.search(text):
        text = _without_unseen(_NOISE.sub(" ", text))  # noise may have hidden one
    text = re.sub(r"[/*]{2,}", lambda run: " " if "/" in run[0] else run[0], text)
    text = _KEYWORDS.sub(lambda word: word[0].lower(), text)
    text = one_line(text)
    if "#" in text:
        text = _COMMENT_SIGN.sub("", text)
    if "(" in text or ")" in text:
        text = _with_weights(text, pieces, weights)
    if ":" in text and any(piece.treatment == DIVIDES for piece in pieces):
        text = _WEIGHT_OF_SECTION.sub("", text)
    return text


def _without_unseen(text: str) -> str:
    """A text without emoticons, score tags and Midjourney's parameters."""
    if _MAY_BE_UNSEEN.search(text):
        for unseen in _UNSEEN:
            text = unseen.sub(" ", text)
    return text


def _with_weights(text: str, pieces: tuple[Piece, ...], weights: bool) -> str:
    """`text` with the weights that balance, where there are to be any, and none that the user has given; else
    without parentheses."""
    weighs_section = any(piece.kind == "weight of a section" for piece in pieces)  # an answer's would look like it
    if weights and not weighs_section and PARENTHESIS.search(text):
        balanced = "".join(token for _, token in close_weights(read_tokens(text)))
        for _ in range(3):  # an empty group may have been the whole of another
            balanced = _EMPTY_GROUP.sub(" ", balanced)
        balanced = _where_no_piece_is(balanced, pieces)
        if not any(piece.text in balanced for piece in pieces if piece.kind == "weight"):
            return one_line(balanced)
    return one_line(re.sub(r"(?::\s?\d*\.?\d{1,9}\s?)?\)|\(", " ", text))


def _where_no_piece_is(text: str, pieces: tuple[Piece, ...]) -> str:
    """`text` without the weights around what a piece says: what was typed has the weight that it was typed with."""
    said = {fold_characters(each) for piece in pieces if piece.words for each in (piece.words, piece.text)}
    before = ""
    for _ in range(_MOST_NESTED if said else 0):
        if text == before:
            break
        before, text = text, _with_groups_opened(text, said)
    return text


def _with_groups_opened(text: str, said: set[str]) -> str:
    """`text` without the outermost parentheses that say one of some words, and without what they weigh."""
    written, depth, begin, shown = [], 0, 0, 0
    for found in PARENTHESIS.finditer(text):
        depth += 1 if found[0] == "(" else -1
        if depth == 1 and found[0] == "(":
            begin = found.start()
        elif depth == 0:
            inside = without_weight(text[begin + 1 : found.start()])
            folded = fold_characters(inside)
            typed = _STAND_IN.search(inside)
            if typed or any(place_of(words, folded, 0, len(folded)) >= 0 for words in said):
                written += [text[shown:begin], inside]
                shown = found.end()
    return "".join(written) + text[shown:]


def written(answer: str, aside: SetAside, weights: bool) -> str:
    """`tame` and `accented`, and each sentence or detail of an answer with one mark at its end."""
    text = tame(answer, aside.pieces, weights)
    if ".." in text:
        text = _TWO_STOPS.sub(".", text)
    if ".," in text:
        text = _STOP_AND_COMMA.sub("", text)
    return accented(text, aside)


def accented(answer: str, aside: SetAside) -> str:
    """`answer` in which words have the accents that they were typed with.

    A word that is a small one without them ("à", "où") has them only beside a word that it was typed beside.
    """
    typed = {} if _has_no_accents(aside.words) else _typed_with_accents(aside)
    if not typed:
        return answer
    said = [plain(found[0]).lower() for found in WORD.finditer(answer)]
    places = iter(range(len(said)))
    uses: dict[str, int] = {}

    def as_typed(found: re.Match) -> str:
        place = next(places)
        word = said[place]
        ways = typed.get(word, ())
        around = _beside(said, place)
        ways = [way for way, beside in ways if not _is_small(word) or _agree(around, beside)]
        ways = [way for way in ways if way not in _SHOUTED or _is_shouted(found)]
        if not ways:
            return found[0]
        way = ways[min(uses.get(word, 0), len(ways) - 1)]
        uses[word] = uses.get(word, 0) + 1
        return _in_case_of(found[0], way)

    return WORD.sub(as_typed, answer)


def _has_no_accents(words: str) -> bool:
    """Whether nothing of a raw prompt's words is to be written in its own way."""
    return words.isascii() and not _CAPITALS.search(words)


def _typed_with_accents(aside: SetAside) -> dict[str, list[tuple[str, tuple[str, str]]]]:
    """Each word that was typed with accents, or with capitals that begin no sentence or detail, without them in lower
    case -> the ways in which it was typed, in order, and the words before and behind each. An AND among words in
    capitals is one, too, where it is a word."""
    text = unicodedata.normalize("NFC", " ".join(part if isinstance(part, str) else part.words for part in aside.parts))
    words = list(WORD.finditer(text))
    says_names = 2 * sum(word[0][0].isupper() for word in words) <= len(words)  # else all of it is in capitals
    places = {found.end() - 1 for found in _CAPITALS.finditer(text)} if says_names else set()
    bare = [plain(word[0]).lower() for word in words]
    own = {
        each
        for each, word in zip(bare, words, strict=True)
        if each.isascii()
        and (not word[0].isascii() or word[0] in _SHOUTED or not places.isdisjoint(range(*word.span())))
    }
    found: dict[str, list[tuple[str, tuple[str, str]]]] = {}
    for place, each in enumerate(bare):
        if each in own:
            found.setdefault(each, []).append((words[place][0], _beside(bare, place)))
    return found


def _beside(words: list[str], place: int) -> tuple[str, str]:
    """The words before and behind one; "" before the first and behind the last."""
    return words[place - 1] if place else "", words[place + 1] if place + 1 < len(words) else ""


def _is_shouted(found: re.Match) -> bool:
    """Whether a word stands between words in capitals."""
    before, behind = found.string[: found.start()].split()[-1:], found.string[found.end() :].split()[:1]
    return bool(before and behind) and before[0].isupper() and behind[0].isupper()


def _agree(around: tuple[str, str], beside: tuple[str, str]) -> bool:
    return any(one and one == other for one, other in zip(around, beside, strict=True))


def _is_small(word: str) -> bool:
    return len(word) < 3 or word in STOP_WORDS or word == "couple"


def _in_case_of(word: str, typed: str) -> str:
    """A typed word as a sentence begins, where `word` does."""
    return typed[0].title() + typed[1:] if word[:1].isupper() else typed
