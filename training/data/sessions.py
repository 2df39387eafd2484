"""Refinements within a session: a short prompt, and the richer one on the same subject that its author wrote next."""

from collections.abc import Iterator, Sequence

from .pairs import content_words, plain_text, segments_of, words

REACH = 20  # prompts of the same author that may lie between
LONGEST_SHORT = 12  # words of a short prompt
LEAST_MORE = 8  # words that the richer prompt has more
SAME_SUBJECT = 0.8  # of the short prompt's content words, in the richer one


def refinements(session: Sequence[tuple[float, str]], window: float) -> Iterator[tuple[int, int]]:
    """Places (short, richer) in one author's prompts, in the order of time, at most `window` seconds apart.

    session  (time in seconds, prompt) of one author

    Each short prompt is paired with the first richer one after it; a richer prompt is used at most once.
    """
    texts = [plain_text(prompt) for _, prompt in session]
    content = [content_words(text) for text in texts]
    used = set()
    for i, (time, _) in enumerate(session):
        if not content[i] or len(words(texts[i])) > LONGEST_SHORT:
            continue
        for j in range(i + 1, min(i + 1 + REACH, len(session))):
            if session[j][0] - time > window:
                break
            if j not in used and is_richer(texts[i], content[i], texts[j], content[j]):
                used.add(j)
                yield i, j
                break


def is_richer(short: str, short_content: set[str], text: str, content: set[str]) -> bool:
    """Whether a prompt keeps the subject of a short one and adds to it."""
    return (
        len(words(text)) >= len(words(short)) + LEAST_MORE
        and len(segments_of(text)) >= 3
        and len(short_content & content) >= SAME_SUBJECT * len(short_content)
    )
