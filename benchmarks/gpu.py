"""The language model and the scorers on an NVIDIA GPU: speed beside transformers and the limit, and the same texts.

    python benchmarks/gpu.py                     everything, in under six minutes on a fast GPU; 10 GB of disk
    python benchmarks/gpu.py --parts speed       of tests, speed, profile, texts, scorers
    python benchmarks/gpu.py --tiny --device cpu does everything run?

Prints as it goes; writes what it printed as figures into --out. A part that fails says why, and the next one begins.
Networks have random weights of published shapes. A step is the time of a token of all candidates, sampling included, as
a median of three answers; its limit is reading every weight once at the speed of a copy.
"""

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

import torch
from engines import prompt, transformers_generate
from shapes import BLOOM_1B1, QWEN3_0_6B, QWEN3_1_7B, TINY_BLOOM, TINY_QWEN3, Shape, random_checkpoint

from prompt_beautifier.beautifier.language import steps
from prompt_beautifier.beautifier.language.decoding import generate
from prompt_beautifier.beautifier.language.loading import load_fastest
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.beautifier.request import Sampling

NEW_TOKENS = 64
COUNTS = (1, 5)
DTYPES = ("float16", "bfloat16", "int4")


class Run:
    """What the parts share: options, the checkpoints that are written so far, figures, and the clock."""

    def __init__(self, options: argparse.Namespace, folder: Path):
        self.options, self.folder, self.figures = options, folder, {}
        self.started = time.perf_counter()
        self.shapes = (TINY_QWEN3, TINY_BLOOM) if options.tiny else (QWEN3_1_7B, QWEN3_0_6B, BLOOM_1B1)
        self.device = options.device

    @property
    def left(self) -> float:
        return self.options.minutes * 60 - (time.perf_counter() - self.started)

    def checkpoint(self, shape: Shape) -> Path:
        return random_checkpoint(self.folder / shape.name.replace(" ", "-"), shape, self.device)

    def say(self, text: str) -> None:
        print(f"[{time.perf_counter() - self.started:5.0f} s] {text}", flush=True)

    def keep(self, part: str, **figures) -> None:
        self.figures.setdefault(part, []).append(figures)
        self.say(" · ".join(f"{name} {value}" for name, value in figures.items()))

    def wait(self) -> None:
        if self.device != "cpu":
            torch.cuda.synchronize()


def seconds(run: Run, work) -> float:
    run.wait()
    started = time.perf_counter()
    work()
    run.wait()
    return time.perf_counter() - started


def free() -> None:
    gc.collect()
    with suppress(RuntimeError, AssertionError):
        torch.cuda.empty_cache()


# -- parts


def tests(run: Run) -> None:
    """The tests that need a GPU."""
    root = Path(__file__).resolve().parents[1]
    files = ("language/test_cuda_graphs.py", "language/test_gpu_steps.py", "language/test_packed.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "gpu"]
    command += [str(root / "tests" / file) for file in files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150)
    run.say("\n".join(done.stdout.splitlines()[-15:]) + done.stderr[-500:])


def bandwidth(run: Run) -> float:
    """GB/s that a copy reads and writes."""
    block = torch.ones(2**20 if run.options.tiny else 2**28, dtype=torch.int32, device=run.device)

    def copy() -> None:
        for _ in range(10):
            block.clone()

    copy()
    return max(20 * block.nbytes / seconds(run, copy) for _ in range(5)) / 1e9


def speed(run: Run) -> None:
    run.figures["bandwidth_gb_s"] = bandwidth(run)
    run.say(f"a copy reads and writes {run.figures['bandwidth_gb_s']:.0f} GB/s")
    for shape in run.shapes:
        run.say(f"writing {shape.name}: {shape.weights_a_token_reads / 1e9:.2f} billion weights a token")
        folder = run.checkpoint(shape)
        for dtype in DTYPES:
            attempt(run, f"{shape.name} {dtype}", lambda dtype=dtype: speed_of_ours(run, shape, folder, dtype))  # noqa: B023
        if run.left > 60:
            attempt(run, f"{shape.name} transformers", lambda: speed_of_theirs(run, shape, folder))  # noqa: B023


def speed_of_ours(run: Run, shape: Shape, folder: Path, dtype: str) -> None:
    free()
    started = time.perf_counter()
    network = load_fastest(folder, getattr(torch, dtype), torch.device(run.device), False)
    run.wait()
    loaded = time.perf_counter() - started
    asked = prompt(network.config.vocab_size)
    sampling = Sampling(max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS)
    weights = sum(each.nbytes for each in (*network.parameters(), *network.buffers()))
    limit = limit_of(run, network)
    for count in COUNTS:
        generate(network, asked, count, 0, sampling)  # records
        rows = [seconds(run, lambda: generate(network, asked, count, 0, sampling)) for _ in range(3)]  # noqa: B023
        step = statistics.median(rows) / NEW_TOKENS * 1e3
        alone = step_alone(run, network)
        run.keep(
            "speed",
            shape=shape.name,
            writer=f"this pack, {dtype}",
            candidates=count,
            step_ms=round(step, 3),
            tokens_s=round(count / step * 1e3),
            network_alone_ms=round(alone, 3),
            limit_ms=round(limit, 3),
            times_limit=round(step / limit, 2),
            recorded=not network.cannot_record and bool(network.recorded),
            weights_gb=round(weights / 1e9, 2),
            load_s=round(loaded, 1),
        )


def limit_of(run: Run, network) -> float:
    """Milliseconds that reading what a step reads takes: all weights, of embeddings of their own one row."""
    size = sum(each.nbytes for each in (*network.parameters(), *network.buffers()))
    if not network.config.tied:
        size -= network.word_embeddings.weight.nbytes
    return size / 1e6 / run.figures["bandwidth_gb_s"]


def step_alone(run: Run, network) -> float:
    """Milliseconds of the recorded step without sampling; no number where nothing was recorded."""
    kept = next(iter(network.recorded.values()), None)
    if kept is None:
        return float("nan")
    tokens = torch.zeros(kept.tokens.shape[0], dtype=torch.int64, device=run.device)

    def steps_of_an_answer() -> None:
        kept.cache.place.fill_(8)
        for _ in range(NEW_TOKENS):
            kept(tokens)

    with torch.inference_mode():
        steps_of_an_answer()
        return seconds(run, steps_of_an_answer) / NEW_TOKENS * 1e3


def speed_of_theirs(run: Run, shape: Shape, folder: Path) -> None:
    free()
    write = transformers_generate(folder, "float16", run.device)
    for count in COUNTS:
        write(count, 8)
        step = seconds(run, lambda: write(count, 32)) / 32 * 1e3  # noqa: B023
        run.keep(
            "speed",
            shape=shape.name,
            writer="transformers generate, float16",
            candidates=count,
            step_ms=round(step, 2),
            tokens_s=round(count / step * 1e3),
        )


def profile(run: Run) -> None:
    """Where the time of a step of 5 candidates goes."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler

    shape = run.shapes[1]
    network = load_fastest(run.checkpoint(shape), torch.float16, torch.device(run.device), False)
    asked, sampling = prompt(network.config.vocab_size), Sampling(max_new_tokens=32, min_new_tokens=32)
    generate(network, asked, 5, 0, sampling)
    on_gpu = run.device != "cpu"
    with profiler(activities=[ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU]) as found:
        generate(network, asked, 5, 0, sampling)
        run.wait()
    kind = "self_device_time_total" if on_gpu else "self_cpu_time_total"
    events = sorted(found.key_averages(), key=lambda event: -getattr(event, kind))
    total = sum(getattr(event, kind) for event in events)
    calls = sum(event.count for event in events if getattr(event, kind))
    run.keep("profile", shape=shape.name, gpu_ms_a_step=round(total / 32e3, 3), kernels_a_step=round(calls / 32))
    for event in events[:24]:
        share, each = getattr(event, kind) / total, getattr(event, kind) / event.count
        run.say(f"{share:6.1%} {event.count / 32:6.1f} a step {each:7.1f} µs  {event.key[:90]}")


def texts(run: Run) -> None:
    """Recorded and plain steps, more and fewer candidates, and GPU and CPU write the same."""
    shape = run.shapes[1]
    folder = run.checkpoint(shape)
    device = torch.device(run.device)
    for dtype in ("float16", "float32"):
        network = load_network(folder, getattr(torch, dtype), device)
        asked = prompt(network.config.vocab_size)
        sampling = Sampling(max_new_tokens=NEW_TOKENS)
        many = generate(network, asked, 12, 7, sampling)
        run.keep(
            "texts",
            what=f"{dtype}: candidates that are the same, of 1, 5 and 12 asked for",
            same=generate(network, asked, 1, 7, sampling) == many[:1]
            and generate(network, asked, 5, 7, sampling) == many[:5],
        )
        plain = without_graphs(lambda: generate(network, asked, 12, 7, sampling))  # noqa: B023
        same = sum(a.tokens == b.tokens for a, b in zip(many, plain, strict=True))
        run.keep("texts", what=f"{dtype}: texts of 12 that plain steps write as well", same=same)
        beams = Sampling(num_beams=4, max_new_tokens=24)
        recorded = generate(network, asked, 4, 0, beams)
        plain = without_graphs(lambda: generate(network, asked, 4, 0, beams))  # noqa: B023
        run.keep("texts", what=f"{dtype}: beams that plain steps write as well, of 4", same=matches(recorded, plain))
    on_cpu = load_network(folder)
    prompts = [asked[start:] for start in range(4)]
    greedy = Sampling(greedy=True, repetition_penalty=1.2, max_new_tokens=16 if run.left < 60 else 32)
    same = sum(generate(network, each, 1, 0, greedy) == generate(on_cpu, each, 1, 0, greedy) for each in prompts)
    run.keep("texts", what="float32, greedy: texts of 4 that the CPU writes as well", same=same)
    with torch.inference_mode():
        tokens = torch.tensor([asked])
        theirs = on_cpu.logits(on_cpu(tokens))
        for dtype in ("float32", "float16", "bfloat16", "int4"):
            network = load_fastest(folder, getattr(torch, dtype), device, False)
            ours = network.logits(network(tokens.to(device))).float().cpu()
            off = (ours - theirs).abs().max().item()
            run.keep("texts", what=f"logits, {dtype} on the GPU from float32 on the CPU, at most", off=round(off, 5))


def matches(first: list, second: list) -> int:
    return sum(a.tokens == b.tokens for a, b in zip(first, second, strict=True))


def without_graphs(work):
    """What `work` gives when no step is recorded."""
    kept = steps.has_graphs
    steps.has_graphs = lambda device: False
    try:
        return work()
    finally:
        steps.has_graphs = kept


def scorers(run: Run) -> None:
    """The scorers' own benchmark, a process of its own."""
    network = "small" if run.options.tiny else "H"
    command = [sys.executable, str(Path(__file__).with_name("scorers.py")), "--network", network]
    if run.device != "cpu":
        command += ["--device", "cuda", "--dtype", "float16", "--loop-dtype", "float16", "--loop", "16"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            printed, errors = process.communicate(timeout=max(20, run.left))
        except subprocess.TimeoutExpired:
            process.kill()
            printed, errors = process.communicate()
        for line in printed.splitlines():
            run.say(line)
        if process.returncode:
            run.say(errors[-800:])
    run.figures["scorers"] = printed.splitlines()


PARTS = {"tests": tests, "speed": speed, "texts": texts, "profile": profile, "scorers": scorers}


def attempt(run: Run, name: str, work) -> None:
    """Do it, or say why not."""
    try:
        work()
    except Exception as error:  # one part must not take the others with it
        run.say(f"{name} FAILED: {type(error).__name__}: {error}")
        print("".join(traceback.format_exception(error)[-4:]), flush=True)
        free()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    add("--minutes", type=float, default=5.5, help="what would not fit is left out")
    add("--device", default="cuda")
    add("--tiny", action="store_true", help="networks of two layers")
    add("--out", type=Path, help="a file for the figures, as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(options, Path(folder))
        name = torch.cuda.get_device_name() if options.device != "cpu" else "the CPU"
        run.figures["machine"] = {"device": name, "torch": torch.__version__}
        run.say(f"{name}, torch {torch.__version__}")
        for name in options.parts:
            if run.left < 20:
                run.say(f"{name} is left out: no time left")
                continue
            run.say(f"-- {name}: {PARTS[name].__doc__ or 'tokens a second'}")
            attempt(run, name, lambda: PARTS[name](run))  # noqa: B023
            free()
            if options.out:
                options.out.parent.mkdir(parents=True, exist_ok=True)
                options.out.write_text(json.dumps(run.figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
