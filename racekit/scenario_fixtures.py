"""Fixtures: `race`, for tests that say who waits where, and the examples of `racekit.scenarios`, each made anew."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import pytest

from racekit import scenarios
from racekit.script import Race

_PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Keep in mind whether a test has come to its end."""
    item.stash[_PASSED] = False
    result = yield
    item.stash[_PASSED] = True
    return result


@pytest.fixture
def race(request: pytest.FixtureRequest) -> Iterator[Race]:
    """Barriers, sleeps, pauses, orders and calls at chosen lines, and functions side by side under them.

    Whatever was put somewhere is gone after the test, also if the test has failed. If it has passed, each line has to
    have been reached.
    """
    with Race() as injection:
        yield injection
        if not request.node.stash.get(_PASSED, False):
            injection.allow_unreached()


@pytest.fixture
def fake_data_store() -> scenarios.FakeDataStore:
    """A value without a lock: of updates that read before the other has written, one is lost (three make two)."""
    return scenarios.FakeDataStore()


@pytest.fixture
def locked_data_store() -> scenarios.LockedDataStore:
    """The same value behind a lock: reading, adding and writing back happen as one, so three updates make three."""
    return scenarios.LockedDataStore()


@pytest.fixture
def producer_consumer() -> Callable[..., int]:
    """A producer and a consumer over a queue, told to stop by an event; the consumer may wait forever for a message.

    Call it to run them; it returns how many messages are left in the queue.
    """
    return scenarios.run_producer_consumer


@pytest.fixture
def thread_pool() -> Callable[[], list[int]]:
    """Three tasks over two workers: the third waits for a worker, and `map` keeps the order of the tasks.

    Call it to run them; it returns their results.
    """
    return scenarios.run_thread_pool


@pytest.fixture
def sub_thread() -> Callable[..., None]:
    """A thread of three seconds: the main thread comes to its end before it, or after it with `join=True`.

    Call it to run both.
    """
    return scenarios.run_sub_thread


@pytest.fixture
def daemon_threads() -> Callable[..., tuple[str, ...]]:
    """Two daemon threads that count: they are cut off wherever they are when the main thread ends.

    Call it to run them; it returns who had finished by then.
    """
    return scenarios.run_daemon_threads


@pytest.fixture
def lock_pair() -> scenarios.LockPair:
    """Two accounts whose locks are taken in opposite orders: an endless wait of each for the other."""
    return scenarios.LockPair()


@pytest.fixture
def semaphore_pool() -> scenarios.Restroom:
    """A restroom with two cubicles behind a semaphore: several may enter, where a mutex lets in one.

    `racekit.scenarios.single_restroom()` makes the one with a mutex, `visit_together` sends three people in.
    """
    return scenarios.shared_restroom(2)
