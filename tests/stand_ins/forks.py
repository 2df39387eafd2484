"""Stages as processes of their own, forked off one that has imported what they need.

To import torch, transformers and trl takes many times what a run on tiny networks takes. A forked process has memory,
files and an end of its own, and dies of kill -9 like any other. Where forking is not safe, off Linux, each is started
as a new interpreter.
"""

import contextlib
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path


class Forks:
    """Starts modules as `python -m MODULE ARGUMENTS` does; nothing of theirs reaches the network.

    preload  modules that are imported once, for all of them
    """

    def __init__(self, preload: Sequence[str]):
        self.logs = tempfile.TemporaryDirectory(prefix="forks-")
        self.environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        self.count, self.server = 0, None
        if sys.platform == "linux":
            command = [sys.executable, __file__, *preload]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            self.server = subprocess.Popen(command, text=True, env=self.environment, **pipes)

    def start(self, module: str, arguments: Sequence[str], cwd: Path | None = None, **environment: str) -> "Fork":
        """The process of a module, under way."""
        self.count += 1
        log = Path(self.logs.name) / f"{self.count}.log"
        if self.server is None:
            command, own = [sys.executable, "-m", module, *arguments], {**self.environment, **environment}
            with open(log, "wb") as file:
                process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=cwd, env=own)
            return Fork(process.pid, process.poll, log)
        asked = {"module": module, "arguments": list(arguments), "cwd": str(cwd or ""), "environment": environment}
        pid = self.ask({**asked, "log": str(log)})
        return Fork(pid, lambda: self.ask({"wait": pid}), log)

    def ask(self, request: dict) -> int | None:
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def close(self) -> None:
        if self.server is not None:
            self.server.kill()
            self.server.communicate()
        self.logs.cleanup()


class Fork:
    """A process that Forks has started.

    poll  its exit code, negative where a signal ended it; None while it runs
    """

    def __init__(self, pid: int, poll, log: Path):
        self.pid, self.ended, self._poll, self._log = pid, None, poll, log

    def poll(self) -> int | None:
        if self.ended is None:
            self.ended = self._poll()
        return self.ended

    def wait(self, seconds: float = 240) -> int:
        """The exit code, once there is one. Raises TimeoutError with what was printed."""
        end = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > end:
                self.kill()
                raise TimeoutError(self.output())
            time.sleep(0.01)
        return self.ended

    def until(self, reached) -> None:
        """Return as soon as reached() holds. Raises AssertionError with what was printed where the process ends
        before."""
        end = time.monotonic() + 240
        while not reached():
            assert self.poll() is None and time.monotonic() < end, self.output()
            time.sleep(0.002)

    def kill(self) -> int:
        """kill -9; the exit code."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        while self.poll() is None:
            time.sleep(0.002)
        return self.ended

    def output(self) -> str:
        """What it has printed so far, errors too."""
        return self._log.read_text(encoding="utf-8", errors="replace")


def launched(
    forks: Forks, config: Path, module: str, arguments: Sequence[str], cwd: Path | None = None
) -> tuple[Fork, Fork]:
    """Two processes of a module that talk to each other, as `accelerate launch --config_file CONFIG --num_processes 2
    -m MODULE ARGUMENTS` has torchrun start them."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_multi_gpu_env

    given = ["--config_file", str(config), "--num_processes", "2", "--main_process_port", "0", "-m", module]
    args, *_ = _validate_launch_command(launch_command_parser().parse_args([*given, *arguments]))
    said = {name: value for name, value in prepare_multi_gpu_env(args).items() if os.environ.get(name) != value}
    said |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": args.master_port, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    ranks = ({**said, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(2))
    first, second = (forks.start(module, arguments, cwd, **rank) for rank in ranks)
    return first, second


def serve(preload: Sequence[str]) -> None:
    """Fork off what is asked for on standard input, a line of JSON each, and answer with a line each."""
    for name in preload:
        with contextlib.suppress(ImportError):  # what is not installed no stage of a test needs
            importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            pid, status = os.waitpid(request["wait"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if answer == 0:
                run(request)
        print(json.dumps(answer), flush=True)


def run(request: dict) -> None:
    """Be the process that was asked for; does not return."""
    code = 1
    try:
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(request["environment"])
        if request["cwd"]:
            os.chdir(request["cwd"])
        sys.path.insert(0, os.getcwd())
        sys.argv = [request["module"], *request["arguments"]]
        warnings.simplefilter("ignore", RuntimeWarning)  # that the module has been imported before
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
        if isinstance(left.code, str):
            print(left.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1:])
