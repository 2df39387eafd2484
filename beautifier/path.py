"""The one path from a raw prompt to candidates, the same for every writer.

    what is not the wish is taken off -> syntax is set aside -> the words are read as a wish -> the writer answers them
    -> what lost something of the wish is drawn again, then repaired -> the syntax comes back -> the text is cut to its
    limit -> it is dressed for its image model

A writer brings `write(words, request) -> answers` and nothing else.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from typing import ClassVar

from .dressing.dress import Dress, dress_of, tokens_of
from .dressing.keeping import has, with_kept
from .dressing.layout import is_layout, layout_of
from .dressing.measure import count_tokens, fitted
from .dressing.negative import negative_of
from .dressing.ruled_out import without_ruled_out
from .dressing.taken import Taken, take_apart
from .faithful import AVOIDED, Kept, check
from .mending import repair
from .prompts.append import append
from .prompts.brackets import brought_back
from .prompts.cleaning import manner
from .prompts.clip_tokens import limit_clip_tokens
from .prompts.prose import is_prose
from .prompts.put_back import put_back
from .prompts.sections import keeps_sections
from .prompts.standing_in import has_lost
from .prompts.syntax import SetAside, set_aside
from .prompts.syntax_table import DIVIDES, HIDDEN, LINE
from .prompts.words import plain
from .request import MAX_SEED, Answers, Candidate, Request, Sampling
from .subjects.entries import Entries
from .wishes.wish import Wish, read

SECOND_DRAW = 0x5EC0_17D4_A11B_EAD5  # what the seed of a second draw differs by

OnStep = Callable[[int, int], object]
ShouldStop = Callable[[], bool]
# Called with a candidate, from 0, and a function that says what of it has been written: as often as it grows.
OnWords = Callable[[int, Callable[[], str]], object]


class Writer:
    """Whoever writes: a network, a server, the embedded entries.

    name      what PNG metadata and --json call it
    weights   whether its answers have weights in ComfyUI syntax; else parentheses in them are noise
    english   whether it reads English alone, see `set_aside`
    sampling  the settings it was published with
    draws_again  whether an answer that lost something of the wish may be drawn once more
    keeps_words  whether its answers hold the user's words by construction: they are never repaired
    """

    name: str
    draws_again: ClassVar[bool] = False
    keeps_words: ClassVar[bool] = False

    @property
    def known(self) -> Entries | None:
        """The entries that it writes from; None where it writes from none."""
        return None

    @property
    def weights(self) -> bool:
        """Whether its answers have weights in ComfyUI syntax."""
        return False

    @property
    def english(self) -> bool:
        """Whether it reads English alone."""
        return False

    @property
    def sampling(self) -> Sampling:
        """The settings it was published with."""
        return Sampling()

    def write(
        self,
        words: str,
        request: Request,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
        on_words: OnWords | None = None,
    ) -> Answers:
        """Answer the words of a raw prompt, without any syntax, with at most request.num_candidates texts.

        on_step      called with (done, total) as the work goes on
        should_stop  asked as often; once it says True, what was written so far comes back
        on_words     told of each candidate while it is written, by writers that write word by word
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
        on_words: OnWords | None = None,
        **asked,
    ) -> list[Candidate]:
        """`beautify` with the fields of a Request as arguments."""
        request = Request(raw_prompt, num_candidates, seed, sampling, **asked)
        return beautify(self, request, on_step, should_stop, on_words)


def beautify(
    writer: Writer,
    request: Request,
    on_step: OnStep | None = None,
    should_stop: ShouldStop | None = None,
    on_words: OnWords | None = None,
) -> list[Candidate]:
    """The candidates that a writer makes of a raw prompt.

    A raw prompt without words (empty, or only syntax) comes back unchanged, as the one candidate. Of a text that was
    copied with an image (see `split_pasted`) the prompt alone is beautified. For on_step, should_stop, on_words and
    the errors see the writer.
    """
    taken = take_apart(request)
    request = replace(request, raw_prompt=taken.prompt)
    aside = set_aside(request.raw_prompt, writer.english)
    wish = read(aside.words, request.avoid, request.strength == "strict")
    if not aside.words:
        text = with_kept(request.raw_prompt, request.keep, request.style)
        negative = negative_of(request, wish, taken.negative)
        return [Candidate(text, negative=negative, notes=taken.notes, ratio=taken.ratio)]
    heard = {"on_words": on_words} if on_words is not None else {}
    answers = writer.write(aside.words, request, on_step, should_stop, **heard)
    if not writer.keeps_words:
        if writer.draws_again and not (should_stop and should_stop()):
            answers = drawn_again(writer, wish, aside.words, request, answers, on_step, should_stop)
        texts = [without_another(text, aside) for text in answers.texts]
        texts = [repair(wish, text) if text and losses(wish, text) else text for text in texts]
        answers = replace(answers, texts=texts)
    notes = (*taken.notes, *answers.notes)
    whole = answers.read == aside.words
    found = [finished(request, aside, wish, text, whole, writer.weights, writer.known) for text in answers.texts]
    negative = negative_of(request, wish, taken.negative)
    formed = [in_form(request, taken, wish, each) for each in found]
    ratios = [taken.ratio or ratio for ratio, _ in zip_longest(answers.ratios, formed)]
    return [
        replace(each, negative=negative, notes=(*notes, *each.notes), ratio=ratio)
        for each, ratio in zip(formed, ratios, strict=False)
    ]


def in_form(request: Request, taken: Taken, wish: Wish, candidate: Candidate) -> Candidate:
    """A candidate as a JSON object, where the raw prompt was one or the image model wants one."""
    target, given = request.image_model, taken.json_prompt
    if target is not None and target.json and (given is None or not is_layout(given.content)):
        text = layout_of(candidate.text, wish)
    elif given is not None:
        text = given.with_more(candidate.text)
    else:
        return candidate
    return replace(candidate, text=text, tokens=count_tokens(target, text))


def drawn_again(
    writer: Writer,
    wish: Wish,
    words: str,
    request: Request,
    answers: Answers,
    on_step: OnStep | None,
    should_stop: ShouldStop | None,
) -> Answers:
    """The answers, those that lost something of the wish once more: as candidate k of another seed, if that is better.

    The other seed follows from the first alone, so that candidate k of a seed stays the same text.
    """
    found = [losses(wish, text) for text in answers.texts]
    sampling = request.sampling or writer.sampling
    if answers.read != words or not any(found) or sampling.greedy or sampling.num_beams > 1:
        return answers
    step = (lambda _, total: on_step(total, total)) if on_step else None  # the bar is full: it only watches for Cancel
    another = replace(request, seed=(request.seed ^ SECOND_DRAW) & MAX_SEED)
    again = writer.write(words, another, step, should_stop)
    texts, ratios = list(answers.texts), list(answers.ratios)
    for k, count in enumerate(found):
        if count and k < len(again.texts) and again.texts[k] and losses(wish, again.texts[k]) < count:
            texts[k] = again.texts[k]
            ratios[k : k + 1] = again.ratios[k : k + 1]
    return replace(answers, texts=texts, ratios=tuple(ratios))


def without_another(answer: str, aside: SetAside) -> str:
    """An answer in which nothing stands in the place of a thing unseen.

    One that has lost the neutral word for it has something else there: of such a one only the manner is kept, behind
    the raw prompt's words.
    """
    if not answer or not has_lost(answer, aside.parts):
        return answer
    return ", ".join(filter(None, (aside.words, manner(answer))))


def as_seen(candidate: str, aside: SetAside) -> str:
    """A candidate with the neutral words for what cannot be seen, or a comma, as its writer saw the raw prompt."""
    for piece in aside.pieces:
        if piece.treatment in (HIDDEN, LINE, DIVIDES):
            candidate = candidate.replace(piece.text, piece.words or ", ", 1)
    return candidate


def losses(wish: Wish, text: str) -> int:
    """How much of a wish a text lost, and how much in it goes against the wish."""
    return len(lost(check(wish, text)))


def lost(kept: Kept) -> tuple[str, ...]:
    """What is missing or wrong, as plain texts. Words in another script than Latin may have been translated."""
    return tuple(
        each for each in (*kept.lost, *kept.against) if plain(each).isascii() or each.startswith('"') or AVOIDED in each
    )


def finished(
    request: Request,
    aside: SetAside,
    wish: Wish,
    answer: str,
    whole: bool,
    weights: bool,
    entries: Entries | None = None,
) -> Candidate:
    """The candidate of a cleaned answer: the raw prompt's syntax in it, within its limits, dressed.

    whole: whether the answer is to all of the words; else it is appended. weights: whether the answer has some.
    entries: those that the answer was written from.
    """
    target = request.image_model
    mode, weights = request.mode if whole else "append", weights and (target is None or target.weights)
    dress = dress_of(request, request.raw_prompt, answer)
    text = finish(request.raw_prompt, aside, answer, mode, weights)
    unsaid = ", ".join(word for word in request.keep if not has(request.raw_prompt, word))
    worn = tokens_of(dress, request) + count_tokens(target, unsaid)
    around = 0 if target is None else count_tokens(target, text) - count_tokens(target, answer) + worn
    if (shorter := fitted(answer, wish, request, around)) != answer:
        text = finish(request.raw_prompt, aside, shorter, mode, weights)
    if request.clip_tokens is not None:
        most = int(request.clip_tokens)
        dress, worn = (dress, worn) if worn < most else (Dress(), 0)
        text = shorten(text, aside, most - worn)
    text = brought_back(text, target is None or target.weights)
    text = with_kept(text, request.keep, request.style)
    kept = check(wish, as_seen(text, aside), request.keep, entries)
    if request.with_negative and mode == "rewrite" and target is not None and target.negative:
        text = without_ruled_out(text, wish)
    text = dress.around(text, aside)
    tokens = count_tokens(target, text)
    return Candidate(text, kept=kept.kept, lost=lost(kept), tokens=tokens, notes=too_long(request, tokens))


def finish(raw_prompt: str, aside: SetAside, answer: str, mode: str, weights: bool) -> str:
    """One candidate of a cleaned answer; where nothing is left of it the raw prompt's words stand in.

    Sentences cannot be divided where BREAK and its like divide the raw prompt: they are appended, and so is an answer
    that says in one section or line what stands in another.
    """
    if mode == "append" or aside.is_divided and is_prose(answer) or not keeps_sections(answer, aside):
        return append(raw_prompt, answer, aside)
    return put_back(answer, aside, weights=weights) or aside.words


def shorten(text: str, aside: SetAside, clip_tokens: int) -> str:
    """A candidate within the limit; where no word of it fits, as many of the raw prompt's words as do."""
    pieces = [piece.text for piece in aside.pieces]
    return limit_clip_tokens(text, clip_tokens, keep=pieces) or limit_clip_tokens(aside.words, clip_tokens)


def too_long(request: Request, tokens: int) -> tuple[str, ...]:
    """A sentence where a candidate has more tokens than its image model reads: the user's own words are never cut."""
    target = request.image_model
    if target is None or target.unit == "chunk" or tokens <= target.limit:
        return ()
    return (f"{target.title} reads {target.limit} tokens, and the prompt has about {tokens}: its end is not read.",)
