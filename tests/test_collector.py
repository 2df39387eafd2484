"""The collector of garbage: at rest while a command loads, and awake again behind it, for what comes later alone."""

import json
import subprocess
import sys

LOADS = """
import atexit, gc, json, sys
from prompt_beautifier.beautifier.collector import staying
atexit.register(lambda: print(json.dumps(seen)))
seen = {}
try:
    with staying():
        loaded = [[] for _ in range(5000)]
        seen["within"] = gc.isenabled()
        raise OSError("a file is missing")
except OSError:
    seen["behind"] = gc.isenabled()
seen["kept"] = gc.get_freeze_count() > 5000 and not any(each is loaded for each in gc.get_objects())
before = gc.get_freeze_count()
with staying():
    later = [[] for _ in range(5000)]
seen["again"] = gc.get_freeze_count() - before > 1000
gc.disable()
with staying():
    pass
seen["off"] = gc.isenabled()
"""


def test_what_is_loaded_is_not_looked_at_and_the_rest_is():
    """In a process of its own: what it keeps there would be kept in this one, too."""
    done = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"within": False, "behind": True, "kept": True, "again": False, "off": False}
