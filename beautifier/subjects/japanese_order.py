"""Japanese words put in English order: what describes a noun stands before it, in English behind it where it is long.

の joins nouns: with a place it is where the second is, with hair what it has, with clothes what it wears. A verb with
a noun behind it describes that noun, any other tells of what is marked with が or は.
"""

import re
from dataclasses import dataclass, field

from .chinese_order import ON, noun_phrase
from .unspaced import Token

NOUNS = frozenset(("noun", "place", "part", "worn", "medium", "?"))
FRONT = frozenset(("col", "adj", "num"))
PROPER = frozenset(
    "tokyo kyoto osaka hokkaido okinawa japan paris mars space".split() + ["new york", "mount fuji", "tokyo tower"]
)
DRAWN_AS = frozenset(("anime", "manga", "pixel art", "3d render", "3d"))  # before their noun: "anime girl"
GOING = frozenset(("walking", "running", "flying", "swimming", "crossing"))  # what is before を is where
BY = frozenset(("window", "lake", "river", "sea", "pond"))


@dataclass(frozen=True)
class Named:
    """A noun with all that describes it, its sort, and apart from it what stands behind it."""

    text: str
    sort: str
    behind: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """The noun and what stands behind it."""
        return " ".join([self.text, *self.behind])


@dataclass
class Order:
    """What was read and waits for its noun or its verb.

    front, behind  what describes the next noun, before it and behind it
    where, done    places and times, and the object, of the next verb; rides: what stands before に
    named          the noun that was read last; subject: one before が or は; others: those before と
    told           clauses about the whole; linked: those that another verb goes on from
    medium         what the whole is drawn as
    """

    front: list[Token] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    done: str = ""
    rides: str = ""
    named: Named | None = None
    subject: Named | None = None
    others: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    medium: str = ""
    linked: list[str] = field(default_factory=list)

    def noun(self, token: Token) -> None:
        """A noun, with what describes it."""
        words = noun_phrase([*self.front, Token("noun", token.english, token.text)])
        if token.sort == "medium" and self.named:
            words = f"{words} of {self.named.whole}"
        elif self.named:
            words = f"{self.named.text} {words}"
            self.behind = [*self.named.behind, *self.behind]
        self.named = Named(words, token.sort, tuple(self.behind))
        self.front, self.behind = [], []

    def of(self, following: Token | None) -> None:
        """The noun that was read last describes the next."""
        if self.named is None or following is not None and following.sort == "medium":
            return
        named, self.named = self.named, None
        text, sort = named.text, named.sort
        if sort == "part":
            self.behind.append("smiling" if text == "smile" else f"with {named.whole}")
        elif sort == "worn":
            self.behind.append(f"wearing {named.whole}")
        elif sort == "place":
            self.behind.append(at(named.whole))
        elif sort == "medium" and text not in DRAWN_AS:
            self.medium = named.whole
        else:
            self.front.append(Token("adj", text, text))
            self.behind += named.behind

    def says(self) -> None:
        """Drawn text describes the next noun."""
        if self.named is not None:
            self.behind.append(f"with the words {self.named.whole}")
            self.named = None

    def verb(self, token: Token, more: bool) -> None:
        """A verb with its object and its places; it describes the next noun where more follows, else it is told."""
        if token.sort == "ride" and self.rides:
            self.done, self.rides = self.rides, ""
        elif self.rides:
            self.where.append(at(self.rides))
        if self.done and token.english in GOING:
            self.where.insert(
                0, f"over {the(self.done)}" if token.english == "flying" and "sky" not in self.done else at(self.done)
            )
            self.done = ""
        clause = " ".join(filter(None, [token.english, self.done, *self.where]))
        self.done, self.rides, self.where = "", "", []
        if token.text.endswith(("て", "で")):  # "holding a staff and flying"
            self.linked.append(clause)
            return
        clause = " and ".join([*self.linked, clause])
        self.linked = []
        if more and self.subject is not None and self.subject.sort in ("part", "worn"):  # 髪が輝く少女
            clause = f"with {self.subject.whole} {clause}"
            self.subject = None
        (self.behind if more and self.subject is None else self.told).append(clause)

    def whole(self) -> str:
        """All that was read, in order."""
        head = self.named or self.subject
        rest = [named.whole for named in (self.subject,) if named and named is not head]
        words = " and ".join([*self.others, *([head.whole] if head else [])])
        if self.medium and words:
            words = f"{self.medium} of {words}"
        if self.rides:
            self.where.append(at(self.rides))
        loose = " ".join(token.english for token in self.front)
        parts = [loose, words, *self.behind, *self.linked, *self.told, self.done, *self.where]
        return ", ".join(filter(None, [" ".join(filter(None, parts)), *rest]))


def in_english(tokens: list[Token]) -> str:
    """Tokens in English order."""
    tokens = [
        token
        for index, token in enumerate(tokens)
        if token.sort not in ("drop", "mea")
        and not (token.text == "風" and index and tokens[index - 1].sort == "medium")
    ]
    order, skip = Order(), 0
    for index, token in enumerate(tokens):
        if skip:
            skip -= 1
            continue
        following, further = ([*tokens[index + 1 : index + 3], None, None])[:2]
        if token.sort in NOUNS:
            order.noun(token)
        elif token.sort in FRONT:
            _describe(order, token, following)
        elif token.sort == "time":
            skip = _time(order, token, following, further)
        elif token.sort in ("verb", "ride"):
            order.verb(token, any(later.sort in NOUNS for later in tokens[index + 1 :]))
        elif token.sort == "says":
            order.says()
        elif token.sort == "no" and following is not None and following.sort == "rel":
            skip = _relation(order, following, further)
        elif token.sort == "no":
            order.of(following)
        else:
            _particle(order, token)
    return order.whole()


def _describe(order: Order, token: Token, following: Token | None) -> None:
    """A word before a noun: 髪が長い is "with long hair"."""
    if order.subject is not None and order.subject.sort in ("part", "worn"):
        order.behind.append(f"with {token.english} {order.subject.whole}")
        order.subject = None
    elif following is None and order.subject is not None and order.named is None:
        order.subject = Named(f"{token.english} {order.subject.text}", order.subject.sort, order.subject.behind)
    elif token.english not in [before.english for before in order.front]:
        order.front.append(token)


def _time(order: Order, token: Token, following: Token | None, further: Token | None) -> int:
    """A time: of the next noun behind の, else of all; how many of the next tokens belong to it."""
    if following is not None and following.sort == "no":
        under = further is not None and further.sort == "rel"  # 月明かりの下
        (order.where if under else order.behind).append(token.english)
        return 2 if under else 1
    if order.named is not None:  # 東京の夜 is "tokyo at night"
        order.named = Named(order.named.text, order.named.sort, (*order.named.behind, token.english))
    else:
        order.where.append(token.english)
    return 1 if following is not None and following.sort in ("ni", "de", "ga") else 0


def _relation(order: Order, relation: Token, following: Token | None) -> int:
    """Where the noun that was read last is the place: "under the tree"; how many of the next tokens belong to it."""
    if order.named is None:
        return 1
    where = f"{relation.english} {the(order.named.whole)}"
    order.named = None
    if following is not None and following.sort == "no":
        order.behind.append(where)
        return 2
    order.where.append(where)
    return 1 + (following is not None and following.sort in ("ni", "de", "wo", "ga"))


def _particle(order: Order, token: Token) -> None:
    """A particle behind a noun: what the noun is to the verb, or that another noun follows."""
    if order.named is None:
        return
    text = order.named.whole
    if token.sort == "wo":
        order.done = text
    elif token.sort == "ga":
        order.subject = order.named
    elif token.sort == "ni":
        if order.rides:
            order.where.append(at(order.rides))
        order.rides = text
    elif token.sort == "de":
        order.where.append(at(text))
    elif token.sort == "from":
        order.where.append(f"from {the(text)}")
    elif token.sort == "and":
        order.others.append(text)
    elif token.sort == "not":
        order.behind.append(f"without {text}")
    else:
        return
    order.named = None


def the(words: str) -> str:
    """A thing with an article, unless it has one or is a name."""
    named = any(words == name or words.startswith(f"{name} ") for name in PROPER)
    if named or words.startswith(("a ", "an ", "the ")):
        return words
    return words if words.endswith("s") and " " not in words else f"the {words}"


def at(words: str) -> str:
    """A place with its preposition: "on the table", "by the window", "in the forest"."""
    last = re.split(r" (?:in|at|on|with|by|over|under) ", words)[0].split()[-1]
    preposition = "on" if last in ON else "by" if last in BY else "in"
    return f"{preposition} {the(words)}"
