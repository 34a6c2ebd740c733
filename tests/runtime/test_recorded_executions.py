"""What a trace for people tells: values, names, stacks, and why threads stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count

from threads import run_by_name

import racekit
from racekit.trace import Event, HandOver, Trace


def trace_of(body: Callable[[], object]) -> Trace:
    """The trace of the first failure."""
    failure = racekit.explore(body).failure
    assert failure is not None
    assert failure.reproduced
    return failure.trace


def accesses(trace: Trace) -> list[tuple[str, str, str, str]]:
    return [
        (trace.threads[event.thread], event.operation, event.target, event.value)
        for event in trace.events
        if event.operation in ("read", "write")
    ]


def hand_over(trace: Trace, thread: str, reason: str) -> HandOver:
    """The first one of this thread for this reason."""
    return next(each for each in trace.hand_overs if (trace.threads[each.thread], each.reason) == (thread, reason))


class Counter:
    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.Lock()

    def increment(self) -> None:
        self.value = self.value + 1

    def increment_in_two_sections(self) -> None:
        with self.lock:
            value = self.value
        with self.lock:
            self.value = value + 1


def lost_update() -> None:
    counter = Counter()

    def one() -> None:
        counter.increment()

    def other() -> None:
        counter.increment()

    run_by_name(one, other)
    assert counter.value == 2


def test_the_trace_of_a_failure_has_the_values_that_were_read_and_written() -> None:
    assert accesses(trace_of(lost_update)) == [
        ("one", "read", "Counter.value", "0"),
        ("other", "read", "Counter.value", "0"),
        ("other", "write", "Counter.value", "1"),
        ("one", "write", "Counter.value", "1"),
    ]


def test_accesses_under_the_lock_of_all_are_in_it_too() -> None:
    def body() -> None:
        counter = Counter()
        run_by_name(counter.increment_in_two_sections, lambda: counter.increment_in_two_sections())
        assert counter.value == 2

    assert [what for _, *what in accesses(trace_of(body))] == [
        ["read", "Counter.value", "0"],
        ["read", "Counter.value", "0"],
        ["write", "Counter.value", "1"],
        ["write", "Counter.value", "1"],
    ]


def test_an_event_has_the_watched_calls_that_led_to_it() -> None:
    event: Event = next(event for event in trace_of(lost_update).events if event.operation == "write")
    assert [(place.function.rpartition(".")[2], place.text) for place in event.stack] == [
        ("other", "counter.increment()"),
        ("increment", "self.value = self.value + 1"),
    ]
    assert (event.stack[-1].filename, event.stack[-1].line) == (event.filename, event.line)


def test_a_preemption_says_what_the_thread_was_about_to_do() -> None:
    preempted = hand_over(trace_of(lost_update), "one", "preempted")
    assert preempted.operation == "write"
    assert preempted.place is not None
    assert preempted.place.text == "self.value = self.value + 1"
    assert preempted.wait is None


def test_a_thread_that_has_ended_makes_way() -> None:
    trace = trace_of(lost_update)
    ended = hand_over(trace, "other", "ended")
    assert trace.threads[ended.to] == "one"
    assert trace.events[ended.at].thread == ended.to
    assert trace.events[ended.at - 1].thread == ended.thread


def test_a_thread_that_waits_says_for_what_and_who_holds_it() -> None:
    def body() -> None:
        lock = threading.Lock()
        seen = []

        def holder() -> None:
            with lock:
                seen.append(1)
                time.sleep(1)

        def waiter() -> None:
            with lock:
                seen.append(2)

        run_by_name(holder, waiter)
        raise ValueError(seen)

    trace = trace_of(body)
    assert hand_over(trace, "holder", "sleeps").place is not None
    wait = hand_over(trace, "waiter", "waits").wait
    assert wait is not None
    assert (wait.operation, wait.awaited, wait.holder) == ("acquire", "lock", "holder")
    assert wait.held_since is not None
    assert wait.held_since.text == "with lock:"
    join = hand_over(trace, "MainThread", "waits").wait
    assert join is not None
    assert join.awaited == "the end of holder"


def test_a_synchronization_names_what_it_is_about() -> None:
    def body() -> None:
        ready = threading.Event()
        counter = Counter()

        def one() -> None:
            counter.increment_in_two_sections()
            ready.set()

        run_by_name(one)
        raise ValueError

    told = [(event.operation, event.target) for event in trace_of(body).events]
    assert ("start", "one") in told
    assert ("acquire", "Counter.lock") in told
    assert ("set", "ready") in told


def test_two_things_of_one_name_are_numbered() -> None:
    def body() -> None:
        first, second = Counter(), Counter()

        def one() -> None:
            first.increment()
            second.increment()

        def other() -> None:
            second.increment()
            first.increment()

        run_by_name(one, other)
        raise ValueError

    assert {target for _, _, target, _ in accesses(trace_of(body))} == {"Counter#1.value", "Counter#2.value"}


def test_a_container_is_called_what_the_code_calls_it() -> None:
    class Names:
        def __init__(self) -> None:
            self.owners: dict[str, str] = {}

        def claim(self, owner: str) -> None:
            if "admin" not in self.owners:
                self.owners["admin"] = owner

    def body() -> None:
        names = Names()
        log: list[str] = []

        def ann() -> None:
            names.claim("ann")
            log.append("ann")

        def ben() -> None:
            names.claim("ben")
            log.append("ben")

        run_by_name(ann, ben)
        raise ValueError

    assert accesses(trace_of(body)) == [
        ("ann", "write", "Names.owners['admin']", "'ann'"),
        ("ann", "write", "log", "['ann']"),
        ("ben", "read", "Names.owners['admin']", "'ann'"),
        ("ben", "write", "log", "['ann', 'ben']"),
    ]


def test_an_item_that_is_not_there_reads_as_nothing() -> None:
    def body() -> None:
        hits: dict[str, int] = {}

        def visit() -> None:
            hits["home"] = hits.get("home", 0) + 1

        run_by_name(visit, visit)
        raise ValueError

    assert ("visit", "read", "hits['home']", "nothing") in accesses(trace_of(body))


def test_what_one_thread_alone_touches_is_left_out() -> None:
    def body() -> None:
        mine, ours = Counter(), Counter()

        def one() -> None:
            mine.increment()
            ours.increment()

        run_by_name(one, ours.increment)
        raise ValueError

    assert {target for _, _, target, _ in accesses(trace_of(body))} == {"Counter.value"}


def test_a_failure_that_does_not_come_again_is_reported_as_it_was() -> None:
    times = count()

    def body() -> None:
        if next(times) == 0:
            raise ValueError("only once")

    found = racekit.explore(body)
    assert found.failure is not None
    assert str(found.failure.exception) == "only once"
    assert not found.failure.reproduced
    assert "did not come about again" in str(found.failure)
    assert found.executions == 1


def test_a_failure_whose_schedule_is_not_followed_again_is_reported_as_it_was() -> None:
    failing = []

    def only_before_a_failure() -> None:
        if not failing:
            try:
                lost_update()
            except AssertionError:
                failing.append(True)
                raise

    failure = racekit.explore(only_before_a_failure).failure
    assert failure is not None
    assert not failure.reproduced


def test_the_replay_for_the_report_is_not_counted() -> None:
    found = racekit.explore(lost_update)
    assert found.failure is not None
    assert found.executions == found.failure.execution


def test_names_and_values_are_found_without_running_code_under_test() -> None:
    asked: list[str] = []

    class Touchy:
        def __getattr__(self, name: str) -> object:
            raise AssertionError(f"{name} was asked for")

        @property
        def fine(self) -> object:
            raise AssertionError("a property was asked for")

        def __repr__(self) -> str:
            asked.append("a text")
            return "touchy"

    def body() -> None:
        touchy = Touchy()
        shared: list[object] = []
        table: dict[str, object] = {}

        def one() -> None:
            shared.append(touchy)
            table["one"] = touchy
            table.update(another=[touchy])

        run_by_name(one, lambda: shared.append(touchy), lambda: table.update(two=touchy))
        raise ValueError

    racekit_failure = racekit.explore(body).failure
    assert racekit_failure is not None
    assert isinstance(racekit_failure.exception, ValueError)
    assert not asked
    assert "{'one': <Touchy>}" in {event.value for event in racekit_failure.trace.events}
