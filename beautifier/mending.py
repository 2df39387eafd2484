"""An answer mended: what goes against a wish is taken out, and what is missing comes first as it was typed."""

from .faithful import avoided, check
from .prompts.people import without_added_names
from .prompts.prose import is_prose, sentences_of
from .prompts.vocabulary import fold
from .wishes.wish import Wish


def repair(wish: Wish, text: str) -> str:
    """An answer that keeps what was asked for: what goes against it is taken out, the user's words lead.

    A comma list loses the phrases at fault, prose the sentences; where words are missing the text as typed comes first.
    """
    text = without_added_names(wish.text, text)
    before = check(wish, text)
    if before.faithful:
        return text
    prose = is_prose(text)
    pieces = _pieces(text, prose)
    if before.against:
        pieces = [piece for piece in pieces if piece and not check(wish, piece).against]
    joined = (" " if prose else ", ").join(pieces)
    if joined and not check(wish, joined).lost:
        return joined
    return _led(_tidy(wish.text), pieces, prose)


def purge(wish: Wish, text: str) -> str:
    """An answer that holds the wish, without the phrases or sentences in which something is said that is to be avoided.

    Where one of them is all that says the wish, the text as typed stands in its place.
    """
    if not avoided(wish, text):
        return text
    prose = is_prose(text)
    pieces = [piece for piece in _pieces(text, prose) if piece and not avoided(wish, piece)]
    joined = (" " if prose else ", ").join(pieces)
    if joined and set(check(wish, joined).lost) <= set(check(wish, text).lost):
        return joined
    return _led(_tidy(wish.text), pieces, prose)


def _pieces(text: str, prose: bool) -> list[str]:
    """The sentences of prose, or the phrases of a list."""
    return sentences_of(text) if prose else [part.strip() for part in text.split(",")]


def _led(lead: str, pieces: list[str], prose: bool) -> str:
    """Pieces behind a text that leads them, without those that it says."""
    pieces = [piece for piece in pieces if fold(piece).strip(" .") not in fold(lead)]
    if prose:
        return " ".join([lead[:1].upper() + lead[1:] + ("" if lead.endswith((".", "!", "?", '"')) else "."), *pieces])
    return ", ".join([lead, *pieces])


def _tidy(text: str) -> str:
    return text.strip().rstrip(",; ").removesuffix(".").rstrip()
