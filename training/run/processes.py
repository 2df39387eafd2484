"""Work with what takes long to load, such as a pipeline of pictures: in this process, or by one of Ray for each GPU."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from .cluster import Outcome, actors, found, outcome

RESTARTS = 3  # of a process that died

Make = Callable[[], object]  # loads what is worked with
Work = Callable[[object, object], object]  # (what was loaded, a part of the work) -> its result


class Here:
    """Work in this process; one thing is loaded at a time, when it is first needed."""

    count = 1

    def __init__(self):
        self.number, self.made = None, None

    def each(self, make: Make, work: Work, parts: Iterable[object], number: int = 0) -> Iterator[object]:
        """The result of every part."""
        for part in parts:
            yield work(self.loaded(number, make), part)

    def loaded(self, number: int, make: Make) -> object:
        """What `make` loads; what another number stood for is let go before."""
        if self.number != number:
            self.made = None
            free_memory()
            self.made, self.number = make(), number
        return self.made


class Remote(Here):
    """The same in a process of Ray. What goes wrong comes back as a value: of an error that is raised Ray hands on the
    text of a whole stack."""

    def ask(self, make: Make, work: Work, part: object, number: int) -> Outcome:
        """The result of one part."""
        return outcome(lambda: work(self.loaded(number, make), part))


class Spread:
    """Work by several processes of Ray."""

    def __init__(self, workers: list):
        self.workers, self.count = workers, len(workers)

    def each(self, make: Make, work: Work, parts: Iterable[object], number: int = 0) -> Iterator[object]:
        """The result of every part as it is done. Raises what the work raises, and RuntimeError where a process died
        again and again."""
        import ray
        from ray.util import ActorPool

        # Each worker twice: it has the next part at hand when one is done, so that no GPU waits for this process.
        pool = ActorPool([*self.workers, *self.workers])
        make, work = ray.put(make), ray.put(work)
        try:
            yield from map(found, pool.map_unordered(lambda one, part: one.ask.remote(make, work, part, number), parts))
        except ray.exceptions.RayActorError as error:
            raise RuntimeError(
                f"a process died {RESTARTS + 1} times, of too little memory most likely: lower --batch-size; the same "
                "command goes on with what is left"
            ) from error


@contextmanager
def processes(with_ray: bool, without_gpu: int = 1) -> Iterator[Here | Spread]:
    """What has work done: this process, or one of Ray for each GPU, or `without_gpu` of them where there is none."""
    if not with_ray:
        yield Here()
        return
    import ray

    resources = actors(without_gpu)
    count = resources.pop("concurrency")
    # Ray starts a process that died (a GPU's fault, too little memory) anew, and gives it the part that it had.
    lives = {"max_restarts": RESTARTS, "max_task_retries": RESTARTS}
    workers = [ray.remote(Remote).options(**resources, **lives).remote() for _ in range(count)]
    try:
        yield Spread(workers)
    finally:
        for worker in workers:
            ray.kill(worker)


numbers = itertools.count(1).__next__  # of things that are loaded, none like another


def free_memory() -> None:
    """Give back what nothing holds any more, of a GPU too."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
