"""How many rows each step dropped and why, with samples: the same however the rows are divided."""

import zlib
from collections import Counter

SAMPLES = 3


class DropTable:
    """Counts and a few samples of every reason; tables of parts are merged into one.

    The samples are the texts with the smallest hashes, so that they do not depend on who saw which row first.
    """

    def __init__(self):
        self.counts: Counter[str] = Counter()
        self.samples: dict[str, list[tuple[int, str]]] = {}

    def add(self, reason: str, text: str) -> None:
        self.counts[reason] += 1
        self._offer(reason, (zlib.crc32(text.encode()), text[:150]))

    def _offer(self, reason: str, sample: tuple[int, str]) -> None:
        samples = self.samples.setdefault(reason, [])
        if len(samples) < SAMPLES or sample < samples[-1]:
            if sample not in samples:
                samples.append(sample)
                samples.sort()
            del samples[SAMPLES:]

    def merge(self, part: dict) -> None:
        """Add the table of a part, in the form that `as_json` gives."""
        self.counts.update(part["counts"])
        for reason, samples in part["samples"].items():
            for number, text in samples:
                self._offer(reason, (number, text))

    def as_json(self) -> dict:
        return {"counts": dict(self.counts), "samples": self.samples}

    def lines(self) -> list[str]:
        """The table as it is printed: the most frequent reasons first, samples below each."""
        found = []
        for reason, count in sorted(self.counts.items(), key=lambda item: (-item[1], item[0])):
            found.append(f"{count:>9,}  {reason}")
            found += [f"           | {text}" for _, text in self.samples.get(reason, ())]
        return found
