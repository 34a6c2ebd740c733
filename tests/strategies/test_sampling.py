"""Strategies that sample: each keeps the promise of its paper, measured over many executions with a fixed seed."""

from __future__ import annotations

import itertools
import math
import queue
import statistics
import threading
from collections.abc import Callable

import pytest
from threads import run

import racekit

SAMPLING = ["pct", "pos", "surw", "urw"]


class Shared:
    def __init__(self) -> None:
        self.value = 0


def lost_update() -> None:
    shared = Shared()

    def increment() -> None:
        shared.value = shared.value + 1

    run(increment, increment)
    assert shared.value == 2


def opposite_locks() -> None:
    one, other = threading.Lock(), threading.Lock()

    def forwards() -> None:
        with one, other:
            pass

    def backwards() -> None:
        with other, one:
            pass

    run(forwards, backwards)


def read_between_two_stages() -> None:
    shared = Shared()
    one, other = threading.Lock(), threading.Lock()

    def write() -> None:
        with one:
            shared.value = 1
        with other:
            shared.value = 2

    def read() -> None:
        with one, other:
            assert shared.value != 1

    run(write, read)


def erased_and_refilled_between_two_looks() -> None:
    shared, lock = Shared(), threading.Lock()
    shared.value = 3

    def look_twice() -> None:
        with lock:
            length = shared.value
        with lock:
            assert shared.value >= length

    def erase_and_refill() -> None:
        with lock:
            shared.value = 0
        with lock:
            shared.value = 3

    run(look_twice, erase_and_refill)


def last_thread_first() -> None:
    shared = Shared()

    def look() -> None:
        assert shared.value == 0

    def write() -> None:
        shared.value = 1

    run(look, write)


def explored(body: Callable[[], object], strategy: str, executions: int, **options: int) -> racekit.Exploration:
    return racekit.explore(body, strategy=strategy, executions=executions, stop_on_failure=False, **options)


# --- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", SAMPLING)
def test_the_same_seed_gives_the_same_executions(strategy: str) -> None:
    def found(seed: int) -> list[tuple[int, ...]]:
        return [tuple(failure.executions) for failure in explored(lost_update, strategy, 50, seed=seed).failures]

    assert found(3) == found(3)
    assert len({str(found(seed)) for seed in range(4)}) > 1


@pytest.mark.parametrize("strategy", SAMPLING)
def test_a_sample_proves_nothing(strategy: str) -> None:
    found = racekit.explore(lambda: None, strategy=strategy, executions=20)
    assert (found.executions, found.cut_by, found.proved) == (20, "executions", False)


@pytest.mark.parametrize("strategy", SAMPLING)
def test_a_sampled_failure_can_be_replayed(strategy: str) -> None:
    found = racekit.explore(opposite_locks, strategy=strategy)
    assert found.failure is not None
    again = racekit.replay(opposite_locks, found.failure.schedule)
    assert again.failure is not None
    assert again.failure.kind == "deadlock"


@pytest.mark.parametrize("strategy", SAMPLING)
def test_a_thread_that_waits_in_a_loop_does_not_keep_the_others_from_running(strategy: str) -> None:
    def body() -> None:
        shared = Shared()

        def wait() -> None:
            while shared.value == 0:
                pass

        def wake() -> None:
            shared.value = 1

        run(wait, wake, wait)

    assert racekit.explore(body, strategy=strategy, executions=50).ok


@pytest.mark.parametrize("strategy", [*SAMPLING, "directed"])
def test_threads_that_are_never_done_do_not_keep_the_one_from_running_that_stops_them(strategy: str) -> None:
    def body() -> None:
        items: queue.Queue[int] = queue.Queue(2)
        stop = threading.Event()

        def produce() -> None:
            while not stop.is_set():
                items.put(0)

        def consume() -> None:
            while not stop.is_set():
                items.get()

        threads = [threading.Thread(target=function, daemon=True) for function in (produce, consume)]
        for thread in threads:
            thread.start()
        stop.set()

    assert racekit.explore(body, strategy=strategy, executions=40).ok


@pytest.mark.parametrize("strategy", SAMPLING)
def test_threads_that_threads_start_are_sampled_too(strategy: str) -> None:
    def body() -> None:
        shared = Shared()

        def increment() -> None:
            shared.value = shared.value + 1

        run(lambda: run(increment), lambda: run(increment))
        assert shared.value == 2

    assert not racekit.explore(body, strategy=strategy).ok


# --- what the papers promise ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "depth"),
    [
        (last_thread_first, 1),
        (lost_update, 2),
        (opposite_locks, 2),
        (read_between_two_stages, 2),
        (erased_and_refilled_between_two_looks, 3),
    ],
)
def test_pct_keeps_its_bound(body: Callable[[], object], depth: int) -> None:
    """1 / (n k^(d-1)) for n threads, k steps and depth d: the theorem of the paper."""
    found = explored(body, "pct", 1000, depth=depth)
    rate = sum(failure.count for failure in found.failures) / found.executions
    steps = max(racekit.replay(body, outcome.schedule).steps for outcome in found.outcomes.values())
    assert rate >= 1 / (3 * steps ** (depth - 1))


def test_pct_does_not_reach_beyond_its_depth() -> None:
    assert explored(lost_update, "pct", 300, depth=1).ok
    assert explored(erased_and_refilled_between_two_looks, "pct", 1000, depth=2).ok


def chi_square_limit(outcomes: int) -> float:
    """What a chi-square statistic of so many outcomes exceeds once in a thousand times (Wilson and Hilferty)."""
    freedom = outcomes - 1
    spread = 2 / (9 * freedom)
    return float(freedom * (1 - spread + statistics.NormalDist().inv_cdf(0.999) * math.sqrt(spread)) ** 3)


def test_surw_makes_all_orders_of_the_selected_events_equally_likely() -> None:
    """Two threads of five events: 252 orders."""

    def body() -> str:
        order: list[str] = []

        def work(name: str) -> None:
            for _ in range(5):
                order.append(name)

        run(lambda: work("a"), lambda: work("b"))
        return "".join(order)

    found = racekit.explore(body, strategy="surw", executions=2520)
    counts = [outcome.count for outcome in found.outcomes.values()]
    assert len(counts) == math.comb(10, 5)
    assert sum((count - 10) ** 2 / 10 for count in counts) < chi_square_limit(252)


def test_urw_makes_all_interleavings_equally_likely() -> None:
    """Five steps of a thread; five of the caller, and its end, which the body cannot see: 462 interleavings.

    An order of the ten steps stands for as many of them as there are places for the end of the caller.
    """

    def body() -> list[str]:
        order: list[str] = []

        def work(name: str) -> None:
            for _ in range(5):
                order.append(name)

        threading.Thread(target=work, args="a").start()
        work("b")
        return order  # the thread may add to it after that

    executions = 2520
    found = racekit.explore(body, strategy="urw", executions=executions)
    statistic = 0.0
    for order in itertools.product("ab", repeat=10):
        if order.count("a") == 5:
            places = 1 + sum(1 for _ in itertools.takewhile(lambda name: name == "a", reversed(order)))
            expected = executions * places / math.comb(11, 5)
            outcome = found.outcomes.get(str(list(order)))
            statistic += ((outcome.count if outcome else 0) - expected) ** 2 / expected
    assert statistic < chi_square_limit(252)
