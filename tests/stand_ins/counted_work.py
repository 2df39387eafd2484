"""How much work a call is, counted instead of timed: the lines of Python that it runs, the same on any machine.

What a pattern does within one call is not seen: texts long enough that one which goes back again and again would never
end are for that.
"""

import sys
from collections.abc import Callable


def lines_run(call: Callable[[], object]) -> int:
    """How many lines of Python a call runs; a line that repeats, as in a loop or a comprehension, counts each time."""
    count = 0

    def watch(frame, event, arg):
        nonlocal count
        if event == "line":
            count += 1
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def grows_with_its_text(call: Callable[[str], object], unit: str, characters: int = 1500) -> bool:
    """Whether a call on a text four times as long is about four times the work; looking twice at all that stands
    before or behind each place would make it sixteen times.

    call: what is asked of a text. unit: what the text repeats. characters: of the shorter text.
    """
    short, long = (unit * (size // len(unit) + 1) for size in (characters, 4 * characters))
    call(short)  # what is read once and kept is no work of the text's
    return lines_run(lambda: call(long)) < 7 * lines_run(lambda: call(short + " ")) + 2000
