"""What the size of a project costs: the first exploration in a process next to later ones, with 1,000 modules imported.

The project is made for the measurement and removed afterwards; half of its functions are methods. Each round is a
process of its own, since the first exploration in a process is to be measured. The goal: it takes less than half a
second more than later ones. Times are those of the processor, which a busy machine changes less: what is measured has
nothing to wait for.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measuring import print_table, print_title, with_spread

LATER = 5

TEST = """
import threading
from project import m0, m1

def body():
    thing = m0.Thing()
    threads = [threading.Thread(target=thing.method0, args=(1,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return thing.total0 + m1.function1(3)
"""


def make(directory: Path, modules: int, functions: int) -> None:
    package = directory / "project"
    package.mkdir()
    (package / "__init__.py").touch()
    methods = "".join(
        f"    def method{i}(self, x):\n        self.total{i} = self.total + x\n        return self.total{i}\n"
        for i in range(functions // 2)
    )
    others = "".join(
        f"def function{i}(x, y=1):\n    for each in (x, y):\n        y += each * {i}\n    return y\n"
        for i in range(functions - functions // 2)
    )
    for number in range(modules):
        (package / f"m{number}.py").write_text(f"class Thing:\n    total = 0\n{methods}{others}")
    (directory / "the_test.py").write_text(TEST)


def measure(directory: Path, modules: int) -> dict[str, float]:
    """Milliseconds of processor time, in this process."""
    import racekit

    sys.path.insert(0, str(directory))
    seconds = {"import the project": timed(lambda: [importlib.import_module(f"project.m{i}") for i in range(modules)])}
    body = importlib.import_module("the_test").body
    seconds["the first exploration"] = timed(lambda: racekit.explore(body))
    seconds["later ones, on average"] = sum(timed(lambda: racekit.explore(body)) for _ in range(LATER)) / LATER
    seconds["difference"] = seconds["the first exploration"] - seconds["later ones, on average"]
    return {what: 1000 * each for what, each in seconds.items()}


def timed(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description="The first exploration in a large project, next to later ones.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--modules", type=int, default=1_000)
    parser.add_argument("--functions", type=int, default=20, help="for each module")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(Path(options.measure), options.modules)))
        return
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as directory:
        make(Path(directory), options.modules, options.functions)
        command = [sys.executable, __file__, "--modules", str(options.modules), "--measure", directory]
        for _ in range(options.rounds):
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            for what, milliseconds in json.loads(done.stdout).items():
                found.setdefault(what, []).append(milliseconds)
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; {options.rounds} processes; ", end="")
    print("median (least-greatest)")
    print_title(f"{options.modules:,} modules with {options.functions} functions each")
    print_table(["", "ms of processor time"], [[what, with_spread(each)] for what, each in found.items()])


if __name__ == "__main__":
    main()
