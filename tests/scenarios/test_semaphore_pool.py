"""The document's restrooms: a semaphore lets several in, a mutex one."""

from __future__ import annotations

from racekit.explore import explore
from racekit.scenarios import shared_restroom, single_restroom, visit_together


def test_a_semaphore_of_two_lets_in_two_but_never_three() -> None:
    found = explore(lambda: visit_together(shared_restroom(2)))
    assert set(found.outcomes) == {1, 2}


def test_a_mutex_lets_in_one() -> None:
    found = explore(lambda: visit_together(single_restroom()))
    assert set(found.outcomes) == {1}


def test_a_semaphore_can_be_a_mutex() -> None:
    found = explore(lambda: visit_together(shared_restroom(1)))
    assert set(found.outcomes) == {1}
