"""The virtual clock: sleeping costs nothing, deadlines are kept, and timeouts expire only when they have to."""

from __future__ import annotations

import queue
import sched
import sys
import threading
import time
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from time import monotonic, perf_counter, sleep
from typing import Any

import pytest
from threads import run

import racekit

sleep_in_a_variable = time.sleep
clock_in_a_table = {"now": time.monotonic}


def all_of(body: Callable[[], object], **options: Any) -> set[object]:
    """Everything that can come out of `body`, which must not fail, and must be explored to the end."""
    found = racekit.explore(body, executions=None, strategy="bounded", **options)
    assert found.proved, str(found)
    return set(found.outcomes)


@pytest.mark.parametrize(
    "pause",
    [time.sleep, sleep, sleep_in_a_variable, lambda seconds: time.sleep(seconds)],
    ids=["time.sleep", "imported", "variable", "lambda"],
)
def test_sleeping_takes_virtual_time_only(pause: Callable[[float], None]) -> None:
    def body() -> float:
        before = time.monotonic()
        pause(3600)
        return time.monotonic() - before

    real = perf_counter()
    assert all_of(body) == {3600.0}
    assert perf_counter() - real < 10


@pytest.mark.parametrize("clock", ["time", "monotonic", "perf_counter"])
def test_every_clock_moves_by_what_was_slept(clock: str) -> None:
    def body() -> tuple[float, int]:
        read, read_in_nanoseconds = getattr(time, clock), getattr(time, f"{clock}_ns")
        before, before_in_nanoseconds = read(), read_in_nanoseconds()
        time.sleep(0.25)
        return read() - before, read_in_nanoseconds() - before_in_nanoseconds

    assert all_of(body) == {(0.25, 250_000_000)}


@pytest.mark.parametrize("read", [datetime.now, lambda: datetime.now(UTC), datetime.today, date.today])
def test_dates_move_by_what_was_slept(read: Callable[[], date]) -> None:
    def body() -> timedelta:
        before = read()
        time.sleep(86400)
        return read() - before

    assert all_of(body) == {timedelta(days=1)}


def test_a_date_of_a_class_of_its_own_is_one() -> None:
    class Moment(datetime):
        pass

    assert all_of(lambda: (type(Moment.now()), Moment.now().timestamp() - time.time() < 0.001)) == {(Moment, True)}


@pytest.mark.filterwarnings("default:datetime.datetime.utcnow:DeprecationWarning")
def test_utcnow_is_virtual_and_warns_as_ever() -> None:
    def body() -> timedelta:
        return datetime.utcnow() - datetime.now(UTC).replace(tzinfo=None)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert all_of(body) == {timedelta(0)}
    assert {(each.category, each.filename) for each in caught} == (
        {(DeprecationWarning, __file__)} if sys.version_info >= (3, 12) else set()
    )


@pytest.mark.parametrize(
    "read",
    [time.localtime, time.gmtime, time.ctime, time.asctime, lambda: time.strftime("%x"), lambda: time.ctime(None)],
)
def test_what_tells_of_now_tells_of_virtual_time(read: Callable[[], object]) -> None:
    def body() -> bool:
        before = read()
        time.sleep(86400)
        return read() != before

    assert all_of(body) == {True}


def test_a_given_time_is_told_as_ever() -> None:
    assert all_of(lambda: (time.gmtime(0).tm_year, time.strftime("%Y", time.gmtime(0)))) == {(1970, "1970")}


def test_a_class_made_in_the_body_may_keep_a_clock() -> None:
    def body() -> float:
        class Stopwatch:
            clock = time.monotonic

        before = Stopwatch().clock()
        time.sleep(1)
        return Stopwatch().clock() - before

    assert all_of(body) == {1.0}


def test_computing_takes_no_virtual_time() -> None:
    def body() -> float:
        before = monotonic()
        sum(range(1000))
        return monotonic() - before

    assert all_of(body) == {0.0}


def test_an_execution_reports_its_virtual_time() -> None:
    execution = racekit.replay(lambda: sleep(90), "rk1:")
    assert execution.seconds == 90.0


def test_the_clock_starts_alike_in_each_execution() -> None:
    def body() -> tuple[float, float, float]:
        run(int, int)
        return time.time(), time.monotonic(), time.perf_counter()

    found = racekit.explore(body, executions=None, strategy="bounded")
    assert found.proved
    assert found.executions > 1
    assert len(found.outcomes) == 1


def test_a_clock_imported_by_name_is_virtual_too() -> None:
    def body() -> bool:
        before = monotonic(), perf_counter()
        sleep(5)
        return (monotonic(), perf_counter()) == (before[0] + 5, before[1] + 5)

    assert all_of(body) == {True}


def test_time_is_real_again_after_an_exploration() -> None:
    racekit.explore(lambda: sleep(1000))
    assert time.sleep is sleep_in_a_variable
    assert clock_in_a_table["now"] is time.monotonic
    assert abs(time.monotonic() - monotonic()) < 5


def test_sleepers_wake_in_the_order_of_their_deadlines() -> None:
    def body() -> str:
        order: list[str] = []

        def after(seconds: float, name: str) -> Callable[[], None]:
            def wake() -> None:
                sleep(seconds)
                order.append(name)

            return wake

        run(after(3, "c"), after(1, "a"), after(2, "b"))
        return "".join(order)

    found = racekit.explore(body, preemptions=1, executions=None)
    assert found.ok
    assert "abc" in found.outcomes


def test_two_sleepers_with_the_same_deadline_race() -> None:
    def body() -> str:
        order: list[str] = []

        def after(name: str) -> Callable[[], None]:
            def wake() -> None:
                sleep(1)
                order.append(name)

            return wake

        run(after("a"), after("b"))
        return "".join(order)

    assert all_of(body) == {"ab", "ba"}


def test_a_sleep_is_no_synchronization() -> None:
    """The machine may be slow: a thread that sleeps can be back before another one has done a thing."""

    def body() -> str:
        order: list[str] = []

        def sleeper() -> None:
            sleep(1)
            order.append("slept")

        run(sleeper, lambda: order.append("worked"))
        return " ".join(order)

    assert all_of(body) == {"slept worked", "worked slept"}


def test_sleeping_for_no_time_lets_others_go_on() -> None:
    def body() -> bool:
        seen: list[bool] = []
        event = threading.Event()

        def spin() -> None:
            while not event.is_set():
                sleep(0)
            seen.append(True)

        run(spin, event.set)
        return seen == [True]

    found = racekit.explore(body, executions=50)
    assert found.ok
    assert set(found.outcomes) == {True}


def test_a_sleep_that_makes_no_sense_is_refused() -> None:
    def body() -> None:
        with pytest.raises(ValueError, match="non-negative"):
            sleep(-1)
        with pytest.raises(TypeError):
            sleep("soon")  # type: ignore[arg-type]

    assert all_of(body) == {None}


def test_a_wait_with_a_timeout_is_not_unlucky() -> None:
    """`event.wait(5)` in a test does not fail because the schedule was unkind."""

    def body() -> bool:
        event = threading.Event()
        seen: list[bool] = []
        run(lambda: seen.append(event.wait(5)), event.set)
        return seen[0]

    assert all_of(body) == {True}


def test_with_any_timeout_a_wait_may_expire_at_any_point() -> None:
    def body() -> bool:
        event = threading.Event()
        seen: list[bool] = []
        run(lambda: seen.append(event.wait(5)), event.set)
        return seen[0]

    assert all_of(body, timeouts="any") == {True, False}


def test_a_wait_expires_when_nobody_else_can_run() -> None:
    def body() -> tuple[bool, float]:
        before = monotonic()
        result = threading.Event().wait(5)
        return result, round(monotonic() - before, 3)

    assert all_of(body) == {(False, 5.0)}


def test_a_lock_with_a_timeout_loses_against_a_holder_that_sleeps_longer() -> None:
    lock = threading.Lock()

    def body(holding: float) -> bool:
        held = threading.Event()
        got: list[bool] = []

        def hold() -> None:
            with lock:
                held.set()
                sleep(holding)

        def take() -> None:
            held.wait()
            got.append(lock.acquire(timeout=1))
            if got[0]:
                lock.release()

        run(hold, take)
        return got[0]

    assert all_of(lambda: body(0.5)) == {True}
    assert False in all_of(lambda: body(5))


def test_joining_with_a_timeout_gives_up_on_a_thread_that_sleeps_longer() -> None:
    def body() -> bool:
        thread = threading.Thread(target=sleep, args=(10,))
        thread.start()
        thread.join(timeout=1)
        return thread.is_alive()

    assert True in all_of(body)


def test_joining_with_a_timeout_waits_for_a_thread_that_can_end() -> None:
    def body() -> bool:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join(timeout=1)
        return thread.is_alive()

    assert all_of(body) == {False}


def every_wait_with_a_timeout() -> dict[str, Callable[[], object]]:
    def condition_wait() -> object:
        made = threading.Condition()
        with made:
            return made.wait(2)

    def condition_wait_for() -> object:
        made = threading.Condition()
        with made:
            return made.wait_for(lambda: False, 2)

    def barrier() -> object:
        try:
            return threading.Barrier(2).wait(2)
        except threading.BrokenBarrierError:
            return False

    def from_queue(made: Any) -> Callable[[], object]:
        def get() -> object:
            try:
                return made.get(timeout=2)
            except queue.Empty:
                return False

        return get

    def into_queue() -> object:
        made: queue.Queue[int] = queue.Queue(maxsize=1)
        made.put(1)
        try:
            return made.put(2, timeout=2)
        except queue.Full:
            return False

    def lock() -> object:
        made = threading.Lock()
        made.acquire()
        return made.acquire(timeout=2)

    return {
        "Condition.wait": condition_wait,
        "Condition.wait_for": condition_wait_for,
        "Event.wait": lambda: threading.Event().wait(2),
        "Semaphore.acquire": lambda: threading.Semaphore(0).acquire(timeout=2),
        "Barrier.wait": barrier,
        "Queue.get": from_queue(queue.Queue()),
        "SimpleQueue.get": from_queue(queue.SimpleQueue()),
        "Queue.put": into_queue,
        "Lock.acquire": lock,
    }


@pytest.mark.parametrize(("name", "wait"), every_wait_with_a_timeout().items(), ids=lambda value: str(value)[:20])
def test_each_wait_with_a_timeout_gives_up_after_it(name: str, wait: Callable[[], object]) -> None:
    def body() -> tuple[object, float]:
        before = monotonic()
        result = wait()
        return result, round(monotonic() - before, 3)

    assert all_of(body) == {(False, 2.0)}


def test_a_timeout_of_zero_does_not_wait() -> None:
    def body() -> tuple[bool, float]:
        lock = threading.Lock()
        lock.acquire()
        before = monotonic()
        return lock.acquire(timeout=0), monotonic() - before

    assert all_of(body) == {(False, 0.0)}


def test_timers_fire_in_the_order_of_their_intervals() -> None:
    def body() -> str:
        order: list[str] = []
        timers = [threading.Timer(seconds, order.append, (name,)) for seconds, name in ((2, "b"), (1, "a"))]
        for timer in timers:
            timer.start()
        for timer in timers:
            timer.join()
        return "".join(order)

    assert "ab" in all_of(body)


def test_a_poller_sees_what_another_thread_does_while_it_sleeps() -> None:
    def body() -> int:
        done: list[bool] = []
        polls = 0

        def work() -> None:
            sleep(1)
            done.append(True)

        thread = threading.Thread(target=work)
        thread.start()
        while not done:
            sleep(0.3)
            polls += 1
        thread.join()
        return polls

    found = racekit.explore(body, executions=100)
    assert found.ok
    assert 4 in found.outcomes


def test_a_loop_that_only_looks_at_the_clock_comes_to_an_end() -> None:
    def body() -> bool:
        deadline = monotonic() + 2
        while monotonic() < deadline:
            pass
        return True

    assert set(racekit.explore(body, executions=5).outcomes) == {True}


def test_a_deadline_loop_around_a_wait_ends() -> None:
    """As in the standard library: what is left of the timeout is computed anew after each wake-up."""

    def body() -> int:
        condition = threading.Condition()
        deadline = monotonic() + 1
        rounds = 0
        with condition:
            while (left := deadline - monotonic()) > 0:
                condition.wait(left)
                rounds += 1
        return rounds

    assert all_of(body) == {1}


def test_many_waits_that_time_out_cost_no_more_each_than_few() -> None:
    """Of five times as many, each would cost five times more if the others were gone through for it."""

    def waits(count: int) -> float:
        def body() -> None:
            event = threading.Event()
            for _ in range(count):
                event.wait(0.1)

        begun = time.thread_time()
        racekit.explore(body, executions=1)
        return time.thread_time() - begun

    assert waits(3000) < 15 * min(waits(600) for _ in range(2))


def test_sched_waits_in_virtual_time() -> None:
    def body() -> tuple[str, ...]:
        events: list[str] = []
        planned = sched.scheduler()  # its time functions are defaults of its parameters
        planned.enter(3600, 1, events.append, ("late",))
        planned.enter(60, 1, events.append, ("early",))
        thread = threading.Thread(target=planned.run)
        thread.start()
        thread.join()
        return tuple(events)

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {("early", "late")}
    assert sched.scheduler().delayfunc is time.sleep
