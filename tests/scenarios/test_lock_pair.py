"""Two accounts whose locks are taken in opposite orders."""

from __future__ import annotations

from racekit.explore import explore, replay
from racekit.scenarios import LockPair


def cross() -> tuple[int, int]:
    return LockPair().cross()


def test_the_transfers_can_succeed() -> None:
    assert replay(cross, "rk1:").value == (80, 120)


def test_the_transfers_can_block_each_other_forever() -> None:
    found = explore(cross)
    assert found.failure is not None
    assert found.failure.kind == "deadlock"


def test_each_transfer_waits_for_the_lock_that_the_other_holds() -> None:
    failure = explore(cross).failure
    assert failure is not None
    holders = {wait.thread: wait.holder for wait in failure.waits if wait.holder is not None}
    assert holders == {"There": "Back", "Back": "There"}


def test_there_is_nothing_between_success_and_deadlock() -> None:
    found = explore(cross, stop_on_failure=False)
    assert set(found.outcomes) == {(80, 120)}
    assert {failure.kind for failure in found.failures} == {"deadlock"}
