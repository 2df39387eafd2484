"""The one path from a raw prompt to candidates, the same for every writer.

    syntax is set aside -> the writer answers the words -> the syntax comes back -> the text is cut to its limit

A writer brings `write(words, request) -> answers` and nothing else.
"""

from collections.abc import Callable
from dataclasses import replace

from .prompts.a1111 import split_pasted
from .prompts.append import append
from .prompts.cleaning import manner
from .prompts.clip_tokens import limit_clip_tokens
from .prompts.put_back import put_back
from .prompts.standing_in import has_lost
from .prompts.syntax import SetAside, set_aside
from .request import Answers, Candidate, Request, Sampling

OnStep = Callable[[int, int], object]
ShouldStop = Callable[[], bool]


class Writer:
    """Whoever writes: a network, a server, the embedded entries.

    name      what PNG metadata and --json call it
    weights   whether its answers have weights in ComfyUI syntax; else parentheses in them are noise
    english   whether it reads English alone, see `set_aside`
    sampling  the settings it was published with
    """

    name: str
    weights: bool = False
    english: bool = False
    sampling: Sampling = Sampling()

    def write(
        self, words: str, request: Request, on_step: OnStep | None = None, should_stop: ShouldStop | None = None
    ) -> Answers:
        """Answer the words of a raw prompt, without any syntax, with at most request.num_candidates texts.

        on_step      called with (done, total) as the work goes on
        should_stop  asked as often; once it says True, what was written so far comes back
        """
        raise TypeError(f"{type(self).__name__} does not say how it writes")

    def beautify(
        self,
        raw_prompt: str,
        num_candidates: int = 5,
        seed: int = 0,
        sampling: Sampling | None = None,
        *,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
        **asked,
    ) -> list[Candidate]:
        """`beautify` with the fields of a Request as arguments."""
        return beautify(self, Request(raw_prompt, num_candidates, seed, sampling, **asked), on_step, should_stop)


def beautify(
    writer: Writer, request: Request, on_step: OnStep | None = None, should_stop: ShouldStop | None = None
) -> list[Candidate]:
    """The candidates that a writer makes of a raw prompt.

    A raw prompt without words (empty, or only syntax) comes back unchanged, as the one candidate. Of a text that was
    copied with an image (see `split_pasted`) the prompt alone is beautified. For on_step, should_stop and the errors
    see the writer.
    """
    request = replace(request, raw_prompt=split_pasted(request.raw_prompt).prompt)
    aside = set_aside(request.raw_prompt, writer.english)
    if not aside.words:
        return [Candidate(request.raw_prompt)]
    answers = writer.write(aside.words, request, on_step, should_stop)
    return [Candidate(text) for text in finished(request, aside, answers, writer.weights)]


def finished(request: Request, aside: SetAside, answers: Answers, weights: bool) -> list[str]:
    """The answers with the raw prompt's syntax in them, within the limit of tokens."""
    mode = request.mode if answers.read == aside.words else "append"
    texts = [finish(request.raw_prompt, aside, answer, mode, weights) for answer in answers.texts]
    if request.clip_tokens is not None:
        texts = [shorten(text, aside, int(request.clip_tokens)) for text in texts]
    return texts


def finish(raw_prompt: str, aside: SetAside, answer: str, mode: str, weights: bool) -> str:
    """One candidate of a cleaned answer; where nothing is left of it the raw prompt's words stand in.

    An answer that has lost the neutral word for a thing unseen has something else in its place: of such a one only
    the manner is appended.
    """
    if mode == "append":
        return append(raw_prompt, answer)
    if answer and has_lost(answer, aside.parts):
        return append(raw_prompt, manner(answer))
    return put_back(answer, aside, weights=weights) or aside.words


def shorten(text: str, aside: SetAside, clip_tokens: int) -> str:
    """A candidate within the limit; where no word of it fits, as many of the raw prompt's words as do."""
    pieces = [piece.text for piece in aside.pieces]
    return limit_clip_tokens(text, clip_tokens, keep=pieces) or limit_clip_tokens(aside.words, clip_tokens)
