"""The document's examples, and for each of them what can happen: `racekit demo`."""

from __future__ import annotations

import logging
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from logging.handlers import BufferingHandler
from typing import Any

from racekit.explore import explore, replay
from racekit.results import Exploration
from racekit.scenarios import (
    FakeDataStore,
    LockedDataStore,
    LockPair,
    run_daemon_threads,
    run_producer_consumer,
    run_sub_thread,
    run_thread_pool,
    update_three_times,
)
from racekit.schedule import Schedule

WIDTH = 80
DEFAULT = Schedule()
WATCHED = "racekit.scenarios"

INTRODUCTION = """\
Small threaded programs, each run under one schedule after another. A text such
as rk1:1@35w.value>2 is the token of a schedule: it says who makes way for whom,
and where, and racekit.replay repeats that execution with it."""


class Report(str):
    """The report of a failure among the lines of the demo."""


def tell(names: Iterable[str] = ()) -> Iterator[str]:
    """The lines of the demo, one example after the other; all of them unless some are named."""
    yield from INTRODUCTION.splitlines()
    for name in tuple(names) or EXAMPLES:
        yield from ["", ""]
        yield from EXAMPLES[name]()


def thread() -> Iterator[str]:
    yield from _title("A thread and its join")

    def lines_before_the_end() -> int:
        records.clear()
        run_sub_thread(join=False)
        return len(records)

    with _logged() as records:
        found = explore(lines_before_the_end, include=WATCHED)
    yield from _prose("Without join, the main thread does not wait for its thread.")
    yield from _listing(run_sub_thread, found.outcomes[4].schedule, "22:33:18")
    yield from _prose("With join, it does.")
    yield from _listing(lambda: run_sub_thread(join=True), DEFAULT, "22:33:18")


def daemon() -> Iterator[str]:
    yield from _title("Daemon threads")
    yield from _prose("They are cut off when the main thread ends. Two of them count to three, and until then:")
    yield from _outcomes(_search(lambda: run_daemon_threads(3, 3)), "finished")

    def how_far_they_came() -> tuple[int, ...]:
        records.clear()
        run_daemon_threads(3, 3)
        lines = Counter(record.threadName for record in records)
        return tuple(lines[name] for name in lines if name != "MainThread")

    with _logged() as records:
        found = explore(how_far_they_came, include=WATCHED, strategy="bounded")
    yield from _prose("One execution in which both are cut off in the middle:")
    yield from _listing(lambda: run_daemon_threads(3, 3), found.outcomes[3, 2].schedule, "22:36:50")


def pool() -> Iterator[str]:
    yield from _title("A thread pool")
    yield from _prose("Three tasks over two workers: the third waits until a worker is free.")
    yield from _listing(run_thread_pool, DEFAULT, "22:40:48")
    yield from _prose("The results come in the order of the tasks, whoever finishes first:")
    yield from _outcomes(_search(run_thread_pool), "results")


def store() -> Iterator[str]:
    yield from _title("The store without a lock")
    yield from _prose("Three updates over two workers. What the value can be at the end:")
    found = _search(lambda: update_three_times(FakeDataStore()))
    yield from _outcomes(found, "value")
    shortest = found.outcomes[2].schedule
    yield from _prose("The shortest schedule that gives 2, so that an update is lost, is")
    yield f"  {shortest}" + ("  (the default: each thread runs for as long as it can)" if shortest == DEFAULT else "")
    yield from _listing(lambda: update_three_times(FakeDataStore()), shortest, "17:59:22.850")
    yield from _prose("A test that allows for 3 alone fails with this report:")
    found = _search(lambda: update_three_times(FakeDataStore()), outcomes={3})
    yield from ["", *(Report(failure) for failure in found.failures)]


def locked() -> Iterator[str]:
    yield from _title("The store with a lock")
    yield from _prose("The same three updates. What the value can be at the end:")
    yield from _outcomes(_search(lambda: update_three_times(LockedDataStore())), "value")
    yield from _prose("One of the executions:")
    yield from _listing(lambda: update_three_times(LockedDataStore()), DEFAULT, "18:08:45")


def queue() -> Iterator[str]:
    yield from _title("A producer and a consumer")
    yield from _prose("An event tells both to stop. How it should go:")
    yield from _listing(run_producer_consumer, DEFAULT, "23:05:14")
    yield from _prose("It can also block forever: the consumer waits in get() after the producer has left.")
    yield from _deadlock(run_producer_consumer, "23:05:14")


def deadlock() -> Iterator[str]:
    yield from _title("Two locks in opposite orders")
    yield from _prose("Two transfers cross. Each takes the lock of its own account, then that of the other.")
    yield from _deadlock(lambda: LockPair().cross(), "23:41:07")


EXAMPLES: dict[str, Callable[[], Iterator[str]]] = {
    example.__name__: example for example in (thread, daemon, pool, store, locked, queue, deadlock)
}


def _search(body: Callable[[], object], **options: Any) -> Exploration:
    """Explore as anybody would, with the log silenced."""
    with _level(logging.WARNING):
        return explore(body, include=WATCHED, **options)


def _title(text: str) -> Iterator[str]:
    yield text
    yield "=" * len(text)


def _prose(text: str) -> Iterator[str]:
    yield ""
    yield from textwrap.wrap(text, WIDTH)


def _outcomes(found: Exploration, what: str) -> Iterator[str]:
    """What can come out, each with a schedule that gives it, and whether that is all."""
    yield ""
    for value in sorted(found.outcomes, key=lambda value: (len(str(value)), str(value))):
        outcome = found.outcomes[value]
        yield f"  {what}: {_plain(value)}  ({outcome.count} of {found.executions} executions)"
        yield f"    {outcome.schedule}"
    if found.proved:
        count = found.interleavings or found.executions
        yield from _prose(f"Proved: every different interleaving was run, {count} in all.")
    else:
        yield from _prose(f"Not proved: {found.executions} executions were run, cut by {found.cut_by}.")


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) or "nobody" if isinstance(value, tuple) else str(value)


def _deadlock(body: Callable[[], object], start: str) -> Iterator[str]:
    """What the report says, and what the log says up to there."""
    found = _search(body)
    if found.failure is None:
        yield from _prose(f"Not found in {found.executions} executions.")
        return
    yield ""
    yield Report(found.failure)
    yield from _prose("What the log says up to there:")
    yield from _listing(body, found.failure.schedule, start)


def _listing(body: Callable[[], object], schedule: Schedule, start: str) -> Iterator[str]:
    """The log of one execution, its clock set to the time of day at which the document's own listing starts."""
    with _logged() as records:
        replay(body, schedule, include=WATCHED)
    began = datetime.fromisoformat(f"2022-02-15 {start}")
    yield ""
    for record in records:
        moment = began + timedelta(seconds=record.created - records[0].created)
        yield f"{moment:%H:%M:%S} - {record.getMessage()}"


@contextmanager
def _logged() -> Iterator[list[logging.LogRecord]]:
    """Collect what is logged instead of printing it."""
    handler = BufferingHandler(capacity=100_000)
    root = logging.getLogger()
    others, root.handlers = root.handlers, [handler]
    try:
        with _level(logging.INFO):
            yield handler.buffer
    finally:
        root.handlers = others


@contextmanager
def _level(level: int) -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    root.setLevel(level)
    try:
        yield
    finally:
        root.setLevel(before)
