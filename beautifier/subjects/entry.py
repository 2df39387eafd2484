"""A subject entry: what may be added to a prompt about a thing.

It holds phrases by role (detail, doing, place, light, view, color) that are true of its subject in nearly any picture.
A medium's details are its marks, a quality's how it shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

ROLES = ("detail", "doing", "place", "light", "view", "color")
SETTING_KINDS = frozenset(
    "scene landscape place interior city building room water sky space weather shop town underground street ruin "
    "desert forest mountain planet kitchen stage".split()
)
PERSON_KINDS = frozenset("person people woman man girl boy child warrior athlete student".split())
LIVING_KINDS = PERSON_KINDS | frozenset(
    "animal bird insect fish pet creature dog cat mammal reptile amphibian primate dinosaur farm-animal sea-creature "
    "arachnid prehistoric character".split()
)


USUAL_WORTH = 5  # of a phrase that no reader judged


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A subject: its names, its kinds, and phrases by role that fit it by construction.

    worth: a digit a phrase, role by role: how telling and how seldom wrong it is, whatever else was typed; "": unknown.
    """

    subject: str
    also: tuple[str, ...]
    zh: tuple[str, ...]
    kinds: frozenset[str]
    detail: tuple[str, ...]
    doing: tuple[str, ...]
    place: tuple[str, ...]
    light: tuple[str, ...]
    view: tuple[str, ...]
    color: tuple[str, ...]
    tags: tuple[str, ...]
    worth: str = ""

    def phrases(self, role: str) -> Iterator[tuple[str, int]]:
        """The phrases of a role, each with its worth, 0 to 9."""
        before = sum(len(getattr(self, each)) for each in ROLES[: ROLES.index(role)]) if self.worth else 0
        for number, phrase in enumerate(getattr(self, role), before):
            yield phrase, int(self.worth[number]) if self.worth else USUAL_WORTH

    @property
    def sort(self) -> str:
        """ "medium", "quality", "action" or "subject": how the entry may be used in a prompt about something else."""
        for sort in ("medium", "quality", "action"):
            if sort in self.kinds:
                return sort
        return "subject"

    @property
    def is_setting(self) -> bool:
        """Whether other things can be in it."""
        return self.sort == "subject" and not self.kinds.isdisjoint(SETTING_KINDS)

    @property
    def is_person(self) -> bool:
        """Whether it is a human being or a group of them."""
        return not self.kinds.isdisjoint(PERSON_KINDS) and "idea" not in self.kinds and "event" not in self.kinds

    @property
    def is_living(self) -> bool:
        """Whether it is a person or an animal."""
        return not self.kinds.isdisjoint(LIVING_KINDS) and not self.is_setting
