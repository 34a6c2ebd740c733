"""How many preemptions a failure needs: known numbers for known programs, some of them from the SCTBench collection."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from itertools import permutations
from types import SimpleNamespace
from typing import cast

import pytest
from threads import run

import racekit
from racekit.runtime.scheduling_point import SchedulingPoint
from racekit.strategies.bounded import Bounded


class Shared:
    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


def lost_update() -> None:
    shared = Shared(value=0)

    def increment() -> None:
        shared.value = shared.value + 1

    run(increment, increment)
    assert shared.value == 2


def lost_update_of_three() -> None:
    shared = Shared(value=0)

    def increment() -> None:
        shared.value = shared.value + 1

    run(increment, increment, increment)
    assert shared.value == 3


def deadlock01() -> None:
    a, b = threading.Lock(), threading.Lock()
    shared = Shared(counter=1)

    def one() -> None:
        with a, b:
            shared.counter += 1

    def two() -> None:
        with b, a:
            shared.counter -= 1

    run(one, two)


def carter01() -> None:
    m, reading = threading.Lock(), threading.Lock()
    shared = Shared(a=0, b=0)

    def one() -> None:
        with m:
            shared.a += 1
            if shared.a == 1:
                reading.acquire()
        with m:
            shared.a -= 1
            if shared.a == 0:
                reading.release()

    def two() -> None:
        with m:
            shared.b += 1
            if shared.b == 1:
                reading.acquire()
        with m:
            shared.b -= 1
            if shared.b == 0:
                reading.release()

    run(one, two)


def twostage() -> None:
    lock_1, lock_2 = threading.Lock(), threading.Lock()
    shared = Shared(data_1=0, data_2=0)

    def writer() -> None:
        with lock_1:
            shared.data_1 = 1
        with lock_2:
            shared.data_2 = shared.data_1 + 1

    def reader() -> None:
        with lock_1:
            first = shared.data_1
            if first == 0:
                return
        with lock_2:
            second = shared.data_2
        assert second == first + 1

    run(writer, reader)


def reorder_3() -> None:
    shared = Shared(a=0, b=0)

    def setter() -> None:
        shared.a = 1
        shared.b = -1

    def checker() -> None:
        a, b = shared.a, shared.b
        assert (a, b) in ((0, 0), (1, -1))

    run(setter, setter, checker)


def wronglock_3() -> None:
    data_lock, this_lock = threading.Lock(), threading.Lock()
    shared = Shared(value=0)

    def checks() -> None:
        with data_lock:
            before = shared.value
            shared.value = before + 1
            assert shared.value == before + 1

    def increments() -> None:
        with this_lock:
            shared.value += 1

    run(checks, increments, increments, increments)


def bluetooth_driver() -> None:
    shared = Shared(pending=1, stopping=False, stopped=False)
    counter = threading.Lock()
    no_longer_used = threading.Event()

    def leave() -> None:
        with counter:
            shared.pending -= 1
            unused = shared.pending == 0
        if unused:
            no_longer_used.set()

    def add() -> None:
        if shared.stopping:
            return
        with counter:
            shared.pending += 1
        assert not shared.stopped
        leave()

    def stop() -> None:
        shared.stopping = True
        leave()
        no_longer_used.wait()
        shared.stopped = True

    run(add, stop)


def account() -> None:
    lock = threading.Lock()
    shared = Shared(balance=1, deposited=False, withdrawn=False)

    def deposit() -> None:
        with lock:
            if shared.deposited and shared.withdrawn:
                return
            shared.balance += 2
            shared.deposited = True

    def withdraw() -> None:
        with lock:
            shared.balance -= 4
            shared.withdrawn = True

    def check() -> None:
        with lock:
            if shared.deposited and shared.withdrawn:
                assert shared.balance == (1 - 2) - 4

    run(check, deposit, withdraw)


def lazy01() -> None:
    lock = threading.Lock()
    shared = Shared(data=0)

    def one() -> None:
        with lock:
            shared.data += 1

    def two() -> None:
        with lock:
            shared.data += 2

    def check() -> None:
        with lock:
            assert shared.data < 3

    run(check, one, two)


class StringBuffer:
    """As in the JDK 1.4: each method is synchronized, `append` of another buffer is not a transaction."""

    def __init__(self, count: int) -> None:
        self.lock = threading.Lock()
        self.count = count

    def length(self) -> int:
        with self.lock:
            return self.count

    def get_chars(self, end: int) -> None:
        with self.lock:
            if end > self.count:
                raise IndexError(end)

    def change(self, by: int) -> None:
        with self.lock:
            self.count += by


def stringbuffer() -> None:
    buffer = StringBuffer(10)

    def append() -> None:
        buffer.get_chars(buffer.length())

    def erase_and_append() -> None:
        buffer.change(-10)
        buffer.change(10)

    run(append, erase_and_append)


def dining_philosophers(count: int) -> Callable[[], None]:
    def dinner() -> None:
        forks = [threading.Lock() for _ in range(count)]

        def philosopher(seat: int) -> Callable[[], None]:
            def eat() -> None:
                with forks[seat]:
                    with forks[(seat + 1) % count]:
                        pass

            return eat

        run(*map(philosopher, range(count)))

    return dinner


def lockstep_3() -> None:
    order: list[str] = []

    def three_times(name: str) -> Callable[[], None]:
        def append() -> None:
            order.append(name)
            order.append(name)
            order.append(name)

        return append

    run(three_times("a"), three_times("b"))
    assert "".join(order) != "ababab"


def fewest_preemptions(body: Callable[[], object], at_most: int = 4) -> int | None:
    for bound in range(at_most + 1):
        found = racekit.explore(body, strategy="bounded", preemptions=bound, executions=None)
        if not found.ok:
            return bound
        assert found.cut_by in ("preemptions", None)
    return None


@pytest.mark.parametrize(
    ("body", "needed"),
    [
        (lost_update, 1),
        (lost_update_of_three, 1),
        (deadlock01, 1),
        (carter01, 1),
        (twostage, 1),
        (reorder_3, 1),
        (wronglock_3, 1),
        (bluetooth_driver, 1),
        (account, 0),
        (lazy01, 0),
        (stringbuffer, 2),
        (dining_philosophers(2), 1),
        (dining_philosophers(3), 1),
        (lockstep_3, 4),
    ],
    ids=lambda value: getattr(value, "__qualname__", str(value)),
)
def test_a_known_failure_needs_as_many_preemptions_as_published(body: Callable[[], object], needed: int) -> None:
    assert fewest_preemptions(body) == needed


def test_the_first_failure_of_a_search_without_bound_has_the_fewest_preemptions() -> None:
    found = racekit.explore(stringbuffer, strategy="bounded", executions=None)
    assert found.failure is not None
    preempted = [switch for switch in found.failure.schedule.switches if switch.thread != 0]
    assert len(preempted) == 2


def test_a_search_that_its_bound_cut_says_so() -> None:
    found = racekit.explore(stringbuffer, strategy="bounded", preemptions=1, executions=None)
    assert found.ok
    assert not found.proved
    assert found.cut_by == "preemptions"


def test_a_bound_that_cuts_nothing_leaves_a_proof() -> None:
    lock = threading.Lock()

    def body() -> None:
        def once() -> None:
            with lock:
                pass

        run(once)

    found = racekit.explore(body, strategy="bounded", preemptions=20, executions=None)
    assert found.proved


@pytest.mark.parametrize("count", [2, 3])
def test_dining_philosophers_have_nothing_but_the_deadlock(count: int) -> None:
    found = racekit.explore(
        dining_philosophers(count), strategy="bounded", preemptions=2, executions=None, stop_on_failure=False
    )
    assert {failure.kind for failure in found.failures} == {"deadlock"}
    for failure in found.failures:
        eaters = [wait for wait in failure.waits if wait.operation == "acquire"]
        assert len(eaters) == count
    assert set(found.outcomes) == {None}


def test_locked_threads_come_in_every_order() -> None:
    def body() -> str:
        lock = threading.Lock()
        order: list[str] = []

        def enter(name: str) -> Callable[[], None]:
            def append() -> None:
                with lock:
                    order.append(name)

            return append

        run(*map(enter, "abc"))
        return "".join(order)

    found = racekit.explore(body, strategy="bounded", executions=None)
    assert found.proved
    assert set(found.outcomes) == {"".join(order) for order in permutations("abc")}


@pytest.mark.parametrize(("threads", "times", "values"), [(2, 1, {1, 2}), (3, 1, {1, 2, 3}), (2, 2, {2, 3, 4})])
def test_increments_lose_as_many_updates_as_they_can(threads: int, times: int, values: set[int]) -> None:
    def body() -> object:
        shared = Shared(value=0)

        def increment() -> None:
            for _ in range(times):
                shared.value = shared.value + 1

        run(*[increment] * threads)
        return shared.value

    found = racekit.explore(body, strategy="bounded", executions=None)
    assert found.proved
    assert set(found.outcomes) == values


def test_store_buffering_cannot_lose_both_stores() -> None:
    def body() -> tuple[object, object]:
        shared = Shared(x=0, y=0, left=None, right=None)

        def left() -> None:
            shared.x = 1
            shared.left = shared.y

        def right() -> None:
            shared.y = 1
            shared.right = shared.x

        run(left, right)
        return shared.left, shared.right

    found = racekit.explore(body, strategy="bounded", executions=None)
    assert found.proved
    assert set(found.outcomes) == {(0, 1), (1, 0), (1, 1)}


def test_petersons_lock_excludes() -> None:
    def body() -> None:
        shared = Shared(wants=[False, False], turn=0, inside=0)

        def enter(me: int) -> Callable[[], None]:
            other = 1 - me

            def critical() -> None:
                shared.wants[me] = True
                shared.turn = other
                if shared.wants[other] and shared.turn == other:
                    return  # without the spin: give up instead of waiting
                shared.inside = shared.inside + 1
                assert shared.inside == 1
                shared.inside = shared.inside - 1
                shared.wants[me] = False

            return critical

        run(enter(0), enter(1))

    found = racekit.explore(body, strategy="bounded", preemptions=3, executions=None)
    assert found.ok


# --- how many are left ------------------------------------------------------------------------------------------------


class Choices:
    """Points of executions in which it is free to choose among so many threads, one point after another."""

    preemptive = False

    def __init__(self, *widths: int) -> None:
        self.widths = widths

    def executions(self, strategy: Bounded) -> Iterator[float]:
        """After each execution, how many the strategy thinks are left."""
        while strategy.begin():
            for width in self.widths:
                point = SimpleNamespace(enabled=tuple(range(width)), default=0, preemptive=self.preemptive)
                strategy.choose(cast(SchedulingPoint, point))
            strategy.end([], [])
            yield strategy.estimated_left()


def test_how_many_are_left_is_exact_where_all_choices_lead_to_as_many() -> None:
    estimates = list(Choices(2, 3, 4).executions(Bounded()))
    assert estimates == pytest.approx(range(23, -1, -1), abs=1e-6)


def test_what_the_next_round_begins_with_is_left_too() -> None:
    preemptive = Choices(3, 2)
    preemptive.preemptive = True
    assert list(preemptive.executions(Bounded(1))) == [3, 2, 1, 0]
    assert list(preemptive.executions(Bounded(0))) == [0]


@pytest.mark.parametrize(("at_most", "run", "cut_by"), [(24, 24, None), (23, 10, "executions")])
def test_it_gives_up_as_soon_as_there_seem_to_be_too_many(at_most: int, run: int, cut_by: str | None) -> None:
    strategy = Bounded(at_most=at_most)
    assert len(list(Choices(2, 3, 4).executions(strategy))) == run
    assert strategy.cut_by == cut_by


def test_numbers_of_schedules_that_are_beyond_all_bounds_can_be_estimated() -> None:
    strategy = Bounded(at_most=200)
    assert set(Choices(*[10] * 500).executions(strategy)) == {math.inf}
    assert strategy.cut_by == "executions"
