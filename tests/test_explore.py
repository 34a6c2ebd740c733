"""What an exploration tells: how much was run, what came out, and whether that proves anything."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable

import pytest
from threads import run

import racekit
from racekit.errors import NestedExploration
from racekit.runtime import originals
from racekit.runtime.turn import TURN


class Shared:
    def __init__(self) -> None:
        self.value = 0

    def increment(self) -> None:
        self.value = self.value + 1


def lost_update() -> int:
    shared = Shared()
    run(shared.increment, shared.increment)
    return shared.value


def locked_update() -> int:
    shared = Shared()
    lock = threading.Lock()

    def increment() -> None:
        with lock:
            shared.increment()

    run(increment, increment)
    return shared.value


def test_outcomes_are_what_the_body_returned() -> None:
    assert set(racekit.explore(lost_update).outcomes) == {1, 2}
    assert set(racekit.explore(locked_update).outcomes) == {2}


def test_outcomes_count_the_executions() -> None:
    found = racekit.explore(lost_update, executions=None)
    assert sum(outcome.count for outcome in found.outcomes.values()) == found.executions


def test_unhashable_outcomes_are_listed_by_their_repr() -> None:
    def body() -> list[int]:
        return [lost_update()]

    assert set(racekit.explore(body).outcomes) == {"[1]", "[2]"}


def test_an_unhashable_outcome_counts_too() -> None:
    found = racekit.explore(lambda: {"value": locked_update()}, executions=None)
    assert found.outcomes["{'value': 2}"].count == found.executions


def test_an_exhausted_search_is_a_proof() -> None:
    found = racekit.explore(locked_update, executions=None)
    assert found.ok
    assert found.proved
    assert found.cut_by is None
    assert found.failure is None
    assert found.failures == ()


def test_the_last_execution_of_the_budget_can_complete_a_proof() -> None:
    needed = racekit.explore(locked_update, executions=None, strategy="bounded").executions
    assert racekit.explore(locked_update, executions=needed, strategy="bounded").proved


def test_one_execution_less_proves_nothing() -> None:
    needed = racekit.explore(locked_update, executions=None, strategy="bounded").executions
    found = racekit.explore(locked_update, executions=needed - 1, strategy="bounded")
    assert found.executions == needed - 1
    assert not found.proved
    assert found.cut_by == "executions"


def test_a_failure_is_no_proof() -> None:
    found = racekit.explore(lambda: 1 / 0)
    assert not found.proved
    assert found.cut_by == "failure"
    assert found.executions == 1


def test_a_failure_ends_the_search_unless_told_otherwise() -> None:
    def body() -> None:
        assert lost_update() == 2

    first = racekit.explore(body, executions=None)
    assert len(first.failures) == 1
    assert first.failures[0].execution == first.executions
    every = racekit.explore(body, executions=None, stop_on_failure=False)
    assert len(every.failures) == 1
    assert every.failures[0].count > 1
    assert every.executions > first.executions
    assert not every.proved


def test_seconds_limit_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "perf_counter", itertools.count(step=0.01).__next__)
    found = racekit.explore(lost_update, strategy="random", executions=None, seconds=2)
    assert found.cut_by == "seconds"
    assert 1 < found.executions < 200
    assert found.seconds >= 2


def test_the_body_runs_once_even_without_any_seconds() -> None:
    found = racekit.explore(lost_update, seconds=0)
    assert found.executions == 1
    assert found.cut_by == "seconds"
    assert not found.proved


def test_a_body_that_always_fails_does_so_without_any_seconds() -> None:
    assert racekit.explore(lambda: 1 // 0, seconds=0).failure is not None


def test_preemptions_limit_the_search() -> None:
    none = racekit.explore(lost_update, preemptions=0)
    assert set(none.outcomes) == {2}
    assert none.cut_by == "preemptions"
    one = racekit.explore(lost_update, preemptions=1, executions=None)
    assert set(one.outcomes) == {1, 2}
    assert one.cut_by == "preemptions"


def test_a_limit_of_steps_is_a_limit_for_each_execution() -> None:
    found = racekit.explore(lost_update, steps=100)
    assert found.proved


def test_independent_locks_have_as_many_interleavings_as_can_be_counted_by_hand() -> None:
    """Two steps in the thread (its first one takes it to its release), two in the caller: 4 choose 2."""

    def body() -> None:
        one, other = threading.Lock(), threading.Lock()

        def take() -> None:
            with one:
                pass

        thread = threading.Thread(target=take)
        thread.start()
        with other:
            pass
        thread.join()

    found = racekit.explore(body, executions=None, strategy="bounded")
    assert found.proved
    assert found.executions == 6


def test_nothing_to_interleave_is_one_execution() -> None:
    def body() -> int:
        shared = Shared()
        shared.increment()
        return shared.value

    found = racekit.explore(body)
    assert found.executions == 1
    assert found.proved


def test_the_text_of_a_proof_says_so() -> None:
    text = str(racekit.explore(locked_update, executions=None))
    assert "none failed\nproved: all 2 different interleavings of 2 threads hold (every access a" in text
    assert re.search(r"^  2 +\d+ +rk1:$", text, re.MULTILINE)


def test_the_text_of_a_cut_search_says_what_cut_it() -> None:
    assert "not proved: cut by executions" in str(racekit.explore(lost_update, executions=2, strategy="bounded"))


def test_the_text_of_a_failed_search_has_the_report() -> None:
    found = racekit.explore(lambda: 1 / 0)
    assert "1 failed" in str(found)
    assert str(found.failure) in str(found)


def test_each_outcome_comes_with_a_schedule_in_the_text() -> None:
    found = racekit.explore(lost_update)
    for outcome in found.outcomes.values():
        assert outcome.schedule.token in str(found)


def test_exploring_inside_of_an_exploration_is_refused() -> None:
    def body() -> None:
        racekit.explore(int)

    failure = racekit.explore(body).failure
    assert failure is not None
    assert isinstance(failure.exception, NestedExploration)
    assert isinstance(failure.exception, racekit.RacekitError)
    assert "outside of the body" in str(failure.exception)


def test_replaying_inside_of_an_exploration_is_refused() -> None:
    failure = racekit.explore(lambda: racekit.replay(int, "rk1:")).failure
    assert failure is not None
    assert isinstance(failure.exception, NestedExploration)


def test_exploring_from_a_thread_of_the_body_is_refused() -> None:
    failure = racekit.explore(lambda: run(lambda: racekit.explore(int))).failure
    assert failure is not None
    assert isinstance(failure.exception, NestedExploration)


def test_exploring_while_another_thread_does_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TURN, "scheduler", object())
    with pytest.raises(NestedExploration, match="Another thread explores just now"):
        racekit.explore(int)


def test_an_exploration_may_follow_another_one() -> None:
    for _ in range(3):
        assert set(racekit.explore(lost_update).outcomes) == {1, 2}


def test_an_exploration_may_run_on_another_thread_than_the_main_one() -> None:
    found: list[racekit.Exploration] = []
    thread = threading.Thread(target=lambda: found.append(racekit.explore(lost_update)))
    thread.start()
    thread.join()
    assert found[0].proved
    assert set(found[0].outcomes) == {1, 2}


def test_any_callable_without_arguments_is_a_body() -> None:
    class Body:
        def __call__(self) -> int:
            return lost_update()

        def method(self) -> int:
            return lost_update()

    assert set(racekit.explore(Body()).outcomes) == {1, 2}
    assert set(racekit.explore(Body().method).outcomes) == {1, 2}


def test_a_body_defined_by_exec_is_watched() -> None:
    namespace: dict[str, object] = {"__name__": "typed_in"}
    source = (
        "import threading\n"
        "def body():\n"
        "    value = 0\n"
        "    def increment():\n"
        "        nonlocal value\n"
        "        value = value + 1\n"
        "    threads = [threading.Thread(target=increment) for _ in range(2)]\n"
        "    for thread in threads: thread.start()\n"
        "    for thread in threads: thread.join()\n"
        "    return value\n"
    )
    exec(source, namespace)
    assert set(racekit.explore(namespace["body"]).outcomes) == {1, 2}  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [3, "body", None], ids=str)
def test_what_cannot_be_called_is_refused(body: object) -> None:
    with pytest.raises(racekit.BadArgument, match="cannot be called"):
        racekit.explore(body)  # type: ignore[arg-type]


# --- the verdict, in words --------------------------------------------------------------------------------------------


def updates_of(threads: int) -> Callable[[], int]:
    def body() -> int:
        shared = Shared()
        run(*[shared.increment] * threads)
        return shared.value

    return body


def test_a_proof_tells_how_many_different_interleavings_hold() -> None:
    found = racekit.explore(updates_of(3))
    assert found.interleavings == 36
    assert found.verdict == (
        "proved: all 36 different interleavings of 3 threads hold (every access a scheduling point)"
    )


def test_a_proof_by_every_schedule_does_not_tell_how_many_of_them_differ() -> None:
    found = racekit.explore(updates_of(2), strategy="bounded")
    assert found.interleavings is None
    assert found.verdict == "proved: every interleaving of 2 threads was run (every access a scheduling point)"


def test_a_proof_tells_where_threads_could_switch() -> None:
    at_synchronization = racekit.explore(updates_of(2), granularity="sync", strategy="bounded").verdict
    under_a_gil = racekit.explore(updates_of(2), granularity="gil", strategy="bounded").verdict
    assert at_synchronization.endswith("(switches at synchronization only)")
    assert under_a_gil.endswith("(switches where a GIL allows them)")


@pytest.mark.parametrize("granularity", ["access", "gil"])
def test_a_proof_tells_what_was_excluded_from_it(granularity: str) -> None:
    found = racekit.explore(updates_of(2), granularity=granularity, exclude=(Shared.increment, "logging"))
    assert found.proved
    assert found.verdict.endswith(f", except in {__name__}.Shared.increment and logging)")


def test_what_was_excluded_does_not_limit_a_proof_that_speaks_of_no_access() -> None:
    found = racekit.explore(updates_of(2), granularity="sync", exclude=Shared.increment)
    assert found.verdict.endswith("(switches at synchronization only)")


def test_a_body_that_starts_no_thread_has_one_execution() -> None:
    assert racekit.explore(lambda: None).verdict == "proved: its only execution holds, since it starts no thread"


def test_threads_that_share_nothing_have_one_interleaving() -> None:
    found = racekit.explore(lambda: run(int, int), strategy="dpor")
    assert found.verdict.startswith("proved: the only interleaving of 2 threads that makes a difference holds")


def test_what_was_cut_is_not_called_proved() -> None:
    assert racekit.explore(updates_of(2), executions=1).verdict == "not proved: cut by executions"


def test_a_complete_search_that_found_failures_is_not_called_proved() -> None:
    def body() -> None:
        assert lost_update() == 2

    found = racekit.explore(body, stop_on_failure=False, executions=None)
    assert found.failures
    assert found.verdict == "every interleaving was run"


# --- what it took -----------------------------------------------------------------------------------------------------


def test_the_effort_adds_up_to_about_the_whole() -> None:
    found = racekit.explore(updates_of(3))
    effort = found.effort
    assert 0 < effort.rewriting + effort.running + effort.searching <= found.seconds


def test_the_scheduling_points_of_all_executions_are_counted() -> None:
    def body() -> None:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    assert racekit.explore(body, executions=1).effort.points == 2  # the start and the join


def test_scheduling_points_passed_to_minimize_a_failure_do_not_count() -> None:
    def body() -> None:
        assert lost_update() == 2

    failing = racekit.explore(body, strategy="random", seed=1)
    assert failing.failure is not None
    passing = racekit.explore(lost_update, strategy="random", seed=1, executions=failing.executions)
    assert failing.effort.points == passing.effort.points
