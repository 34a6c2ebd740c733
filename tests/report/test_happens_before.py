"""Happens-before among events: what orders them, no arrow more than needed, and what nothing orders."""

from __future__ import annotations

from failing_bodies import failure_of

from racekit.report.happens_before import Arrow, happens_before, races
from racekit.trace import Event

X = 1, "x"
LOCK = 2, None


def event(thread: int, operation: str, location: object) -> Event:
    return Event(thread, operation, "", "file.py", 1, "function", location)


def read(thread: int, location: object = X) -> Event:
    return event(thread, "read", location)


def write(thread: int, location: object = X) -> Event:
    return event(thread, "write", location)


def test_a_start_comes_before_the_first_event_of_its_thread_only() -> None:
    events = [event(0, "start", ("thread", 1)), read(1), read(1)]
    assert happens_before(events) == [Arrow(0, 1, "start")]


def test_the_last_event_of_a_thread_comes_before_its_join() -> None:
    events = [event(0, "start", ("thread", 1)), read(1), read(1), event(0, "join", ("thread", 1))]
    assert happens_before(events) == [Arrow(0, 1, "start"), Arrow(2, 3, "join")]


def test_a_release_comes_before_the_next_acquire_by_another_thread() -> None:
    events = [event(1, "acquire", LOCK), event(1, "release", LOCK), event(2, "acquire", LOCK)]
    assert happens_before(events) == [Arrow(1, 2, "synchronization")]


def test_a_release_waits_for_nothing() -> None:
    events = [event(1, "acquire", LOCK), event(2, "release", LOCK)]
    assert happens_before(events) == []


def test_two_reads_are_in_no_order() -> None:
    assert happens_before([read(1), read(2)]) == []


def test_accesses_to_different_things_are_in_no_order() -> None:
    assert happens_before([write(1), write(2, (1, "y"))]) == []


def test_of_two_conflicting_accesses_the_earlier_one_comes_first() -> None:
    assert happens_before([read(1), write(2)]) == [Arrow(0, 1, "access")]
    assert happens_before([write(1), read(2)]) == [Arrow(0, 1, "access")]
    assert happens_before([write(1), write(2)]) == [Arrow(0, 1, "access")]


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    events = [write(1), read(2), event(2, "release", LOCK), event(3, "acquire", LOCK), read(3)]
    assert happens_before(events) == [Arrow(0, 1, "access"), Arrow(2, 3, "synchronization")]


def test_accesses_that_only_the_schedule_orders_race() -> None:
    assert races([read(1), write(2)]) == [Arrow(0, 1, "access")]


def test_accesses_under_one_lock_do_not_race() -> None:
    events = [
        event(1, "acquire", LOCK),
        write(1),
        event(1, "release", LOCK),
        event(2, "acquire", LOCK),
        write(2),
        event(2, "release", LOCK),
    ]
    assert races(events) == []


def test_what_a_thread_did_before_it_started_another_one_does_not_race_with_it() -> None:
    assert races([write(0), event(0, "start", ("thread", 1)), write(1)]) == []


def test_what_a_thread_did_does_not_race_with_what_comes_after_its_join() -> None:
    events = [event(0, "start", ("thread", 1)), write(1), event(0, "join", ("thread", 1)), read(0)]
    assert races(events) == []


def test_an_access_order_does_not_hide_another_race() -> None:
    """Read and write of 1 lie around those of 2: each conflicting pair is unordered, though the chain implies one."""
    events = [read(1), read(2), write(2), write(1)]
    assert races(events) == [Arrow(0, 2, "access"), Arrow(1, 3, "access"), Arrow(2, 3, "access")]


def test_the_races_of_a_lost_update_are_those_of_its_reads_and_writes() -> None:
    events = failure_of("lost update").trace.events
    told = {(events[race.first].operation, events[race.second].operation) for race in races(events)}
    assert told == {("read", "write"), ("write", "write")}


def test_an_update_lost_between_two_critical_sections_is_no_data_race() -> None:
    assert races(failure_of("between locks").trace.events) == []
