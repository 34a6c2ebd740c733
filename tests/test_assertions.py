"""Assertions about every schedule: pass, fail with the right words, and what they take."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

import racekit
from racekit import BadArgument, together
from racekit.scenarios import FakeDataStore, LockedDataStore, LockPair


def unlocked() -> int:
    store = FakeDataStore()
    together(lambda: store.update("First"), lambda: store.update("Second"))
    return store.value


def locked() -> int:
    store = LockedDataStore()
    together(lambda: store.update("First"), lambda: store.update("Second"))
    return store.value


def counted() -> int:
    """As `locked`, in few steps."""
    store = FakeDataStore()
    lock = threading.Lock()

    def add() -> None:
        with lock:
            store.value += 1

    together(add, add)
    return store.value


def crossing() -> tuple[int, int]:
    return LockPair().cross()


def failing() -> None:
    assert unlocked() == 2, "one is missing"


def refused(assertion: Callable[[], object]) -> str:
    with pytest.raises(AssertionError) as failure:
        assertion()
    return "\n".join([str(failure.value), *getattr(failure.value, "__notes__", [])])


# --- assert_lost_update ----------------------------------------------------------------------------------------------


def lost(body: Callable[[], object], of: str | None = None) -> str:
    return racekit.assert_lost_update(body, of).notes[0]


def test_a_lost_update_is_named_with_its_values() -> None:
    assert lost(unlocked) == (
        "FakeDataStore.value: Second's write of 1 overwrote First's write of 1; both had read 0 (fake_data_store.py:35)"
    )


def test_the_schedule_of_a_lost_update_loses_it_again() -> None:
    found = racekit.assert_lost_update(unlocked)
    assert found.found is not None
    assert racekit.replay(unlocked, found.found).value == 1


VALUE = 0


def test_a_lost_update_of_a_global() -> None:
    def add(name: str) -> None:
        global VALUE
        VALUE = VALUE + 1

    def body() -> None:
        global VALUE
        VALUE = 0
        together(lambda: add("First"), lambda: add("Second"))

    sentence = lost(body, of="VALUE")
    assert sentence.startswith("VALUE: ")
    assert "'s write of 1; both had read 0 (test_assertions.py:" in sentence


def test_a_lost_update_of_a_variable_of_an_enclosing_function() -> None:
    def body() -> None:
        total = 10

        def add(name: str) -> None:
            nonlocal total
            total += 5

        together(lambda: add("First"), lambda: add("Second"))

    assert "total: First's write of 15 overwrote Second's write of 15; both had read 10" in lost(body, of="total")


def test_a_lost_update_of_an_item_of_a_dict() -> None:
    def body() -> None:
        hits = {"home": 7, "about": 0}

        def visit(page: str) -> None:
            hits[page] = hits[page] + 1

        together(lambda: visit("home"), lambda: visit("home"), lambda: visit("about"))

    assert "hits['home']" in lost(body)
    assert "'s write of 8 overwrote " in lost(body)
    assert "both had read 7" in lost(body)


def test_a_lost_update_of_an_item_of_a_list() -> None:
    def body() -> None:
        slots = [0, 0]

        def fill(index: int) -> None:
            slots[index] += 1

        together(lambda: fill(1), lambda: fill(1))

    assert lost(body).startswith("slots[1]: ")


def test_an_update_that_is_lost_between_two_critical_sections() -> None:
    class Account:
        def __init__(self) -> None:
            self.lock = threading.Lock()
            self.balance = 100

        def deposit(self, amount: int) -> None:
            with self.lock:
                balance = self.balance
            balance += amount
            with self.lock:
                self.balance = balance

    def body() -> None:
        account = Account()
        together(lambda: account.deposit(1), lambda: account.deposit(1))

    assert lost(body).startswith("Account.balance: ")
    assert "'s write of 101; both had read 100" in lost(body)


def test_of_takes_the_class_and_the_attribute_or_the_attribute_alone() -> None:
    assert lost(unlocked, of="FakeDataStore.value") == lost(unlocked, of="value")


def test_another_lost_update_does_not_count() -> None:
    message = refused(lambda: racekit.assert_lost_update(unlocked, of="FakeDataStore.other"))
    assert message.startswith("No lost update of FakeDataStore.other in ")
    assert message.endswith(
        " executions; proved: every interleaving was run. Lost were updates of FakeDataStore.value."
    )


def test_no_lost_update_with_a_lock() -> None:
    message = refused(lambda: racekit.assert_lost_update(locked))
    assert message.startswith("No lost update in ")
    assert message.endswith(" executions; proved: every interleaving was run.")


def test_no_lost_update_within_a_budget_is_not_proved() -> None:
    message = refused(lambda: racekit.assert_lost_update(counted, executions=1))
    assert message == "No lost update in 1 execution; not proved: cut by executions."


def test_failures_on_the_way_are_told_when_no_update_is_lost() -> None:
    assert "Deadlock: " in refused(lambda: racekit.assert_lost_update(crossing, executions=20))


def test_a_lost_update_is_found_in_a_body_that_fails_because_of_it() -> None:
    assert lost(failing).startswith("FakeDataStore.value: ")


def own_objects() -> None:
    def work() -> None:
        FakeDataStore().update("own")

    together(work, work)


def read_again() -> None:
    store = FakeDataStore()
    lock = threading.Lock()

    def work() -> None:
        if store.value < 10:
            with lock:
                store.value = store.value + 1

    together(work, work)


def different_items() -> None:
    counts = {"a": 0, "b": 0}

    def work(key: str) -> None:
        counts[key] = counts[key] + 1

    together(lambda: work("a"), lambda: work("b"))


def different_items_under_a_lock() -> None:
    counts = {"a": 0, "b": 0}
    lock = threading.Lock()

    def work(key: str) -> None:
        with lock:
            value = counts[key]
        with lock:
            counts[key] = value + 1

    together(lambda: work("a"), lambda: work("b"))


def appended() -> None:
    items: list[int] = []

    def work() -> None:
        if len(items) < 10:
            items.append(1)

    together(work, work)


def handed_on() -> None:
    store = FakeDataStore()
    ready = threading.Event()

    def first() -> None:
        store.value = store.value + 1
        ready.set()

    def second() -> None:
        ready.wait()
        store.value = store.value + 1

    together(first, second)


@pytest.mark.parametrize(
    "body", [own_objects, appended, read_again, different_items, different_items_under_a_lock, handed_on, locked]
)
def test_what_is_no_lost_update_is_not_named(body: Callable[[], object]) -> None:
    message = refused(lambda: racekit.assert_lost_update(body))
    assert message.endswith("; proved: every interleaving was run.")


# --- assert_deadlock -------------------------------------------------------------------------------------------------


def test_a_deadlock_is_the_failure_of_what_is_returned() -> None:
    found = racekit.assert_deadlock(crossing)
    assert found.failure is not None
    assert found.failure.kind == "deadlock"


@pytest.mark.parametrize("between", [("There", "Back"), ("Account._lock",), ("_lock", "Back"), ["MainThread"]])
def test_between_names_threads_or_what_they_wait_for(between: Any) -> None:
    racekit.assert_deadlock(crossing, between=between)


def test_a_deadlock_between_others_does_not_count() -> None:
    message = refused(lambda: racekit.assert_deadlock(crossing, between=("There", "Nobody")))
    assert message.startswith("No deadlock between Nobody and There in ")
    assert "Deadlock: There holds Account#1._lock and waits for Account#2._lock, Back" in message


def test_no_deadlock_with_one_lock() -> None:
    message = refused(lambda: racekit.assert_deadlock(locked))
    assert message.startswith("No deadlock in ")
    assert message.endswith(" executions; proved: every interleaving was run.")


def test_no_deadlock_within_a_budget_is_not_proved() -> None:
    message = refused(lambda: racekit.assert_deadlock(crossing, executions=1))
    assert message == "No deadlock in 1 execution; not proved: cut by executions."


def test_other_failures_are_told_when_there_is_no_deadlock() -> None:
    assert "one is missing" in refused(lambda: racekit.assert_deadlock(failing))


def test_between_wants_several_names() -> None:
    with pytest.raises(BadArgument, match="is one name: pass several"):
        racekit.assert_deadlock(crossing, between="There")


# --- assert_race_free ------------------------------------------------------------------------------------------------


def test_locked_updates_are_proved_to_be_free_of_races() -> None:
    found = racekit.assert_race_free(locked)
    assert (found.proved, set(found.outcomes)) == (True, {2})


def test_within_a_budget_nothing_is_proved() -> None:
    found = racekit.assert_race_free(counted, executions=1)
    assert (found.proved, found.cut_by) == (False, "executions")


def test_a_lost_update_is_a_race() -> None:
    message = refused(lambda: racekit.assert_race_free(unlocked))
    assert " ".join(message.split()).startswith("Lost update on FakeDataStore.value: Second overwrote First's write ")
    assert "replay:  racekit.replay(body, 'rk1:" in message


def test_a_failure_is_a_race() -> None:
    def body() -> None:
        done: list[str] = []
        together(lambda: done.append("first"), lambda: done.append("second"))
        assert done[0] == "first"

    assert "replay:  racekit.replay(body, 'rk1:" in refused(lambda: racekit.assert_race_free(body))


def test_a_deadlock_is_a_race() -> None:
    with pytest.raises(racekit.Deadlock):
        racekit.assert_race_free(crossing)


def test_a_result_that_depends_on_the_schedule_is_a_race() -> None:
    def body() -> str:
        done: list[str] = []
        together(lambda: done.append("first"), lambda: done.append("second"))
        return done[0]

    message = refused(lambda: racekit.assert_race_free(body))
    assert message.startswith("The result depends on the schedule.\n")
    assert re.search(r"^  'first' +\d+ +rk1:", message, flags=re.MULTILINE)
    assert re.search(r"^  'second' +\d+ +rk1:", message, flags=re.MULTILINE)
    sentence = "'second' came out, where other executions give 'first'; it passes if first writes done"
    assert sentence in " ".join(message.split())


def test_a_new_object_in_each_execution_is_no_race() -> None:
    assert racekit.assert_race_free(lambda: object()).proved


# --- assert_outcomes -------------------------------------------------------------------------------------------------


def test_exactly_these_outcomes() -> None:
    assert racekit.assert_outcomes(unlocked, {1, 2}).proved


def test_outcomes_that_cannot_be_hashed() -> None:
    racekit.assert_outcomes(lambda: [unlocked()], [[1], [2]])


def test_an_outcome_that_is_not_expected() -> None:
    message = refused(lambda: racekit.assert_outcomes(unlocked, {2}))
    assert message.startswith("1 came out in execution ")
    assert ", but expected was only 2.\n\nLost update on FakeDataStore.value: " in message


def test_the_schedule_of_an_outcome_that_is_not_expected_gives_it_again() -> None:
    message = refused(lambda: racekit.assert_outcomes(unlocked, {1, 3}))
    assert message.startswith("2 came out in execution ") and "expected was one of 1, 3." in message
    [token] = re.findall(r"racekit.replay\(body, '(.*)'\)", message)
    assert racekit.replay(unlocked, token).value == 2


def test_an_outcome_that_never_comes() -> None:
    message = refused(lambda: racekit.assert_outcomes(unlocked, {1, 2, 3}))
    assert message.startswith("3 never came out in ")
    assert "; proved: every interleaving was run." in message


def test_at_least_these_outcomes() -> None:
    assert set(racekit.assert_outcomes(unlocked, at_least={1}).outcomes) == {1, 2}


def test_at_least_these_outcomes_within_a_budget() -> None:
    message = refused(lambda: racekit.assert_outcomes(counted, at_least={2, 7}, executions=1))
    assert message.startswith("7 never came out in 1 execution; not proved: cut by executions.")


def test_a_failing_body_has_no_outcome_but_its_failure() -> None:
    assert "one is missing" in refused(lambda: racekit.assert_outcomes(failing, {None}))


@pytest.mark.parametrize("told", [{}, {"outcomes": {1}, "at_least": {1}}])
def test_assert_outcomes_is_told_either_all_or_some(told: dict[str, Any]) -> None:
    with pytest.raises(BadArgument, match="either the set of all of them, or at_least="):
        racekit.assert_outcomes(unlocked, **told)


# --- what all of them take -------------------------------------------------------------------------------------------

ALL = [
    racekit.assert_lost_update,
    racekit.assert_deadlock,
    racekit.assert_race_free,
    lambda body, **options: racekit.assert_outcomes(body, {1}, **options),
]


@pytest.mark.parametrize("assertion", ALL)
def test_an_option_that_does_not_exist_is_refused(assertion: Callable[..., object]) -> None:
    with pytest.raises(BadArgument, match="There is no option 'budget'"):
        assertion(unlocked, budget=3)


@pytest.mark.parametrize("assertion", ALL)
def test_a_body_with_arguments_is_refused(assertion: Callable[..., object]) -> None:
    with pytest.raises(BadArgument, match="takes arguments"):
        assertion(lambda store: None)


def test_granularity_is_that_of_explore() -> None:
    def body() -> int:
        store = FakeDataStore()

        def add() -> None:
            store.value += 1

        together(add, add)
        return store.value

    racekit.assert_outcomes(body, {1, 2})
    racekit.assert_outcomes(body, {2}, granularity="gil")


# --- raises ----------------------------------------------------------------------------------------------------------


def test_raises_keeps_what_was_raised() -> None:
    with racekit.raises(racekit.Deadlock) as caught:
        racekit.explore(crossing).check()
    assert caught.value.failure.kind == "deadlock"


def test_raises_fails_when_nothing_is_raised() -> None:
    def nothing() -> None:
        with racekit.raises(racekit.Deadlock):
            pass

    assert refused(nothing) == "The block raised no Deadlock."


def test_raises_lets_other_exceptions_through() -> None:
    with pytest.raises(KeyError), racekit.raises(racekit.Deadlock):
        raise KeyError
