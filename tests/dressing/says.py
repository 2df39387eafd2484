"""A writer that says what it is told to, and its one candidate."""

from prompt_beautifier.beautifier.path import Writer, beautify
from prompt_beautifier.beautifier.request import Answers, Candidate, Request


class Says(Writer):
    """Answers with one text, whatever it is asked; with the words that it is asked where the text is ""."""

    name = "says"
    weights = False  # each has its own

    def __init__(self, text, weights=False):
        self.text, self.weights = text, weights

    def write(self, words, request, on_step=None, should_stop=None):
        return Answers([self.text or words], words)


def one(answer, raw_prompt, weights=False, **asked) -> Candidate:
    """What becomes of an answer to a raw prompt."""
    (candidate,) = beautify(Says(answer, weights), Request(raw_prompt, **asked))
    return candidate
