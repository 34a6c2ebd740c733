"""The same script under control and among ordinary threads: barriers, sleeps, pauses, orders and calls."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest

from racekit import BadArgument, Deadlock, InjectionTimeout, Race
from racekit.scenarios import FakeDataStore, LockedDataStore, LockPair, Restroom, single_restroom

BOTH_WAYS = pytest.mark.parametrize("controlled", [True, False], ids=["scripted", "live"])


def unwrapped(error: BaseException) -> str:
    """What it says, in one line."""
    return " ".join(str(error).split())


@pytest.fixture
def impatient(race: Race) -> Race:
    """For what cannot happen: ordinary threads soon give up."""
    race.timeout = 0.03
    return race


def update_twice(race: Race, store: Any, *, controlled: bool) -> int:
    race.together(lambda: store.update("First"), lambda: store.update("Second"), controlled=controlled)
    value: int = store.value
    return value


class Steps:
    """Notes who was where."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def run(self, name: str) -> None:
        self.begin(name)
        self.end(name)

    def begin(self, name: str) -> None:
        self.seen.append(f"{name} begins")

    def end(self, name: str) -> None:
        self.seen.append(f"{name} ends")


# --- the same result both ways ---------------------------------------------------------------------------------------


@BOTH_WAYS
def test_a_barrier_before_the_write_loses_an_update(
    race: Race, fake_data_store: FakeDataStore, controlled: bool
) -> None:
    race.barrier(fake_data_store.update, before="self.value = ", parties=2)
    assert update_twice(race, fake_data_store, controlled=controlled) == 1


@BOTH_WAYS
def test_an_order_of_two_whole_updates_loses_none(race: Race, fake_data_store: FakeDataStore, controlled: bool) -> None:
    race.place(fake_data_store.update, before="local_value = self.value", name="read")
    race.place(fake_data_store.update, after="self.value = local_value", name="written")
    race.order("read", "written", "read", "written")
    assert update_twice(race, fake_data_store, controlled=controlled) == 2


@BOTH_WAYS
def test_a_sleep_of_the_first_before_its_write_makes_it_overwrite_the_second(race: Race, controlled: bool) -> None:
    class Store:
        value = 0

        def add(self, amount: int) -> None:
            value = self.value
            if amount == 10:
                value += 10
            else:
                value += 1
            self.value = value

    store = Store()
    race.sleep(store.add, before="value += 10", seconds=0.03)
    race.together(lambda: store.add(10), lambda: store.add(1), controlled=controlled)
    assert store.value == 10


@BOTH_WAYS
def test_a_pause_holds_a_thread_until_somebody_resumes_it(race: Race, controlled: bool) -> None:
    steps = Steps()

    def early() -> None:
        steps.end("early")
        race.resume("early is done")

    race.pause(steps.begin, before="self.seen", name="early is done")
    race.together(lambda: steps.begin("late"), early, controlled=controlled)
    assert steps.seen == ["early ends", "late begins"]


@BOTH_WAYS
def test_a_pause_that_was_resumed_beforehand_lets_everybody_through(race: Race, controlled: bool) -> None:
    steps = Steps()
    race.pause(steps.begin, before="self.seen", name="open")
    race.resume("open")
    race.together(lambda: steps.begin("one"), controlled=controlled)
    assert steps.seen == ["one begins"]


@BOTH_WAYS
def test_named_places_are_passed_in_exactly_this_order(race: Race, controlled: bool) -> None:
    steps = Steps()
    race.place(steps.begin, before="self.seen", name="begin").place(steps.end, before="self.seen", name="end")
    race.order("begin", "begin", "end", "end")
    race.together(lambda: steps.run("one"), lambda: steps.run("two"), controlled=controlled)
    assert [step.split()[1] for step in steps.seen] == ["begins", "begins", "ends", "ends"]


@BOTH_WAYS
def test_places_are_free_when_their_order_is_over(race: Race, controlled: bool) -> None:
    steps = Steps()
    race.place(steps.begin, before="self.seen", name="begin").order("begin")
    race.together(*[lambda: steps.begin("one")] * 3, controlled=controlled)
    assert len(steps.seen) == 3


@BOTH_WAYS
def test_a_barrier_comes_together_again_and_again(race: Race, controlled: bool) -> None:
    steps = Steps()

    def twice() -> None:
        steps.run("a")
        steps.run("a")

    race.barrier(steps.begin, before="self.seen", parties=2)
    race.barrier(steps.end, before="self.seen", parties=2)
    race.together(twice, twice, controlled=controlled)
    assert steps.seen == ["a begins", "a begins", "a ends", "a ends"] * 2


@BOTH_WAYS
def test_a_barrier_counts_from_the_beginning_each_time(
    race: Race, fake_data_store: FakeDataStore, controlled: bool
) -> None:
    race.barrier(fake_data_store.update, before="self.value = ", parties=2)
    for expected in [1, 2]:
        assert update_twice(race, fake_data_store, controlled=controlled) == expected


@BOTH_WAYS
def test_a_call_can_raise(race: Race, fake_data_store: FakeDataStore, controlled: bool) -> None:
    def fail() -> None:
        raise OSError("disk full")

    race.call(fake_data_store.update, fail, before="self.value = ")
    with pytest.raises(OSError, match="disk full"):
        race.together(lambda: fake_data_store.update("First"), controlled=controlled)
    assert fake_data_store.value == 0


@BOTH_WAYS
def test_a_call_can_count(race: Race, fake_data_store: FakeDataStore, controlled: bool) -> None:
    counted: list[int] = []
    race.call(fake_data_store.update, lambda: counted.append(fake_data_store.value), after="self.value = local_value")
    update_twice(race, fake_data_store, controlled=controlled)
    assert len(counted) == 2


@BOTH_WAYS
def test_a_call_can_assert(race: Race, locked_data_store: LockedDataStore, controlled: bool) -> None:
    def holds_the_lock() -> None:
        assert locked_data_store._lock.locked()

    race.call(locked_data_store.update, holds_the_lock, before="self.value = ")
    assert update_twice(race, locked_data_store, controlled=controlled) == 2


@BOTH_WAYS
def test_results_come_in_the_order_of_the_functions(race: Race, controlled: bool) -> None:
    assert race.together(lambda: 1, lambda: 2, lambda: 3, controlled=controlled) == [1, 2, 3]


# --- what cannot happen ----------------------------------------------------------------------------------------------


def test_more_parties_than_threads_are_a_deadlock_at_once(race: Race, fake_data_store: FakeDataStore) -> None:
    race.barrier(fake_data_store.update, before="self.value = ", parties=3)
    with pytest.raises(Deadlock) as found:
        update_twice(race, fake_data_store, controlled=True)
    place = "before `self.value = local_value` (FakeDataStore.update, line 35)"
    for name in ["First", "Second"]:
        assert f"{name} waits for the barrier {place}, where 2 of 3 have come" in unwrapped(found.value)


def test_a_barrier_that_a_lock_forbids_says_who_waits_where(race: Race, locked_data_store: LockedDataStore) -> None:
    race.barrier(locked_data_store.update, before="self.value = ", parties=2)
    with pytest.raises(Deadlock) as found:
        update_twice(race, locked_data_store, controlled=True)
    assert "Second waits for LockedDataStore._lock, held by First" in unwrapped(found.value)
    assert "First waits for the barrier before `self.value = local_value`" in unwrapped(found.value)
    assert "where 1 of 2 has come" in unwrapped(found.value)


def test_an_order_that_a_lock_forbids_says_who_waits_where(race: Race, locked_data_store: LockedDataStore) -> None:
    update = locked_data_store.update
    race.place(update, before="local_value = self.value", name="read")
    race.place(update, before="self.value = local_value", name="write")
    race.order("read", "read", "write", "write")
    with pytest.raises(Deadlock) as found:
        update_twice(race, locked_data_store, controlled=True)
    assert (
        "First waits for its turn at 'write' before `self.value = local_value` (LockedDataStore.update, line 29): "
        "the next in order is 'read'" in unwrapped(found.value)
    )


def test_each_thread_is_told_for_which_place_it_waits(race: Race) -> None:
    steps = Steps()
    race.place(steps.begin, before="self.seen", name="begin").place(steps.end, before="self.seen", name="end")
    race.place(steps.run, before="self.begin", name="never").order("never", "never", "never", "begin", "end")
    with pytest.raises(Deadlock) as found:
        race.together(lambda: steps.begin("one"), lambda: steps.end("two"))
    assert "one waits for its turn at 'begin'" in unwrapped(found.value)
    assert "two waits for its turn at 'end'" in unwrapped(found.value)


def test_a_pause_that_nobody_resumes_is_a_deadlock(race: Race) -> None:
    steps = Steps()
    race.pause(steps.begin, before="self.seen", name="forgotten")
    with pytest.raises(Deadlock, match=r"one waits for the pause 'forgotten' before `self.seen.append"):
        race.together(lambda: steps.begin("one"))


def test_what_cannot_happen_is_told_without_a_schedule_as_there_was_no_search(race: Race) -> None:
    steps = Steps()
    race.pause(steps.begin, before="self.seen", name="forgotten")
    with pytest.raises(Deadlock) as found:
        race.together(lambda: steps.begin("one"))
    assert "replay" not in str(found.value)
    assert "preemption" not in str(found.value)


def test_ordinary_threads_are_told_to_have_waited_without_the_lines_of_racekit(impatient: Race) -> None:
    steps = Steps()
    impatient.barrier(steps.begin, before="self.seen", parties=2)
    with pytest.raises(InjectionTimeout) as broken:
        impatient.together(lambda: steps.begin("one"), controlled=False)
    assert broken.traceback[1].name == broken.traceback[-1].name == "together"


@pytest.mark.parametrize("wrong", [0, -1, "2", 1.5, True])
def test_what_is_no_number_of_parties_is_refused(race: Race, wrong: Any) -> None:
    with pytest.raises(BadArgument, match=f"parties={wrong!r} is "):
        race.barrier(Steps.begin, before="self.seen", parties=wrong)


@pytest.mark.parametrize("wrong", [-1, "2", None])
def test_what_is_no_time_to_sleep_is_refused(race: Race, wrong: Any) -> None:
    with pytest.raises(BadArgument, match=f"seconds={wrong!r} is "):
        race.sleep(Steps.begin, before="self.seen", seconds=wrong)


def test_ordinary_threads_do_not_wait_for_more_parties_forever(race: Race, fake_data_store: FakeDataStore) -> None:
    """How many have come by then is up to the machine."""
    race.barrier(fake_data_store.update, before="self.value = ", parties=3)
    race.timeout = 1
    with pytest.raises(InjectionTimeout) as broken:
        update_twice(race, fake_data_store, controlled=False)
    first, *others = str(broken.value).splitlines()
    assert first == "Nobody could go on within 1 seconds: this cannot happen, or needs a longer timeout=."
    assert others
    place = (
        re.escape("before `self.value = local_value` (FakeDataStore.update, line 35), where ") + "[12] of 3 have come"
    )
    for line in others:
        assert re.fullmatch(f"  (First|Second) waits for the barrier {place}", line)


@BOTH_WAYS
def test_nobody_is_left_waiting_when_a_barrier_was_given_up(impatient: Race, controlled: bool) -> None:
    steps = Steps()
    impatient.barrier(steps.begin, before="self.seen", parties=3)
    before = threading.active_count()
    with pytest.raises((InjectionTimeout, Deadlock)):
        impatient.together(lambda: steps.begin("one"), lambda: steps.begin("two"), controlled=controlled)
    assert threading.active_count() == before


def test_ordinary_threads_do_not_wait_forever_at_a_pause(impatient: Race) -> None:
    steps = Steps()
    impatient.pause(steps.begin, before="self.seen", name="forgotten")
    with pytest.raises(InjectionTimeout, match=r"waits for the pause 'forgotten' before .* which nobody has resumed"):
        impatient.together(lambda: steps.begin("one"), controlled=False)


def test_ordinary_threads_do_not_wait_forever_for_an_order(impatient: Race) -> None:
    steps = Steps()
    impatient.place(steps.begin, before="self.seen", name="begin").place(steps.end, before="self.seen", name="end")
    impatient.order("end", "begin")
    with pytest.raises(InjectionTimeout, match=r"waits for its turn at 'begin' .*: the next in order is 'end'"):
        impatient.together(lambda: steps.begin("one"), controlled=False)


# --- the document's examples, exactly --------------------------------------------------------------------------------


def test_scripted_sleeps_take_no_real_time(race: Race) -> None:
    steps = Steps()
    race.sleep(steps.begin, before="self.seen", seconds=3600)
    begun = time.monotonic()
    race.together(lambda: steps.begin("one"), lambda: steps.begin("two"))
    assert time.monotonic() - begun < 60


def test_a_barrier_between_the_two_locks_makes_the_deadlock_of_the_lock_pair(race: Race, lock_pair: LockPair) -> None:
    race.barrier(lock_pair.first.transfer, before="with to._lock", parties=2)
    with pytest.raises(Deadlock, match=r"There holds Account#1\._lock and waits for Account#2\._lock, Back"):
        race.together(lock_pair.cross)


@BOTH_WAYS
def test_a_barrier_for_two_inside_the_restroom_shows_what_a_semaphore_lets_in(
    race: Race, semaphore_pool: Restroom, controlled: bool
) -> None:
    race.barrier(semaphore_pool.visit, before="time.sleep", parties=2)
    race.together(*[lambda: semaphore_pool.visit("Somebody")] * 2, controlled=controlled)
    assert semaphore_pool.most == 2


@BOTH_WAYS
def test_two_never_meet_behind_a_mutex(impatient: Race, controlled: bool) -> None:
    restroom = single_restroom()
    impatient.barrier(restroom.visit, before="time.sleep", parties=2)
    with pytest.raises((InjectionTimeout, Deadlock), match="where 1 of 2 has come"):
        impatient.together(*[lambda: restroom.visit("Somebody")] * 2, controlled=controlled)
