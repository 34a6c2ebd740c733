"""Bodies that fail in different ways, and the failures that racekit finds in them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache

import racekit
from racekit.failure import Failure


class Store:
    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.Lock()

    def update(self) -> None:
        value = self.value
        self.value = value + 1

    def update_in_two_sections(self) -> None:
        with self.lock:
            value = self.value
        with self.lock:
            self.value = value + 1


def run_both(
    first: Callable[[], object], second: Callable[[], object], names: Sequence[str] = ("첫째", "둘째")
) -> None:
    threads = [threading.Thread(target=target, name=name) for target, name in zip((first, second), names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def lose_an_update() -> None:
    store = Store()
    run_both(store.update, store.update)
    assert store.value == 2, "<b>both</b> count"


class StoreWhoseNameIsLongerThanALaneOfATimelineOnAPage:
    def __init__(self) -> None:
        self.value_whose_name_is_longer_than_a_lane_of_a_timeline_on_a_page = 0

    def update(self) -> None:
        self.value_whose_name_is_longer_than_a_lane_of_a_timeline_on_a_page += 1


def lose_an_update_of_a_long_name() -> None:
    store = StoreWhoseNameIsLongerThanALaneOfATimelineOnAPage()
    run_both(store.update, store.update, ["long" * 20, "wide" * 20])
    assert store.value_whose_name_is_longer_than_a_lane_of_a_timeline_on_a_page == 2


def lose_an_update_between_locks() -> None:
    store = Store()
    run_both(store.update_in_two_sections, store.update_in_two_sections)
    assert store.value == 2


def deadlock() -> None:
    left, right = threading.Lock(), threading.Lock()

    def take(one: threading.Lock, other: threading.Lock) -> None:
        with one:
            with other:
                pass

    run_both(lambda: take(left, right), lambda: take(right, left), ("There", "Back"))


def spin() -> None:
    flag = {"go": False}

    def wait() -> None:
        while not flag["go"]:
            pass

    thread = threading.Thread(target=wait, name="Spinner")
    thread.start()
    thread.join()


BODIES = {
    "lost update": lose_an_update,
    "long names": lose_an_update_of_a_long_name,
    "between locks": lose_an_update_between_locks,
    "deadlock": deadlock,
    "livelock": spin,
}


@cache
def failure_of(name: str) -> Failure:
    """The first failure of one of these bodies."""
    failure = racekit.explore(BODIES[name], steps=2000).failure
    assert failure is not None
    return failure
