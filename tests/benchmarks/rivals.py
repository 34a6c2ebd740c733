"""Executions per second: racekit, frontrun and interleave-test, on two threads that each do `c.v = c.v + 1`.

Each tool runs in a process of its own, since each patches the interpreter; the processes take turns. What is timed is
the whole call, set-up included, as often as it takes to make so many executions.

Each rival has the settings that make it fastest without changing what is tested: frontrun looks at no input and output
(`detect_io=False`) and does not reproduce failures. racekit pins its threads to one processor, which is part of its
speed; so the rivals are also measured in a process that was pinned for them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bodies import Counter, adding, racy
from measuring import Served, in_turns, median, print_table, print_title, ratios, with_spread

PACKAGES = {"racekit": None, "frontrun": "0.7.0", "interleave-test": "0.1.0"}
PINNED = ", pinned"
CONTENDERS = ("racekit", "frontrun", f"frontrun{PINNED}", "interleave-test", f"interleave-test{PINNED}")
TIMES = (1, 3, 5)
NO_BOUND = 1000

Search = Callable[[int, int, int], tuple[int, bool, set[int]]]
"""(times, executions at most, seed) -> (executions, whether nothing was left to run, the values seen)"""


# --- one tool, in its own process ------------------------------------------------------------------------------------


def _racekit() -> dict[str, Search]:
    import racekit

    def search(strategy: str) -> Search:
        def run(times: int, executions: int, seed: int) -> tuple[int, bool, set[int]]:
            found = racekit.explore(racy(times), strategy=strategy, executions=executions, seed=seed)
            return found.executions, found.proved, set(found.outcomes)

        return run

    return {"random": search("random"), "systematic": search("bounded")}


def _frontrun() -> dict[str, Search]:
    os.environ["FRONTRUN_ACTIVE"] = "1"
    import frontrun

    def explore(times: int, seen: set[int], **options: Any) -> int:
        def invariant(c: Counter) -> bool:
            seen.add(c.v)
            return True

        found = frontrun.explore(
            setup=Counter,
            workers=adding(times),
            count=2,
            invariant=invariant,
            detect_io=False,
            reproduce_on_failure=0,
            **options,
        )
        return int(found.num_explored)

    def random(times: int, executions: int, seed: int) -> tuple[int, bool, set[int]]:
        seen: set[int] = set()
        return explore(times, seen, strategy="random", max_attempts=executions, seed=seed), False, seen

    def dpor(times: int, executions: int, seed: int) -> tuple[int, bool, set[int]]:
        seen: set[int] = set()
        options = {"strategy": "dpor", "max_executions": executions, "preemption_bound": None, "stop_on_first": False}
        explored = explore(times, seen, **options)
        return explored, explored < executions, seen

    return {"random": random, "systematic": dpor}


def _interleave_test() -> dict[str, Search]:
    import interleave_test

    def search(strategy: str) -> Search:
        def run(times: int, executions: int, seed: int) -> tuple[int, bool, set[int]]:
            seen: set[int] = set()
            body = racy(times)
            found = interleave_test.explore(
                lambda: seen.add(body()),
                strategy=strategy,
                iterations=executions,
                seed=seed,
                max_preemptions=NO_BOUND,
            )
            return found.schedules_run, found.exhausted, seen

        return run

    return {"random": search("random"), "systematic": search("dfs")}


TOOLS = {"racekit": _racekit, "frontrun": _frontrun, "interleave-test": _interleave_test}


def serve(contender: str) -> None:
    """Answer requests, a line of JSON each, until there are no more."""
    tool = contender.removesuffix(PINNED)
    if contender != tool:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever the tool prints is not an answer
    try:
        searches = TOOLS[tool]()
        print(json.dumps({"version": version(tool)}), file=answers, flush=True)
    except (ImportError, PackageNotFoundError) as error:
        print(json.dumps({"missing": f"{tool} is not installed here ({error})"}), file=answers, flush=True)
        return
    for line in sys.stdin:
        kind, times, executions, seed = json.loads(line)
        done, seconds, seen, exhausted = 0, 0.0, set(), False
        while done < executions:
            begun = time.perf_counter()
            count, exhausted, values = searches[kind](times, executions, seed + done)
            seconds += time.perf_counter() - begun
            done += count
            seen |= values
        answer = {"rate": done / seconds, "search": count if exhausted else None, "seen": sorted(seen)}
        print(json.dumps(answer), file=answers, flush=True)


class Contender:
    """A tool in its process, asked for one measurement after another."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.last: dict[str, Any] = {}
        self._served = Served([sys.executable, __file__, "--serve", name])
        self.hello = self._served.hello
        self.close = self._served.close

    def seconds(self, kind: str, times: int, executions: int, seed: int) -> float:
        """For one execution."""
        self.last = self._served.ask(kind, times, executions, seed)
        return 1 / self.last["rate"]


# --- the comparison --------------------------------------------------------------------------------------------------


def compare(contenders: list[Contender], kind: str, times: int, rounds: int, executions: int) -> list[list[str]]:
    seeds = iter(range(1, 1_000_000, 10_000))

    def measurement(contender: Contender) -> Callable[[], float]:
        return lambda: contender.seconds(kind, times, executions, next(seeds))

    for contender in contenders:
        contender.seconds(kind, times, min(executions, 50), 0)  # warm up
    found = in_turns({each.name: measurement(each) for each in contenders}, rounds)
    rows = []
    for contender in contenders:
        own = found[contender.name]
        faster = ratios(own, found["racekit"])
        search = contender.last["search"]
        rows.append(
            [
                "  pinned" if PINNED in contender.name else contender.name,
                with_spread([1 / seconds for seconds in own], 0),
                "" if contender.name == "racekit" else with_spread(faster),
                f"{search}: {search * median(own) * 1000:,.1f} ms" if search else "",
                f"{len(contender.last['seen'])} of {2 * times - min(times, 2) + 1}",
            ]
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Executions per second, next to the rivals.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--executions", type=int, default=500, help="for each measurement")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    everybody = [Contender(name) for name in CONTENDERS]
    here = [contender for contender in everybody if "missing" not in contender.hello]
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; {options.rounds} rounds, ", end="")
    print(f"{options.executions} executions each.")
    print("median (least-greatest); search: the executions of a search with nothing left to run,")
    print("and its time; values: different results seen, of all possible ones")
    for contender in everybody:
        if contender not in here:
            print(f"  {contender.hello['missing']}")
        elif PINNED not in contender.name:
            wanted = PACKAGES[contender.name]
            found = contender.hello["version"]
            print(f"  {contender.name} {found}" + (f" (meant for {wanted})" if wanted not in (None, found) else ""))
    if everybody[0] not in here:
        raise SystemExit("Nothing to compare with: install racekit first.")
    for kind in ("random", "systematic"):
        for times in TIMES:
            print_title(f"{kind}, each thread {times} time{'s' if times > 1 else ''}")
            rows = compare(here, kind, times, options.rounds, options.executions)
            print_table(["", "executions/s", "racekit faster", "search", "values"], rows)
    for contender in everybody:
        contender.close()


if __name__ == "__main__":
    main()
