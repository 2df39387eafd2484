"""How fast the language model is, beside its peers, in one run: `make bench`.

    python benchmarks/speed.py                             every table; 10 GB of memory, 25 GB of disk, an hour
    python benchmarks/speed.py --tables big --rounds 1     one table, quickly; the others stay in the results
    python benchmarks/speed.py --tables chat --folder NETS --resume --tokens 32
                                                           goes on where a run with that folder was stopped

Tables: big (BLOOM-1b1 with random weights on the CPU), chat (Qwen3-0.6B and 1.7B, likewise), embedded, load, cold,
cost, profile. GPUs have a script of their own, gpu.py.
An engine runs in a process of its own, once a round, in turn with the others; figures are medians over the rounds with
the lowest and the highest. The peers: pip install transformers ctranslate2 llama-cpp-python gguf; what is not
installed is left out and said. Writes speed.json, speed.md (the tables, and at their head the ratios) and speed.svg
(the chart of the first table) into --out.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engines import ENGINES
from shapes import BLOOM_1B1, QWEN3_0_6B, QWEN3_1_7B, TINY_BLOOM, TINY_QWEN3, Shape, random_checkpoint

NEW_TOKENS = 64
EMBEDDED_ROWS = {
    "answer": "warm answer, ranked",
    "network": "the fit network in it",
    "transformers": "transformers' BertModel on the same weights and texts",
}
COUNTS, LENGTHS = (1, 2, 4, 5, 8, 16), (16, 32, 64, 128, 256)
CHAT = {"0.6B": QWEN3_0_6B, "1.7B": QWEN3_1_7B}
CHAT_ENGINES = ("hf-bfloat16", "llama-q8_0", "llama-q4_0", "ours-bfloat16", "ours-int8", "ours-int4")
BIG_ENGINES = ("snippet", "hf-bfloat16", "hf-int8", "ct2-int8", "llama-f16", "llama-q8_0")
BIG_ENGINES += ("ours-float32", "ours-bfloat16", "ours-int8", "ours-int4")
WRITES_FILES = (
    "ct2-int8",
    "llama-f16",
    "llama-q8_0",
    "llama-q4_0",
    "ours-int8",
    "ours-int4",
)  # once, beside a checkpoint

# -- one process


def work(name: str, folder: Path, runs: list[list[int]]) -> dict:
    """What one process measures: load time, seconds of each run (count, tokens), the most memory it had."""
    started = time.perf_counter()
    write = ENGINES[name].load(folder)
    found = {"load": time.perf_counter() - started, "runs": []}
    write(runs[0][0], 3)  # what is done once is not counted
    for count, tokens in runs:
        started = time.perf_counter()
        written = write(count, tokens)
        seconds = time.perf_counter() - started
        assert written == count * tokens, (name, written)
        found["runs"].append({"count": count, "tokens": tokens, "seconds": seconds})
    return found | {"peak": peak()}


def peak() -> int:
    """Bytes of memory this process had at most."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def profile(name: str, folder: Path) -> dict:
    """The operations of 32 steps of 5 candidates: [name, calls a token, share of the time] of the largest."""
    from torch.profiler import ProfilerActivity, profile

    write = ENGINES[name].load(folder)
    write(5, 32)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        write(5, 32)
    events = sorted(found.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    return {"share": [[event.key, event.count / 32, event.self_cpu_time_total / total] for event in events[:12]]}


def in_process(task: str, name: str, folder: Path, runs: list[list[int]]) -> dict:
    command = [sys.executable, __file__, "--work", task, name, str(folder), json.dumps(runs)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def rounds_of(names: list[str], folder: Path, runs: list, options) -> dict[str, list[dict]]:
    """What each round of each engine measured. It is kept in the folder: with --resume no round is measured twice."""
    path = folder / "rounds.json"
    kept = json.loads(path.read_text()) if options.resume and path.exists() else {}
    found = {name: [] for name in names}
    for number in range(options.rounds):
        for name in names:
            key = json.dumps([name, number, runs])
            if key not in kept:
                print(f"  round {number + 1}: {ENGINES[name].label}", file=sys.stderr, flush=True)
                kept[key] = in_process("work", name, folder, runs)
                path.write_text(json.dumps(kept))
            found[name].append(kept[key])
    return found


def timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def spread(values) -> dict:
    values = sorted(values)
    return {"median": statistics.median(values), "low": values[0], "high": values[-1]}


def shown(value: dict, unit: str = "", digits: int = 1) -> str:
    low, median, high = (f"{value[key]:.{digits}f}" for key in ("low", "median", "high"))
    return f"{median}{unit}" if low == high else f"{median}{unit} ({low} to {high})"


# -- tables: NAME_table measures, NAME_text is its Markdown


def installed(names, notes: list[str]) -> list[str]:
    missing = [name for name in names if not ENGINES[name].is_installed]
    notes += [f"{ENGINES[name].label} is left out: {ENGINES[name].package} is not installed." for name in missing]
    return [name for name in names if name not in missing]


def rates(names: list[str], folder: Path, options) -> dict:
    """Tokens a second over all sequences, memory and load time of each engine."""
    runs = [[1, options.tokens], [5, options.tokens]]
    for name in names:
        if name in WRITES_FILES and not (options.resume and (folder / "rounds.json").exists()):
            in_process("work", name, folder, [[1, 3]])
    return {
        name: {
            **{
                f"rate_{count}": spread(count * tokens / each["runs"][place]["seconds"] for each in found)
                for place, (count, tokens) in enumerate(runs)
            },
            "peak_gb": spread(each["peak"] / 1e9 for each in found),
            "load_s": spread(each["load"] for each in found),
        }
        for name, found in rounds_of(names, folder, runs, options).items()
    }


def checkpoint(options, shape: Shape) -> Path:
    """The folder of a shape's checkpoint, written when it is first asked for."""
    if options.tiny:
        shape = TINY_BLOOM if shape is BLOOM_1B1 else TINY_QWEN3
    return random_checkpoint(options.folder / shape.name.replace(" ", "-"), shape)


def measured(shape: Shape, engines: tuple[str, ...], options) -> dict:
    """A table of rates on one shape."""
    notes: list[str] = []
    names = installed([name for name in engines if name in options.engines], notes)
    return {
        "rows": rates(names, checkpoint(options, shape), options),
        "bandwidth_gb_s": bandwidth(),
        "weights": shape.weights_a_token_reads,
        "notes": notes,
    }


def big_table(options) -> dict:
    return measured(BLOOM_1B1, BIG_ENGINES, options)


def chat_table(options) -> dict:
    """Networks of the size of small chat models."""
    return {size: measured(shape, CHAT_ENGINES, options) for size, shape in CHAT.items()}


def chat_text(table: dict) -> str:
    limits = {"bfloat16": 2, "int8": 1, "4 bits": 5 / 8}
    return "\n\n".join(
        rates_text(each, "hf-bfloat16", f"{CHAT[size].name}, CPU", limits) for size, each in table.items()
    )


def bandwidth() -> float:
    """GB/s at which memory can be read."""
    import torch

    block = torch.ones(2**27, dtype=torch.int32)  # 512 MB
    return max(block.nbytes / timed(block.amax) for _ in range(8)) / 1e9


def rates_text(table: dict, first: str, where: str, limits: dict[str, float]) -> str:
    """first  the engine that a column compares with"""
    lines = [
        f"| {where} | 1 sequence, tokens/s | 5 sequences, tokens/s | times the first row | peak memory | load |",
        "|---|---|---|---|---|---|",
    ]
    snippet = table["rows"].get(first)
    for name, row in table["rows"].items():
        times = f"{row['rate_5']['median'] / snippet['rate_5']['median']:.1f}" if snippet else ""
        lines.append(
            f"| {ENGINES[name].label} | {shown(row['rate_1'])} | {shown(row['rate_5'])} | {times} | "
            f"{shown(row['peak_gb'], ' GB', 2)} | {shown(row['load_s'], ' s')} |"
        )
    for kind, size in limits.items():
        gigabytes, speed = size * table["weights"] / 1e9, table["bandwidth_gb_s"]
        steps = speed / gigabytes
        label = f"limit by reading {speed:.0f} GB/s, {kind}"
        lines.append(f"| {label} | {steps:.1f} | {5 * steps:.1f} | | {gigabytes:.2f} GB | |")
    return "\n".join(lines + [""] * bool(table["notes"]) + table["notes"])


def big_text(table: dict) -> str:
    return rates_text(table, "snippet", "BLOOM-1b1, CPU", {"float32": 4, "bfloat16": 2, "int8": 1})


def embedded_table(options) -> dict:
    """A warm answer of the embedded model, and its fit network beside transformers on the same weights and texts."""
    measured = in_process("embedded", "", Path(), [[options.rounds]])
    return {name: spread(values) for name, values in measured.items()}


def embedded_text(table: dict) -> str:
    return "\n".join(
        [
            "| embedded model, 5 candidates | ms a raw prompt |",
            "|---|---|",
            *(
                f"| {label} | {shown({key: 1e3 * value for key, value in table[name].items()}, digits=0)} |"
                for name, label in EMBEDDED_ROWS.items()
            ),
        ]
    )


def load_table(options) -> dict:
    """Loading int8 after the first time, beside reading its file from the page cache."""
    folder = checkpoint(options, BLOOM_1B1)
    in_process("work", "ours-int8", folder, [[1, 3]])
    path, reads, loads, peaks = folder / "model.int8.safetensors", [], [], []
    for _ in range(options.rounds):
        reads.append(timed(path.read_bytes))
        measured = in_process("work", "ours-int8", folder, [[5, 16]])
        loads.append(measured["load"])
        peaks.append(measured["peak"] / 1e9)
    size = path.stat().st_size / 1e9
    return {"file_gb": size, "read_s": spread(reads), "load_s": spread(loads), "peak_gb": spread(peaks)}


def load_text(table: dict) -> str:
    return "\n".join(
        [
            "| int8 after the first time | |",
            "|---|---|",
            f"| its file | {table['file_gb']:.2f} GB |",
            f"| reading the file into memory | {shown(table['read_s'], ' s', 2)} |",
            f"| loading, import of the code included | {shown(table['load_s'], ' s', 2)} |",
            f"| peak memory of the process | {shown(table['peak_gb'], ' GB', 2)} |",
        ]
    )


def cold_table(options) -> dict:
    commands = {
        "import torch": [sys.executable, "-c", "import torch"],
        "beautify": [sys.executable, "-m", "prompt_beautifier.beautifier.cli", "1 girl"],
    }
    seconds = {name: [] for name in commands}
    for _ in range(max(7, options.rounds)):
        for name, command in commands.items():
            seconds[name].append(
                timed(lambda command=command: subprocess.run(command, check=True, capture_output=True))
            )
    return {name: spread(values) for name, values in seconds.items()}


def cold_text(table: dict) -> str:
    return "\n".join(
        [
            "| a process from start to end | |",
            "|---|---|",
            f'| `python -c "import torch"` | {shown(table["import torch"], " s", 2)} |',
            f'| `beautify "1 girl"` | {shown(table["beautify"], " s", 2)} |',
        ]
    )


def costs() -> list[list[int]]:
    return [[count, NEW_TOKENS] for count in COUNTS] + [[5, tokens] for tokens in LENGTHS]


def cost_table(options) -> dict:
    """Seconds against the number of candidates and of tokens."""
    folder = checkpoint(options, BLOOM_1B1)
    kinds = {
        "BLOOM-1b1, bfloat16": (folder, "ours-bfloat16"),
        "BLOOM-1b1, int8": (folder, "ours-int8"),
    }
    return {label: in_process("work", name, place, costs())["runs"] for label, (place, name) in kinds.items()}


def cost_text(table: dict) -> str:
    runs = next(iter(table.values()))
    head = [f"{run['count']} × {run['tokens']}" for run in runs]
    lines = ["| seconds for candidates × tokens | " + " | ".join(head) + " |", "|---" * (len(head) + 1) + "|"]
    for label, row in table.items():
        lines.append(f"| {label} | " + " | ".join(f"{run['seconds']:.2f}" for run in row) + " |")
    return "\n".join(lines)


def profile_table(options) -> dict:
    """Where the time of a step goes, as torch's profiler has it."""
    folder = checkpoint(options, BLOOM_1B1)
    kinds = {
        "BLOOM-1b1, int8": ("ours-int8", folder),
        "BLOOM-1b1, bfloat16": ("ours-bfloat16", folder),
    }
    return {label: in_process("profile", name, place, [])["share"] for label, (name, place) in kinds.items()}


def profile_text(table: dict) -> str:
    lines = ["| step of 5 candidates | operation: share of the time (calls a token) |", "|---|---|"]
    for kind, share in table.items():
        parts = (f"{name} {part:.0%} ({calls:.0f})" for name, calls, part in share)
        lines.append(f"| {kind} | {', '.join(parts)} |")
    return "\n".join(lines)


TABLES = {
    "big": (big_table, big_text),
    "chat": (chat_table, chat_text),
    "embedded": (embedded_table, embedded_text),
    "load": (load_table, load_text),
    "cold": (cold_table, cold_text),
    "cost": (cost_table, cost_text),
    "profile": (profile_table, profile_text),
}

# -- what it comes to


def ratios(results: dict) -> list[tuple[str, str, float]]:
    """(work, against, ratio) of medians, of all that was measured in this run."""
    found = []

    def rate(table: str, name: str, count: int = 5, size: str | None = None) -> float | None:
        found = results.get(table) or {}
        row = (found.get(size, {}) if size else found).get("rows", {}).get(name)
        return row and row[f"rate_{count}"]["median"]

    def compare(work: str, against: str, mine: float | None, theirs: list[float | None]) -> None:
        theirs = [value for value in theirs if value]
        if mine and theirs:
            found.append((work, against, mine / max(theirs)))

    snippet, peers = "the published snippet", ("llama-f16", "llama-q8_0", "ct2-int8")
    compare("5 candidates, CPU, int8", snippet, rate("big", "ours-int8"), [rate("big", "snippet")])
    compare(
        "5 candidates, CPU, int8",
        "the fastest of llama.cpp and CTranslate2",
        rate("big", "ours-int8"),
        [rate("big", name) for name in peers],
    )
    compare("5 candidates, CPU, bfloat16", snippet, rate("big", "ours-bfloat16"), [rate("big", "snippet")])
    compare("1 candidate, CPU, int8", "llama.cpp Q8_0", rate("big", "ours-int8", 1), [rate("big", "llama-q8_0", 1)])
    for size, shape in CHAT.items():
        for count, said in ((5, "5 candidates"), (1, "1 candidate")):
            for dtype, theirs in (("int8", "q8_0"), ("int4", "q4_0")):
                mine, llama = (rate("chat", name, count, size) for name in (f"ours-{dtype}", f"llama-{theirs}"))
                compare(f"{shape.name}, {said}, CPU, {dtype}", f"llama.cpp {theirs.upper()}", mine, [llama])
    if load := results.get("load"):
        found.append(("peak memory, CPU, int8", "size of the int8 file", load["peak_gb"]["median"] / load["file_gb"]))
        times = load["load_s"]["median"] / load["read_s"]["median"]
        found.append(("load after the first time, CPU, int8", "reading that file", times))
    if embedded := results.get("embedded"):
        times = embedded["transformers"]["median"] / embedded["network"]["median"]
        found.append(("the embedded model's network", "transformers' BertModel, same weights and texts", times))
    if cold := results.get("cold"):
        times = cold["beautify"]["median"] / cold["import torch"]["median"]
        found.append(('time of `beautify "1 girl"`, from start to end', '`python -c "import torch"`', times))
    return found


def ratios_text(rows: list[tuple[str, str, float]]) -> str:
    lines = ["| work | against | times |", "|---|---|---|"]
    return "\n".join(lines + [f"| {work} | {against} | {times:.2f} |" for work, against, times in rows])


def chart(table: dict) -> str:
    """The first table as bars: tokens a second of 5 sequences."""
    rows = [(ENGINES[name].label, row["rate_5"]["median"]) for name, row in table["rows"].items()]
    most, left, bar, step = max(rate for _, rate in rows), 330, 380, 30
    height = step * len(rows) + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" font-family="sans-serif" font-size="14">',
        f'<rect width="800" height="{height}" fill="#ffffff"/>',
        '<text x="10" y="24" font-weight="bold">BLOOM-1b1, 5 candidates, CPU: tokens a second</text>',
    ]
    for place, (name, rate) in enumerate(rows):
        y, width = 40 + step * place, bar * rate / most
        colour = "#2a7f62" if name.startswith("this pack") else "#9aa5b1"
        name = name.replace("published snippet (transformers generate, float32)", "published snippet, float32")
        parts += [
            f'<text x="{left - 8}" y="{y + 16}" text-anchor="end">{name}</text>',
            f'<rect x="{left}" y="{y}" width="{width:.1f}" height="22" fill="{colour}"/>',
            f'<text x="{left + width + 6:.1f}" y="{y + 16}">{rate:.0f}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def earlier_results(path: Path, tables: list[str]) -> dict:
    """The tables that an earlier run left and that are not to be measured now."""
    found = json.loads(path.read_text()) if path.exists() else {}
    return {name: table for name, table in found.items() if name in TABLES and name not in tables}


def write_results(results: dict, options) -> None:
    facts = " · ".join(f"{key} {value}" for key, value in results["machine"].items())
    texts = [text(results[name]) for name, (_, text) in TABLES.items() if name in results]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "speed.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "speed.md").write_text("\n\n".join([facts, ratios_text(ratios(results)), *texts]) + "\n")
    if "big" in results:
        (options.out / "speed.svg").write_text(chart(results["big"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    add("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), help="rows of the tables big and chat")
    add("--rounds", type=int, default=3)
    add("--tokens", type=int, default=NEW_TOKENS, help="of an answer, in the tables big and chat")
    add("--resume", action="store_true", help="with --folder: no round of big and chat is measured twice")
    add("--folder", type=Path, help="keeps the random checkpoints (default: a temporary folder)")
    add("--out", type=Path, default=Path(__file__).parent / "results")
    add("--tiny", action="store_true", help="a network of two layers: does everything run?")
    add("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        task, name, folder, runs = options.work
        if task == "embedded":
            import embedded

            found = embedded.measure(*json.loads(runs)[0])
        else:
            found = profile(name, Path(folder)) if task == "profile" else work(name, Path(folder), json.loads(runs))
        print(json.dumps(found))
        return
    import torch

    results: dict = {
        "machine": {
            "torch": torch.__version__,
            "processor": processor(),
            "threads": torch.get_num_threads(),
        }
    }
    if earlier := earlier_results(options.out / "speed.json", options.tables):
        results["machine"]["measured now"] = ", ".join(options.tables) + ": compare within a table only"
        results |= earlier
    with tempfile.TemporaryDirectory() as temporary:
        options.folder = options.folder or Path(temporary)
        for name in options.tables:
            measure, text = TABLES[name]
            results[name] = measure(options)
            print(f"\n{text(results[name])}\n", flush=True)
            write_results(results, options)
    print(ratios_text(ratios(results)))


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
