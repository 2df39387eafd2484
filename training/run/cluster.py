"""Work on many parts at once with Ray: in this process, on the cores of this computer, or on a cluster.

`--workers 0` uses no Ray, `--workers N` starts Ray with N cores here and ends it again, `--address` joins a cluster
that runs, whose computers must all see the output folder under the same path and have this package installed.
"""

import argparse
import logging
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .missing import how_to_install

OBJECT_STORE = 256 * 2**20  # bytes; what travels through Ray is numbers of parts, the rows travel through files


def add_cluster_options(parser: argparse.ArgumentParser, workers: int = 1) -> None:
    """The flags that say where the work is done, with a stage's own number of workers."""
    group = parser.add_argument_group("where the work is done")
    group.add_argument(
        "--workers", type=int, default=workers, help="processes on this computer; 0: this process alone, without Ray"
    )
    group.add_argument("--address", help="'auto' or host:port of a Ray cluster that runs, instead of --workers")


@contextmanager
def cluster(workers: int, address: str | None = None, gpus: int | None = None) -> Iterator[bool]:
    """Ray for as long as the block lasts; whether there is one (`workers` above 0, or an address).

    gpus: how many to tell Ray of; None leaves it to Ray to find them. A Ray that this process has started before
    is used and left running. Raises ImportError without Ray, ValueError for a negative number of workers.
    """
    if workers < 0:
        raise ValueError(f"workers must be 0 or more, not {workers}")
    if not workers and not address:
        yield False
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report to its makers
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError(f"Ray is not installed: {how_to_install()}, or work without it (--workers 0)") from error
    ours = not ray.is_initialized()
    if ours and address:
        ray.init(address=address, logging_level=logging.ERROR)
    elif ours:
        start_ray(workers, gpus)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    try:
        yield True
    finally:
        if ours:
            ray.shutdown()


def start_ray(cores: int, gpus: int | None = None) -> None:
    """Start Ray on this computer alone: no dashboard, nothing sent to its makers, and workers that are as urgent as
    this process (Ray's own are at nice 15: beside other work on the computer they hardly get on)."""
    import ray

    ray.init(
        num_cpus=cores,
        num_gpus=gpus,
        include_dashboard=False,
        object_store_memory=OBJECT_STORE,
        logging_level=logging.ERROR,
        log_to_driver=False,
        _system_config={"worker_niceness": 0},
    )


def actors(without_gpu: int = 1) -> dict:
    """Ray's resources for work that loads a network: one process a GPU, or so many where there is none."""
    import ray

    gpus = int(ray.cluster_resources().get("GPU", 0))
    return {"concurrency": gpus or max(1, without_gpu), **({"num_gpus": 1} if gpus else {"num_cpus": 1})}


# What the work raises with a message for the user; of other errors the user gets the stack, too.
EXPECTED = {kind.__name__: kind for kind in (FileNotFoundError, ImportError, OSError, RuntimeError, ValueError)}


# What a call in another process came to: its value, the kind of its error ("" for none), and the error's message.
Outcome = tuple[object, str, str]


def outcome(call: Callable[[], object]) -> Outcome:
    """Make a call; what goes wrong is a value."""
    try:
        return call(), "", ""
    except Exception as problem:
        error = next((kind for kind in EXPECTED if isinstance(problem, EXPECTED[kind])), type(problem).__name__)
        return None, error, str(problem) if error in EXPECTED else traceback.format_exc()


def found(outcome: Outcome):
    """The value of a call that was made elsewhere, or its error."""
    value, error, message = outcome
    if error:
        raise EXPECTED.get(error, RuntimeError)(message)
    return value
