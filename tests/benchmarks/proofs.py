"""How long until a small program is proved, or its bug found: racekit next to frontrun, whose search is also DPOR.

Each tool runs in a process of its own, and the processes take turns. What is timed is one whole exploration, set-up
included:

- racekit: the whole call; when a bug is found that includes its simplest schedule, the replay and the report.
- racekit, found: the same until an execution fails, without telling why.
- frontrun: the whole call with its default settings, among them at most two preemptions (so that it proves nothing:
  "held"), and ten replays of a failure.
- frontrun, no bound: the same without that bound.
- frontrun, fastest: also without detection of input and output, without replays, and pinned to one processor, as
  racekit pins itself.
- the program alone: run 100 times with no tool at all (and as if sleeping took no time, as for the tools). However
  fast a tool is, its threads have to start and end.

pingpong: two threads pass a number on, and what fails needs four preemptions. depth3: one thread reads a variable
twice and the other writes it twice, and what fails is one of their six orders; in between, both change another one.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

from bodies import Counter, adding
from measuring import Served, in_turns, median, print_table, print_title, ratios, with_spread

FASTEST = "frontrun, fastest"
ALONE = "the program alone"
RIVALS = ("frontrun", "frontrun, no bound", FASTEST)
SEARCHED_AT_MOST = 10_000


# --- the programs -----------------------------------------------------------------------------------------------------


class LockedStore:
    def __init__(self) -> None:
        self.value = 0
        self._lock = threading.Lock()

    def update(self, name: str) -> None:
        logging.info("Thread %s: starting update", name)
        with self._lock:
            local_copy = self.value
            local_copy += 1
            time.sleep(0.1)
            self.value = local_copy
        logging.info("Thread %s: finishing update", name)


class Forks:
    def __init__(self) -> None:
        self.forks = [threading.Lock() for _ in range(4)]

    def eat(self, number: int) -> None:
        with self.forks[number], self.forks[(number + 1) % 4]:
            pass


class PingPong:
    def __init__(self) -> None:
        self.turn = 0

    def play(self, first: int) -> None:
        for turn in range(first, 6, 2):
            if self.turn == turn:
                self.turn = turn + 1


class Depth3:
    def __init__(self) -> None:
        self.x = self.noise = 0
        self.seen = (0, 0)

    def watch(self) -> None:
        first = self.x
        self._make_noise()
        self.seen = (first, self.x)

    def write(self) -> None:
        self.x = 1
        self._make_noise()
        self.x = 2

    def _make_noise(self) -> None:
        for _ in range(3):
            self.noise += 1


class Program(NamedTuple):
    """`workers` are called with what `setup` returned, a thread each; `holds` tells whether it ended well."""

    setup: Callable[[], Any]
    workers: Sequence[Callable[[Any], None]]
    holds: Callable[[Any], bool]


PROGRAMS = {
    "counter, 2 x 3": Program(Counter, [adding(3)] * 2, lambda _: True),
    "locked store, 3 threads": Program(
        LockedStore, [lambda store, name=name: store.update(name) for name in "ABC"], lambda store: store.value == 3
    ),
    "dining philosophers 4": Program(
        Forks, [lambda table, number=number: table.eat(number) for number in range(4)], lambda _: True
    ),
    "pingpong": Program(PingPong, [lambda game: game.play(0), lambda game: game.play(1)], lambda game: game.turn != 6),
    "depth3 with noise": Program(Depth3, [Depth3.watch, Depth3.write], lambda state: state.seen != (1, 2)),
}


# --- one tool, in its own process ------------------------------------------------------------------------------------


class Found(NamedTuple):
    executions: int
    verdict: str


def body_of(program: Program) -> Callable[[], None]:
    def body() -> None:
        state = program.setup()
        threads = [threading.Thread(target=worker, args=(state,)) for worker in program.workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert program.holds(state)

    return body


def _racekit(strategy: str, *, told: bool) -> Callable[[Program, int], Found]:
    from racekit.explore import explore_body
    from racekit.options import Options

    def search(program: Program, seed: int) -> Found:
        options = Options.of({"strategy": strategy, "executions": SEARCHED_AT_MOST, "seed": seed})
        judge = None if told else lambda run: run.fault is not None
        result = explore_body(body_of(program), options, judge=judge)
        found = result.failure is not None or result.found is not None
        return Found(result.executions, "proved" if result.proved else "found" if found else "neither")

    return search


def _frontrun(**settings: Any) -> Callable[[Program, int], Found]:
    os.environ["FRONTRUN_ACTIVE"] = "1"
    import frontrun

    def search(program: Program, seed: int) -> Found:
        found = frontrun.explore(
            setup=program.setup,
            workers=list(program.workers),
            invariant=program.holds,
            strategy="dpor",
            max_executions=SEARCHED_AT_MOST,
            deadlock_timeout=2.0,
            **settings,
        )
        ended = "proved" if "preemption_bound" in settings else "held"
        cut = found.num_explored >= SEARCHED_AT_MOST
        return Found(found.num_explored, "found" if not found.property_holds else "neither" if cut else ended)

    return search


def _alone() -> Callable[[Program, int], Found]:
    vars(time)["sleep"] = lambda seconds: None  # an attribute that this file sets would be watched
    runs = 100

    def search(program: Program, seed: int) -> Found:
        body = body_of(program._replace(holds=lambda _: True))
        for _ in range(runs):
            body()
        return Found(runs, "")

    return search


TOOLS = {
    "racekit auto": partial(_racekit, "auto", told=True),
    "racekit dpor": partial(_racekit, "dpor", told=True),
    "racekit auto, found": partial(_racekit, "auto", told=False),
    "racekit dpor, found": partial(_racekit, "dpor", told=False),
    "frontrun": _frontrun,
    "frontrun, no bound": partial(_frontrun, preemption_bound=None),
    FASTEST: partial(_frontrun, preemption_bound=None, detect_io=False, reproduce_on_failure=0),
    ALONE: _alone,
}


def serve(contender: str) -> None:
    """Answer requests, a line of JSON each, until there are no more."""
    if contender in (FASTEST, ALONE):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever the tool prints is not an answer
    try:
        search = TOOLS[contender]()
        told = sys.version.split()[0] if contender == ALONE else version(contender.replace(",", "").split()[0])
        print(json.dumps({"version": told}), file=answers, flush=True)
    except (ImportError, PackageNotFoundError) as error:
        print(json.dumps({"missing": f"{contender} is not installed here ({error})"}), file=answers, flush=True)
        return
    for line in sys.stdin:
        name, seed = json.loads(line)
        begun = time.perf_counter()
        found = search(PROGRAMS[name], seed)
        seconds = time.perf_counter() - begun
        print(json.dumps({"seconds": seconds, **found._asdict()}), file=answers, flush=True)


# --- the comparison --------------------------------------------------------------------------------------------------


def compare(contenders: dict[str, Served], program: str, rounds: int) -> list[list[str]]:
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}

    def measurement(name: str) -> Callable[[], float]:
        def measure() -> float:
            answers[name].append(contenders[name].ask(program, len(answers[name])))
            return float(answers[name][-1]["seconds"])

        return measure

    times = in_turns({name: measurement(name) for name in contenders}, rounds)
    rows = []
    for name, seconds in times.items():
        executions = [answer["executions"] for answer in answers[name]]
        rivals = [rival for rival in times if rival in RIVALS and name not in RIVALS]
        faster = {rival: ratios(times[rival], seconds) for rival in rivals if name != ALONE}
        rows.append(
            [
                name,
                answers[name][-1]["verdict"],
                f"{median(executions):,.0f}",
                with_spread([1000 * each for each in seconds], 0),
                f"{sum(executions) / sum(seconds):,.0f}",
                *(f"{median(faster[rival]):,.1f}" if rival in faster else "" for rival in RIVALS),
            ]
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Time to a proof or a bug, next to frontrun.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--program", action="append", choices=PROGRAMS, help="only this one (repeatable)")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    everybody = {name: Served([sys.executable, __file__, "--serve", name]) for name in TOOLS}
    contenders = {name: served for name, served in everybody.items() if "missing" not in served.hello}
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; {options.rounds} rounds")
    for name, served in everybody.items():
        print(f"  {served.hello.get('missing') or name + ' ' + served.hello['version']}")
    for program in options.program or PROGRAMS:
        print_title(program)
        for served in contenders.values():
            served.ask(program, 0)  # warm up
        rows = compare(contenders, program, options.rounds)
        print_table(["", "", "executions", "ms", "per second", "faster", "no bound", "fastest"], rows)
    for served in everybody.values():
        served.close()


if __name__ == "__main__":
    main()
