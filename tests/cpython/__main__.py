"""`python -m tests.cpython rewritten|controlled [module ...]`: see README.md."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cpython import controlled, exceptions, rewritten

ROOT = Path(__file__).parents[2]
TIMEOUT = 1800.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cpython", description="CPython's own tests under racekit.")
    parser.add_argument("how", choices=["rewritten", "controlled"])
    parser.add_argument("modules", nargs="*", help="such as test_with (default: all)")
    parser.add_argument("--executions", type=int, default=5, help="schedules for each seed (default: 5)")
    parser.add_argument("--seeds", type=int, default=3, help="(default: 3)")
    parser.add_argument("--only", default="", help="controlled: only tests with this in their name")
    parser.add_argument("--verbose", action="store_true", help="show the tracebacks of what differs")
    parser.add_argument("--into", help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.into:
        return child(options)
    check = check_rewritten if options.how == "rewritten" else check_controlled
    every = rewritten.MODULES if options.how == "rewritten" else controlled.MODULES
    print(f"Python {sys.version.split()[0]}: CPython's own tests, {options.how}")
    results = [check(module, options) for module in options.modules or every]
    return int(not all(results))


def child(options: argparse.Namespace) -> int:
    [module] = options.modules
    if options.how == "rewritten" or options.plain:
        results = rewritten.run(module, plain=options.plain)
    else:
        results = controlled.run(module, executions=options.executions, seeds=options.seeds, only=options.only)
    Path(options.into).write_text(json.dumps(results))
    return 0


def results_of(module: str, how: str, *more: str) -> dict[str, list[str]] | str:
    """What a process of its own finds, or why it found nothing."""
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder, "results.json")
        command = [sys.executable, "-m", "tests.cpython", how, module, "--into", str(into), *more]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            return f"no end after {TIMEOUT:.0f} s"
        if not into.exists():
            last = (done.stderr.strip() or "nothing said").splitlines()
            return "not installed" if "No module named 'test" in last[-1] else f"status {done.returncode}: {last[-1]}"
        results: dict[str, list[str]] = json.loads(into.read_text())
        return results


def check_rewritten(module: str, options: argparse.Namespace) -> bool:
    before, after = results_of(module, "rewritten", "--plain"), results_of(module, "rewritten")
    if isinstance(before, str) or isinstance(after, str):
        return say(module, before if isinstance(before, str) else after)
    missing = ["not run", ""]
    different = {
        test: f"{before.get(test, missing)[0]}, rewritten {after.get(test, missing)[0]}\n{after.get(test, missing)[1]}"
        for test in before.keys() | after.keys()
        if before.get(test, missing)[0] != after.get(test, missing)[0]
    }
    return report(module, len(before), different, exceptions.REWRITTEN, options.verbose)


def check_controlled(module: str, options: argparse.Namespace) -> bool:
    how_often = "--executions", str(options.executions), "--seeds", str(options.seeds), "--only", options.only
    results = results_of(module, "controlled", *how_often)
    if isinstance(results, str):
        return say(module, results)
    elsewhere = {test for test, (word, _) in results.items() if word == controlled.ELSEWHERE}
    different = {
        test: f"{word}\n{details}"
        for test, (word, details) in results.items()
        if test not in elsewhere and word not in ("passed", "skipped")
    }
    if elsewhere:
        print(f"{module:45} {len(elsewhere):4} tests start a process, which is not under control", flush=True)
    return report(module, len(results) - len(elsewhere), different, {}, options.verbose)


def say(module: str, problem: object) -> bool:
    print(f"{module:45} {problem}", flush=True)
    return problem == "not installed"


def report(module: str, count: int, different: dict[str, str], excused: dict[str, str], verbose: bool) -> bool:
    found = {test: how for test, how in different.items() if test.removeprefix("test.") not in excused}
    named = f", {len(different) - len(found)} named exceptions" if len(found) < len(different) else ""
    print(f"{module:45} {count:4} tests, {len(found)} different{named}", flush=True)
    for test, how in sorted(found.items()):
        print(f"    {test.removeprefix('test.')}: {how if verbose else how.splitlines()[0]}", flush=True)
    return not found


if __name__ == "__main__":
    sys.exit(main())
