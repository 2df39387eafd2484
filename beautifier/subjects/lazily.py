"""A table whose values are made when they are asked for: a prompt needs a few of thousands."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Generic, TypeVar

R = TypeVar("R")
V = TypeVar("V")


class Lazily(Mapping[str, V], Generic[R, V]):
    """What each key leads to.

    table  gives the rows by key; it is called once, when the first of them is asked for
    made   makes a value of a row, when that is asked for

    Whoever asks for a key gets the same value, from several threads too.
    """

    def __init__(self, table: Callable[[], Mapping[str, R]], made: Callable[[R], V]):
        self.table, self.made = table, made
        self.values_made: dict[str, V] = {}

    @cached_property
    def rows(self) -> Mapping[str, R]:
        """The rows by key."""
        return self.table()

    def __getitem__(self, key: str) -> V:
        if key not in self.values_made:
            self.values_made.setdefault(key, self.made(self.rows[key]))
        return self.values_made[key]

    def __contains__(self, key: object) -> bool:
        return key in self.rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)
