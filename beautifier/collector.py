"""Python's collector of garbage is kept from what a command loads: all of that stays until the process ends.

Each of its rounds looks at every object there is. Importing torch and loading a model makes half a million, and the
rounds meanwhile and at the end take a quarter of the time of a command that answers one prompt.
"""

import atexit
import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def staying() -> Generator[None]:
    """Nothing is collected within, and what is there behind it is never looked at again: not at the end either.

    Where this process has done so before, nothing but the first half happens.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
            atexit.register(gc.freeze)  # the interpreter collects once more when it ends
        if was_on:
            gc.enable()
