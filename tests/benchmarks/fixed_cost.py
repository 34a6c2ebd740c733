"""What an exploration costs before and after its executions, part by part, in a small process and in a large one.

The large process has as many more modules and objects as the options say; one module in ten counts as the project's,
the others as installed. Parts are timed by wrapping the functions that do them; a part that the engine no longer has is
left out, and what no part accounts for is the rest. The first exploration of a body also rewrites its functions.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
import time
import types
from collections.abc import Callable
from typing import Any

from bodies import racy
from measuring import median, print_table, print_title, with_spread

import racekit

PARTS = {
    "find functions, swap": "racekit.watch.watcher:Watcher.install",
    "rewrite": "racekit.watch.watcher:rewrite",
    "pin": "racekit.runtime.control:_pin",
    "swap operations": "racekit.runtime.control:swap_operations",
    "swap library functions": "racekit.runtime.library_functions:swap_library_functions",
    "swap selectors": "racekit.runtime.control:swap_selectors",
    "number threads": "racekit.runtime.control:number_threads_and_futures",
    "patch names": "racekit.runtime.module_names:NameReplacement.install",
    "unpatch names": "racekit.runtime.module_names:NameReplacement.remove",
    "patch methods": "racekit.runtime.builtin_types:MethodReplacement.install",
    "unpatch methods": "racekit.runtime.builtin_types:MethodReplacement.remove",
    "start the monitor": "racekit.runtime.monitor:Monitor.start",
    "stop the monitor": "racekit.runtime.monitor:Monitor.stop",
    "swap back": "racekit.watch.swap:Swaps.undo",
    "give functions back": "racekit.watch.watcher:Watcher.forget",
    "release the born": "racekit.watch.watcher:Watcher.release_born",
    "end the threads": "racekit.runtime.pool:Pool.close",
    "the execution": "racekit.runtime.execution:ExecutionRun.__init__",
}
FUNCTIONS_A_MODULE = 20
REWRITING = "rewrite"
EXECUTION = "the execution"

Measured = dict[str, list[float]]


class Stopwatches:
    """Adds up the seconds spent in each part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        for part, place in PARTS.items():
            module, _, path = place.partition(":")
            *owners, name = path.split(".")
            try:
                owner: Any = importlib.import_module(module)
                for each in owners:
                    owner = getattr(owner, each)
                setattr(owner, name, self._timed(part, getattr(owner, name)))
            except (ImportError, AttributeError):
                print(f"(not in this version: {part}, {place})")

    def _timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        clock, seconds = time.perf_counter, self.seconds

        def timed(*args: Any, **kwargs: Any) -> Any:
            begun = clock()
            try:
                return function(*args, **kwargs)
            finally:
                seconds[part] = seconds.get(part, 0.0) + clock() - begun

        timed.__code__ = timed.__code__.replace(co_filename="<frozen stopwatch>")  # so that it is not watched itself
        return timed


def explore_once(body: Callable[[], object], **options: Any) -> None:
    racekit.explore(body, strategy="random", executions=1, **options)


def measure(
    watches: Stopwatches, repetitions: int, body: Callable[[], object] | None = None, **options: Any
) -> Measured:
    """Explorations of one execution each: of one body that is known already, or of a new body each time."""
    found: Measured = {}
    for _ in range(repetitions):
        watches.seconds.clear()
        explored = body or new_body()
        begun = time.perf_counter()
        explore_once(explored, **options)
        whole = time.perf_counter() - begun
        parts = dict(watches.seconds)
        if REWRITING in parts and EXECUTION in parts:
            parts[EXECUTION] -= parts[REWRITING]  # it happens there, when a function is first called
        parts["the rest"] = whole - sum(parts.values())
        parts["an exploration"] = whole
        for part, seconds in parts.items():
            found.setdefault(part, []).append(seconds)
    return found


def new_body() -> Callable[[], object]:
    """A body whose code nobody has seen: this module's, compiled anew."""
    path = racy.__code__.co_filename
    namespace: dict[str, Any] = {"__name__": "new_bodies", "__file__": path}
    with open(path, encoding="utf-8") as source:
        exec(compile(source.read(), path, "exec"), namespace)
    body: Callable[[], object] = namespace["racy"](1)
    return body


def grow(modules: int, objects: int) -> list[object]:
    """More modules with functions, and more objects; whoever keeps what this returns keeps them alive."""
    source = "\n".join(f"def f{i}(x):\n    return g(x, {i})" for i in range(FUNCTIONS_A_MODULE))
    for number in range(modules):
        place = "/project" if number % 10 == 0 else "/usr/lib/python3/site-packages"
        name = f"grown_{number}"
        module = types.ModuleType(name)
        module.__file__ = f"{place}/{name}.py"
        exec(compile(source, module.__file__, "exec"), module.__dict__)
        sys.modules[name] = module
    kept: list[object] = [{"number": i, "more": [i]} for i in range(objects // 2)]
    gc.collect()
    return kept


def show(title: str, watches: Stopwatches, repetitions: int) -> None:
    body = racy(1)
    explore_once(body)
    columns = {
        "body known": measure(watches, repetitions, body),
        "new body": measure(watches, repetitions),
        "include=": measure(watches, repetitions, body, include=("colorsys",)),
    }
    functions = sum(type(each) is types.FunctionType for each in gc.get_objects())
    print_title(
        f"{title} process",
        f"{len(sys.modules):,} modules, {functions:,} functions, {len(gc.get_objects()):,} objects; milliseconds",
    )
    parts = dict.fromkeys(part for found in columns.values() for part in found)
    longest = sorted(parts, key=lambda part: -median(columns["body known"].get(part, [0.0])))
    print_table(
        ["", *columns],
        [[part, *(milliseconds(found.get(part)) for found in columns.values())] for part in longest],
    )


def milliseconds(seconds: list[float] | None) -> str:
    return with_spread([1000 * each for each in seconds]) if seconds else ""


def main() -> None:
    parser = argparse.ArgumentParser(description="The fixed cost of an exploration, by part.")
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--modules", type=int, default=1_000, help="how many more the large process has")
    parser.add_argument("--objects", type=int, default=500_000, help="the same")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; {options.repetitions} explorations ", end="")
    print("of one execution each;\nmedian (least-greatest)")
    watches = Stopwatches()
    show("Small", watches, options.repetitions)
    kept = grow(options.modules, options.objects)
    show("Large", watches, options.repetitions)
    del kept


if __name__ == "__main__":
    main()
