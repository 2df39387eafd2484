"""How fast the language model is, beside its peers, in one run: `make bench`.

    python benchmarks/speed.py                             every table; 10 GB of memory, 8 GB of disk, 20 minutes or so
    python benchmarks/speed.py --tables big --rounds 1     one table, quickly

Tables: big (BLOOM-1b1 with random weights), embedded, load, cold, cost, profile. An engine runs in a process of its
own, once a round, in turn with the others; figures are medians over the rounds with the lowest and the highest. What
is not installed (ctranslate2) is left out and said. Writes speed.json, speed.md and speed.svg (the chart of the first
table) into --out.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

PROMPT_TOKENS, NEW_TOKENS = 28, 64
VOCABULARY, HIDDEN, LAYERS, HEADS = 250_880, 1536, 24, 16  # bigscience/bloom-1b1
EMBEDDED_TOKENS = 60
COUNTS, LENGTHS = (1, 2, 4, 5, 8, 16), (16, 32, 64, 128, 256)
# The published settings, and an answer does not end before its time: every engine writes as many tokens.
PUBLISHED = {"do_sample": True, "top_k": 50, "top_p": 0.95, "repetition_penalty": 1.2}

NAMES = {
    "snippet": "published snippet (transformers generate, float32)",
    "hf-bfloat16": "transformers generate, bfloat16",
    "hf-int8": "transformers generate, dynamic int8",
    "ct2-int8": "CTranslate2, int8",
    "ours-float32": "this pack, float32",
    "ours-bfloat16": "this pack, bfloat16",
    "ours-int8": "this pack, int8",
}


# -- engines: each is write(count, tokens), which writes `tokens` tokens `count` times
# ----------------------------------------------------------------------------------------------------------


def ours(folder: Path, dtype: str):
    import torch

    from prompt_beautifier.beautifier.beautify import load_fastest
    from prompt_beautifier.beautifier.decoding import Sampling, generate

    network = load_fastest(folder, getattr(torch, dtype), torch.device("cpu"), True)

    def write(count: int, tokens: int) -> int:
        sampling = Sampling(max_new_tokens=tokens, min_new_tokens=tokens)
        answers = generate(network, prompt(network.config.vocab_size), count, 0, sampling)
        return sum(len(answer.tokens) for answer in answers)

    return write


def transformers_generate(folder: Path, kind: str):
    import torch
    import transformers

    dtype = torch.bfloat16 if kind == "hf-bfloat16" else torch.float32
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, torch_dtype=dtype).eval()
    if kind == "hf-int8":
        model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, torch.qint8)

    def write(count: int, tokens: int) -> int:
        asked = torch.tensor([prompt(model.config.vocab_size)])
        with torch.inference_mode():
            rows = model.generate(
                asked, attention_mask=torch.ones_like(asked), pad_token_id=3, num_return_sequences=count,
                max_new_tokens=tokens, min_new_tokens=tokens, **PUBLISHED,
            )  # fmt: skip
        return rows[:, asked.shape[1] :].numel()

    return write


def ctranslate2_generate(folder: Path, _kind: str):
    import ctranslate2

    converted = folder / "ct2-int8"
    words = words_of(VOCABULARY)
    if not converted.exists():
        spec_from_transformers(folder, converted, words)
    generator = ctranslate2.Generator(
        str(converted), device="cpu", compute_type="int8", intra_threads=threads()
    )

    def write(count: int, tokens: int) -> int:
        asked = [words[token] for token in prompt(VOCABULARY)]
        (result,) = generator.generate_batch(
            [asked], num_hypotheses=count, max_length=tokens, min_length=tokens, include_prompt_in_result=False,
            sampling_topk=50, sampling_topp=0.95, repetition_penalty=1.2,
        )  # fmt: skip
        return sum(map(len, result.sequences_ids))

    return write


def words_of(size: int) -> list[str]:
    return ["<unk>", "<s>", "</s>", "<pad>", *(f"w{number}" for number in range(4, size))]


def spec_from_transformers(folder: Path, target: Path, words: list[str]) -> None:
    """CTranslate2's own converter, given words instead of a tokenizer: the checkpoint has none."""
    import torch
    import transformers
    from ctranslate2.converters.transformers import BloomLoader

    model = transformers.AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32)
    loader = BloomLoader()
    spec = loader.get_model_spec(model)
    spec.register_vocabulary(words)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<s>", "</s>", "<unk>"
    spec.validate()
    spec.optimize(quantization="int8")
    target.mkdir()
    spec.save(str(target))


def prompt(vocabulary: int) -> list[int]:
    return [(7919 * place) % (vocabulary - 100) + 50 for place in range(1, PROMPT_TOKENS + 1)]


def engine(name: str, folder: Path):
    if name.startswith("ours-"):
        return ours(folder, name.removeprefix("ours-"))
    return (ctranslate2_generate if name.startswith("ct2") else transformers_generate)(folder, name)


def threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


# -- one process
# ----------------------------------------------------------------------------------------------------------


def work(name: str, folder: Path, runs: list[list[int]]) -> dict:
    """What one process measures: load time, seconds of each run (count, tokens), the most memory it had."""
    started = time.perf_counter()
    write = engine(name, folder)
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


def in_process(name: str, folder: Path, runs: list[list[int]]) -> dict:
    command = [sys.executable, __file__, "--work", name, str(folder), json.dumps(runs)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def rounds_of(names: list[str], folder: Path, runs: list, rounds: int) -> dict[str, list[dict]]:
    found = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            print(f"  round {number + 1}: {name}", file=sys.stderr, flush=True)
            found[name].append(in_process(name, folder, runs))
    return found


def spread(values) -> dict:
    values = sorted(values)
    return {"median": statistics.median(values), "low": values[0], "high": values[-1]}


def shown(value: dict, unit: str = "", digits: int = 1) -> str:
    low, median, high = (f"{value[key]:.{digits}f}" for key in ("low", "median", "high"))
    return f"{median}{unit}" if low == high else f"{median}{unit} ({low} to {high})"


# -- tables
# ----------------------------------------------------------------------------------------------------------


def random_checkpoint(folder: Path) -> Path:
    """BLOOM-1b1's shapes in float16, as the published checkpoint is stored; written a tensor at a time."""
    import torch
    from safetensors.torch import save_file

    place = folder / "bloom-1b1-random"
    if (place / "config.json").exists():
        return place
    place.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    shapes = {"word_embeddings.weight": (VOCABULARY, HIDDEN)}
    norms = ["word_embeddings_layernorm", "ln_f"]
    for layer in range(LAYERS):
        norms += [f"h.{layer}.input_layernorm", f"h.{layer}.post_attention_layernorm"]
        for name, rows, columns in (
            ("self_attention.query_key_value", 3 * HIDDEN, HIDDEN),
            ("self_attention.dense", HIDDEN, HIDDEN),
            ("mlp.dense_h_to_4h", 4 * HIDDEN, HIDDEN),
            ("mlp.dense_4h_to_h", HIDDEN, 4 * HIDDEN),
        ):
            shapes |= {f"h.{layer}.{name}.weight": (rows, columns), f"h.{layer}.{name}.bias": (rows,)}
    shapes |= {f"{name}.{kind}": (HIDDEN,) for name in norms for kind in ("weight", "bias")}
    ones = {f"{name}.weight" for name in norms}
    weights = {
        name: 0.03 * torch.randn(shape, dtype=torch.float16) + (name in ones)
        for name, shape in shapes.items()
    }
    save_file(
        {f"transformer.{name}": weight for name, weight in weights.items()},
        place / "model.safetensors",
        {"format": "pt"},
    )
    config = {
        "model_type": "bloom", "architectures": ["BloomForCausalLM"], "vocab_size": VOCABULARY, "hidden_size": HIDDEN,
        "n_layer": LAYERS, "n_head": HEADS, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3,
    }  # fmt: skip
    (place / "config.json").write_text(json.dumps(config))
    return place


def big_table(folder: Path, options) -> dict:
    """BLOOM-1b1, random weights: tokens a second over all sequences, and memory."""
    names = [name for name in options.engines if not name.startswith("ct2") or find_spec("ctranslate2")]
    runs = [[1, NEW_TOKENS], [5, NEW_TOKENS]]
    for name in names:  # files that are written once
        if name in ("ours-int8", "ct2-int8"):
            in_process(name, folder, [[1, 3]])
    found = rounds_of(names, folder, runs, options.rounds)
    rows = {
        name: {
            **{
                f"rate_{count}": spread(
                    count * tokens / each["runs"][place]["seconds"] for each in all_rounds
                )
                for place, (count, tokens) in enumerate(runs)
            },
            "peak_gb": spread(each["peak"] / 1e9 for each in all_rounds),
            "load_s": spread(each["load"] for each in all_rounds),
        }
        for name, all_rounds in found.items()
    }
    return {"rows": rows, "bandwidth_gb_s": bandwidth(), "weights": matrix_weights()}


def matrix_weights() -> int:
    """How many weights a token reads."""
    return VOCABULARY * HIDDEN + LAYERS * 12 * HIDDEN * HIDDEN


def bandwidth() -> float:
    """GB/s at which memory can be read."""
    import torch

    block = torch.ones(2**27, dtype=torch.int32)  # 512 MB
    return max(block.nbytes / timed(block.amax) for _ in range(8)) / 1e9


def timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def big_text(table: dict) -> str:
    lines = [
        "| BLOOM-1b1, CPU | 1 sequence, tokens/s | 5 sequences, tokens/s | times the snippet | peak memory | load |",
        "|---|---|---|---|---|---|",
    ]
    first = table["rows"].get("snippet")
    for name, row in table["rows"].items():
        times = f"{row['rate_5']['median'] / first['rate_5']['median']:.1f}" if first else ""
        lines.append(
            f"| {NAMES[name]} | {shown(row['rate_1'])} | {shown(row['rate_5'])} | {times} | "
            f"{shown(row['peak_gb'], ' GB', 2)} | {shown(row['load_s'], ' s')} |"
        )
    for kind, size in (("float32", 4), ("bfloat16", 2), ("int8", 1)):
        gigabytes, speed = size * table["weights"] / 1e9, table["bandwidth_gb_s"]
        steps = speed / gigabytes
        label = f"limit by reading {speed:.0f} GB/s, {kind}"
        lines.append(f"| {label} | {steps:.1f} | {5 * steps:.1f} | | {gigabytes:.2f} GB | |")
    return "\n".join(lines)


def embedded_table(_folder: Path, options) -> dict:
    from prompt_beautifier.beautifier.beautify import EMBEDDED

    names = ["snippet", "ours-float32"]
    runs = [[5, EMBEDDED_TOKENS]] * 3
    found = rounds_of(names, EMBEDDED, runs, options.rounds)
    return {
        name: spread(run["seconds"] for each in all_rounds for run in each["runs"])
        for name, all_rounds in found.items()
    }


def embedded_text(table: dict) -> str:
    theirs, mine = table["snippet"], table["ours-float32"]
    return "\n".join(
        [
            f"| embedded model, 5 candidates of {EMBEDDED_TOKENS} tokens | ms |",
            "|---|---|",
            *(
                f"| {name} | {shown({key: 1e3 * value for key, value in row.items()}, digits=0)} |"
                for name, row in (("transformers generate, same weights", theirs), ("this pack", mine))
            ),
            f"| times | {theirs['median'] / mine['median']:.1f} |",
        ]
    )


def load_table(folder: Path, options) -> dict:
    """Loading int8 after the first time, beside reading its file from the page cache."""
    in_process("ours-int8", folder, [[1, 3]])
    path, reads, loads, peaks = folder / "model.int8.safetensors", [], [], []
    for _ in range(options.rounds):
        reads.append(timed(path.read_bytes))
        measured = in_process("ours-int8", folder, [[5, 16]])
        loads.append(measured["load"])
        peaks.append(measured["peak"])
    return {
        "file_gb": path.stat().st_size / 1e9,
        "read_s": spread(reads),
        "load_s": spread(loads),
        "peak_gb": spread(peak / 1e9 for peak in peaks),
    }


def load_text(table: dict) -> str:
    times = table["load_s"]["median"] / table["read_s"]["median"]
    share = table["peak_gb"]["median"] / table["file_gb"]
    return "\n".join(
        [
            "| int8 after the first time | |",
            "|---|---|",
            f"| its file | {table['file_gb']:.2f} GB |",
            f"| reading the file into memory | {shown(table['read_s'], ' s', 2)} |",
            f"| loading | {shown(table['load_s'], ' s', 2)}, {times:.1f} times |",
            f"| peak memory of the process | {shown(table['peak_gb'], ' GB', 2)}, {share:.2f} times |",
        ]
    )


def cold_table(_folder: Path, options) -> dict:
    commands = {
        "import torch": [sys.executable, "-c", "import torch"],
        "beautify": [sys.executable, "-m", "prompt_beautifier.beautifier.cli", "1 girl"],
    }
    seconds = {name: [] for name in commands}
    for _ in range(max(5, options.rounds)):
        for name, command in commands.items():
            seconds[name].append(
                timed(lambda command=command: subprocess.run(command, check=True, capture_output=True))
            )
    return {name: spread(values) for name, values in seconds.items()}


def cold_text(table: dict) -> str:
    mine, theirs = table["beautify"], table["import torch"]
    return "\n".join(
        [
            "| a process from start to end | |",
            "|---|---|",
            f'| `python -c "import torch"` | {shown(theirs, " s", 2)} |',
            f'| `beautify "1 girl"` | {shown(mine, " s", 2)}, {mine["median"] / theirs["median"]:.2f} times |',
        ]
    )


def cost_table(folder: Path, options) -> dict:
    """Seconds against the number of candidates and of tokens."""
    from prompt_beautifier.beautifier.beautify import EMBEDDED

    runs = [[count, NEW_TOKENS] for count in COUNTS] + [[5, tokens] for tokens in LENGTHS]
    kinds = {
        "BLOOM-1b1, bfloat16": (folder, "ours-bfloat16"),
        "BLOOM-1b1, int8": (folder, "ours-int8"),
        "embedded, float32": (EMBEDDED, "ours-float32"),
    }
    return {label: in_process(name, place, runs)["runs"] for label, (place, name) in kinds.items()}


def cost_text(table: dict) -> str:
    runs = next(iter(table.values()))
    head = [f"{run['count']} × {run['tokens']}" for run in runs]
    lines = ["| seconds for candidates × tokens | " + " | ".join(head) + " |", "|---" * (len(head) + 1) + "|"]
    return "\n".join(
        lines
        + [
            f"| {label} | " + " | ".join(f"{run['seconds']:.2f}" for run in row) + " |"
            for label, row in table.items()
        ]
    )


def profile_table(folder: Path, _options) -> dict:
    """Where the time of a step goes, as torch's profiler has it."""
    return {
        kind: in_process(f"profile-{kind}", folder, [[5, 32]])["share"]
        for kind in ("int8", "bfloat16", "embedded")
    }


def profile(kind: str, folder: Path) -> dict:
    from torch.profiler import ProfilerActivity, profile

    from prompt_beautifier.beautifier.beautify import EMBEDDED

    write = ours(EMBEDDED, "float32") if kind == "embedded" else ours(folder, kind)
    write(5, 3)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        write(5, 32)
    events = sorted(found.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    return {
        "share": [[event.key, event.count / 32, event.self_cpu_time_total / total] for event in events[:12]]
    }


def profile_text(table: dict) -> str:
    lines = ["| step of 5 candidates | operation: share of the time (calls a token) |", "|---|---|"]
    for kind, share in table.items():
        lines.append(
            f"| {kind} | "
            + ", ".join(f"{name} {part:.0%} ({calls:.0f})" for name, calls, part in share)
            + " |"
        )
    return "\n".join(lines)


TABLES = {
    "big": (big_table, big_text),
    "embedded": (embedded_table, embedded_text),
    "load": (load_table, load_text),
    "cold": (cold_table, cold_text),
    "cost": (cost_table, cost_text),
    "profile": (profile_table, profile_text),
}


def chart(table: dict) -> str:
    """The first table as bars: tokens a second of 5 sequences."""
    rows = [(NAMES[name], row["rate_5"]["median"]) for name, row in table["rows"].items()]
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
        parts.append(
            f'<text x="{left - 8}" y="{y + 16}" text-anchor="end">{name.replace("published snippet", "snippet")}</text>'
        )
        parts.append(f'<rect x="{left}" y="{y}" width="{width:.1f}" height="22" fill="{colour}"/>')
        parts.append(f'<text x="{left + width + 6:.1f}" y="{y + 16}">{rate:.0f}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument(
        "--engines", nargs="+", choices=NAMES, default=list(NAMES), help="rows of the first table"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, help="keeps the random checkpoint (default: a temporary folder)"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        name, folder, runs = options.work
        found = (
            profile(name.removeprefix("profile-"), Path(folder))
            if name.startswith("profile-")
            else work(name, Path(folder), json.loads(runs))
        )
        print(json.dumps(found))
        return
    import torch

    options.out.mkdir(parents=True, exist_ok=True)
    facts = {
        "torch": torch.__version__,
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
    }
    results, texts = {"machine": facts}, [" · ".join(f"{key} {value}" for key, value in facts.items())]
    if not find_spec("ctranslate2"):
        texts.append("CTranslate2 is not installed and left out.")
    with tempfile.TemporaryDirectory() as temporary:
        needs = {"big", "load", "cost", "profile"} & set(options.tables)
        folder = random_checkpoint(options.folder or Path(temporary)) if needs else Path(temporary)
        for name in options.tables:
            measure, text = TABLES[name]
            results[name] = measure(folder, options)
            texts.append(text(results[name]))
            print(f"\n{texts[-1]}\n", flush=True)
            (options.out / "speed.json").write_text(json.dumps(results, indent=1) + "\n")
            (options.out / "speed.md").write_text("\n\n".join(texts) + "\n")
    if "big" in results:
        (options.out / "speed.svg").write_text(chart(results["big"]))


if __name__ == "__main__":
    main()
