"""Well-known concurrent classes, correct and broken: racekit, Hypothesis with free-running threads, and frontrun.

racekit and Hypothesis alone make programs from the same lists of calls, with ten seeds. Hypothesis alone runs each
program with ordinary threads, several times and with a tiny switch interval, and holds the results against all
sequential orders; it has no schedules to shrink with. frontrun makes no programs: it is given the smallest failing
program of each class, and all results are part of the state that its `serializable_invariant` compares.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from measuring import Served, median, print_table, print_title

PROPERTIES = Path(__file__).resolve().parent.parent / "properties"

SMALLEST: dict[str, tuple[Sequence[tuple[str, tuple[Any, ...]]], ...]] = {
    "Queue": ((("put", (0,)), ("put", (0,))), (("put", (0,)),)),
    "Deque": ((("take", ()),), (("take", ()),)),
    "Semaphore": ((("acquire", ()),), (("acquire", ()),)),
    "Cache": ((("put", (0, 0)),), (("put", (1, 0)),)),
    "Bank": ((("transfer", ("mine", "yours", 1)),), (("transfer", ("mine", "yours", 2)),)),
    "Pool": ((("acquire", ()),), (("acquire", ()),)),
    "Stack": ((("push", (0,)), ("pop", ())), (("pop", ()),)),
    "ReadersWriter": ((("read", ()),), (("write", (1,)),)),
}


def result_of(call: Callable[[], Any]) -> str:
    """What a call gave, without what differs from run to run."""
    try:
        value = call()
    except Exception as error:
        return type(error).__name__
    return repr(value) if type(value).__repr__ is not object.__repr__ else type(value).__name__


# --- racekit ---------------------------------------------------------------------------------------------------------


def racekit_finds(name: str, seed: int) -> dict[str, Any]:
    import hypothesis
    import subjects
    from hypothesis import HealthCheck, settings

    from racekit.options import Options
    from racekit.programs.judging import Task
    from racekit.properties.calls import CallsSearch, search_calls
    from racekit.properties.case import fails
    from racekit.properties.objects import DEFAULTS, ClassSubject

    cls = getattr(subjects, name)
    subject = ClassSubject(cls)
    search = CallsSearch(lambda program: Task(subject, program), Options(**DEFAULTS), cuts(subject))
    chosen = settings(database=None, suppress_health_check=list(HealthCheck))
    test = search_calls(search, subject.calls(search.cuts.most), cls)
    found = fails(search, test, chosen, hypothesis.seed(seed))
    if found:
        search.failure(lambda violation: [])
    return {"found": found, "executions": search.executions}


def cuts(subject: Any) -> Any:
    from racekit.programs.cutting import Cuts

    return Cuts(threads=2, prefix=3, operations=3, group=subject.group_of)


# --- Hypothesis alone ------------------------------------------------------------------------------------------------

REPETITIONS = 10


def hypothesis_finds(name: str, seed: int) -> dict[str, Any]:
    import subjects
    from hypothesis import HealthCheck, assume, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    from racekit.properties.objects import ClassSubject

    subject = ClassSubject(getattr(subjects, name))
    runs = 0
    sys.setswitchinterval(1e-6)

    @seeded(seed)
    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(subject.calls(cuts(subject).most), st.integers(0, 100))
    def test(calls: Any, way: int) -> None:
        nonlocal runs
        programs = cuts(subject).programs(calls)
        assume(programs)
        program = programs[way % len(programs)]
        turns = [number for number, thread in enumerate(program.threads) for _ in thread]
        allowed = {in_order(subject, program, order) for order in set(itertools.permutations(turns))}
        for _ in range(REPETITIONS):
            runs += 1
            assert side_by_side(subject, program) in allowed

    try:
        test()
    except (AssertionError, BaseExceptionGroup):
        found = True
    except Exception as error:  # Flaky: it failed, but not again
        found = type(error).__name__.startswith("Flaky")
    else:
        found = False
    return {"found": found, "executions": runs}


def in_order(subject: Any, program: Any, order: Sequence[int]) -> tuple[Any, ...]:
    state = begun(subject, program)
    rest = [iter(thread) for thread in program.threads]
    results: list[list[str]] = [[] for _ in program.threads]
    for number in order:
        results[number].append(result_of(lambda: subject.perform(state, next(rest[number]))))  # noqa: B023
    return observed(subject, state, results)


def side_by_side(subject: Any, program: Any) -> tuple[Any, ...]:
    state = begun(subject, program)
    results: list[list[str]] = [[] for _ in program.threads]
    ready = threading.Barrier(len(program.threads))

    def work(number: int) -> None:
        ready.wait()
        for operation in program.threads[number]:
            results[number].append(result_of(lambda: subject.perform(state, operation)))  # noqa: B023

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(program.threads))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return observed(subject, state, results)


def begun(subject: Any, program: Any) -> Any:
    state = subject.begin()
    for operation in program.prefix:
        result_of(lambda: subject.perform(state, operation))  # noqa: B023
    return state


def observed(subject: Any, state: Any, results: list[list[str]]) -> tuple[Any, ...]:
    try:
        subject.check(state)
    except AssertionError:
        return ("the invariant is broken",)
    return (*map(tuple, results), repr(subject.view(state)) if subject.has_view else None)


# --- frontrun --------------------------------------------------------------------------------------------------------


class Made:
    """An object of a class of operations, and what its calls gave."""

    def __init__(self, cls: type) -> None:
        self.operations: Any = cls()
        self.subject = self.operations.start()
        self.results: list[list[str]] = [[], []]


def frontrun_finds(name: str, seed: int) -> dict[str, Any]:
    os.environ["FRONTRUN_ACTIVE"] = "1"
    import frontrun
    import subjects

    cls = getattr(subjects, name)

    def worker(number: int) -> Callable[[Made], None]:
        def work(made: Made) -> None:
            for operation, arguments in SMALLEST[name.removeprefix("Broken")][number]:
                method = getattr(made.operations, operation)
                made.results[number].append(result_of(lambda: method(made.subject, *arguments)))  # noqa: B023

        return work

    def seen(made: Made) -> Any:
        view = getattr(made.operations, "view", None)
        return repr((made.results, view(made.subject) if view else None))

    found = frontrun.explore(
        setup=lambda: Made(cls),
        workers=[worker(0), worker(1)],
        invariant=lambda made: True,
        serializable_invariant=seen,
        detect_io=False,
        reproduce_on_failure=0,
        max_executions=2000,
    )
    return {"found": not found.property_holds, "executions": int(found.num_explored)}


# --- the table -------------------------------------------------------------------------------------------------------

TOOLS = {"racekit": racekit_finds, "hypothesis": hypothesis_finds, "frontrun": frontrun_finds}


def serve(tool: str) -> None:
    """Answer requests, a line of JSON each, until there are no more."""
    sys.path.insert(0, str(PROPERTIES))
    answers, sys.stdout = sys.stdout, sys.stderr
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        name, seed = json.loads(line)
        begun = time.perf_counter()
        try:
            answer = TOOLS[tool](name, seed)
        except ImportError as error:
            answer = {"missing": str(error)}
        answer["seconds"] = time.perf_counter() - begun
        print(json.dumps(answer), file=answers, flush=True)


def cell(answers: list[dict[str, Any]], broken: bool) -> list[str]:
    """How often it was found, the executions that took on average, and the median of the seconds."""
    if any("missing" in answer for answer in answers):
        return ["not here", "", ""]
    found = sum(answer["found"] for answer in answers)
    verdict = f"{found}/{len(answers)}" if broken else "passes" if not found else "WRONG"
    executions = sum(answer["executions"] for answer in answers) / len(answers)
    return [verdict, f"{executions:,.0f}", f"{median([answer['seconds'] for answer in answers]):.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Broken and correct classes, next to the rivals.")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--serve", choices=TOOLS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    tools = {tool: Served([sys.executable, __file__, "--serve", tool]) for tool in TOOLS}
    for broken in (True, False):
        rows = []
        for name in SMALLEST:
            row = [name]
            for tool, served in tools.items():
                seeds = options.seeds if broken and tool != "frontrun" else 1
                full_name = f"Broken{name}" if broken else name
                row += cell([served.ask(full_name, seed) for seed in range(seeds)], broken)
            rows.append(row)
        print_title(f"{'broken' if broken else 'correct'} classes: verdict, executions on average, seconds")
        print_table(["", "racekit", "", "s", "Hypothesis", "", "s", "frontrun", "", "s"], rows)
    for served in tools.values():
        served.close()


if __name__ == "__main__":
    main()
