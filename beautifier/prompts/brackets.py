"""Brackets that belong to a tag, as in "star (sky)": other marks stand for them while an answer is made ready, where
brackets would weigh what is in them.
"""

ASIDE = str.maketrans("()", "⦅⦆")
ESCAPED = str.maketrans({"⦅": r"\(", "⦆": r"\)"})
PLAIN = str.maketrans("⦅⦆", "()")


def put_aside(tags: str) -> str:
    """Tags with other marks for their brackets."""
    return tags.translate(ASIDE)


def brought_back(text: str, weights: bool) -> str:
    """A text with the brackets again; weights: brackets weigh what is in them, so that these need a backslash."""
    return text.translate(ESCAPED if weights else PLAIN)
