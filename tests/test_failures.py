"""What counts as a failure, and what its report names: threads, waits, holders, lines."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from threads import run

import racekit
from racekit.explore import explore_body
from racekit.options import Options
from racekit.strategies.newest_first import NewestFirst
from racekit.trace import Wait


def failure_of(body: Callable[[], object], **options: Any) -> racekit.Failure:
    found = racekit.explore(body, **options)
    assert found.failure is not None, str(found)
    assert not found.ok
    assert not found.proved
    assert found.cut_by == "failure"
    return found.failure


def waits_of(failure: racekit.Failure) -> dict[str, Wait]:
    return {wait.thread: wait for wait in failure.waits}


class Account:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.balance = 100

    def transfer(self, other: Account) -> None:
        with self._lock:
            with other._lock:
                self.balance -= 1
                other.balance += 1


# --- exceptions -------------------------------------------------------------------------------------------------------


def test_an_assertion_in_the_body_is_a_failure() -> None:
    def body() -> None:
        assert 1 == 2

    failure = failure_of(body)
    assert failure.kind == "exception"
    assert isinstance(failure.exception, AssertionError)
    assert failure.thread == "MainThread"
    assert failure.execution == 1
    assert failure.schedule.token == "rk1:"


def test_an_exception_in_any_thread_is_a_failure() -> None:
    def fail() -> None:
        raise ValueError("from the thread")

    def body() -> None:
        thread = threading.Thread(target=fail, name="worker")
        thread.start()
        thread.join()

    failure = failure_of(body)
    assert failure.kind == "exception"
    assert failure.thread == "worker"
    assert str(failure.exception) == "from the thread"
    assert "ValueError in worker: from the thread" in str(failure)


def test_the_traceback_of_an_exception_ends_at_its_line() -> None:
    def fail() -> None:
        raise ValueError("here")

    failure = failure_of(lambda: run(fail))
    assert failure.exception is not None
    last = traceback.extract_tb(failure.exception.__traceback__)[-1]
    assert (last.filename, last.name, last.line) == (__file__, "fail", 'raise ValueError("here")')


def test_exceptions_that_go_with_another_one_are_told_as_they_would_be_without_racekit() -> None:
    def fail() -> None:
        try:
            [][0]
        except IndexError:
            raise ValueError("in its place") from KeyError()

    failure = failure_of(lambda: racekit.together(fail, fail))
    assert isinstance(failure.exception, ExceptionGroup)
    for error in failure.exception.exceptions:
        assert [frame.name for frame in traceback.extract_tb(error.__traceback__)] == ["fail"]
        assert error.__context__ is not None
        assert [frame.name for frame in traceback.extract_tb(error.__context__.__traceback__)] == ["fail"]


def test_a_recursion_without_end_is_told_where_the_code_calls_itself() -> None:
    def call_itself() -> None:
        call_itself()

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        failure = failure_of(lambda: run(call_itself))
    finally:
        sys.setrecursionlimit(limit)
    assert isinstance(failure.exception, RecursionError)
    assert traceback.extract_tb(failure.exception.__traceback__)[-1].name == "call_itself"
    assert failure.gil == "every"


@pytest.mark.parametrize("strategy", ["auto", "bounded", "dpor", "random"])
def test_a_recursion_without_end_that_the_code_handles_itself_is_no_failure(strategy: str) -> None:
    def body() -> int:
        ended: list[bool] = []
        calls = 0

        def call_itself() -> None:
            nonlocal calls
            calls += 1
            call_itself()

        def try_to() -> None:
            try:
                call_itself()
            except RecursionError:
                ended.append(True)

        run(try_to, try_to)
        return len(ended)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        found = racekit.explore(body, strategy=strategy, executions=10)
    finally:
        sys.setrecursionlimit(limit)
    assert found.ok, str(found)
    assert set(found.outcomes) == {2}


EVERY_FRAME = """
import racekit

def make():
    variable = 1

    def closure():
        raise ValueError(variable)

    return closure

class Derived(dict):
    def method(self):
        super().__init__()
        raise ValueError(2)

for body in (make(), Derived().method):
    traceback = racekit.explore(body).failure.exception.__traceback__
    while traceback is not None:
        traceback.tb_frame.f_locals
        traceback = traceback.tb_next
"""


def test_the_variables_in_every_frame_of_a_traceback_can_be_read() -> None:
    """Pytest does so; in another process, since it ends with it if not."""
    done = subprocess.run([sys.executable, "-c", EVERY_FRAME], capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, b"")


CALLERS = """
import racekit, sys

def make():
    variable = 1

    def inspects():
        frame = sys._getframe(1)
        names.append(frame.f_code.co_name)
        while frame is not None:
            frame.f_locals
            frame = frame.f_back
        return variable

    def body():
        return inspects()

    return body

names = []
racekit.explore(make(), executions=1)
print(names)
"""


def test_a_function_sees_who_called_it_in_the_first_execution_too() -> None:
    done = subprocess.run([sys.executable, "-c", CALLERS], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (0, "['body']\n")


def test_a_warning_is_shown_where_the_function_was_called() -> None:
    def warns() -> None:
        warnings.warn("careful", stacklevel=2)

    def body() -> str:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warns()
        return caught[0].filename

    assert list(racekit.explore(body).outcomes) == [__file__]


def test_check_raises_the_very_exception_with_the_report_as_a_note() -> None:
    error = ValueError("mine")

    def body() -> None:
        raise error

    found = racekit.explore(body)
    with pytest.raises(ValueError, match="mine") as caught:
        found.check()
    assert caught.value is error
    assert error.__notes__ == [str(found.failure)]


def test_check_does_nothing_if_nothing_failed() -> None:
    racekit.explore(int).check()


def test_an_exception_only_under_one_schedule_is_found() -> None:
    def body() -> None:
        account = Account()

        def withdraw() -> None:
            balance = account.balance
            account.balance = balance - 10

        run(withdraw, withdraw)
        assert account.balance == 80

    failure = failure_of(body)
    assert isinstance(failure.exception, AssertionError)
    assert len(failure.schedule.switches) == 1


@pytest.mark.parametrize("error", [SystemExit(1), BaseException("base")], ids=["SystemExit", "BaseException"])
def test_any_exception_of_the_body_itself_is_a_failure(error: BaseException) -> None:
    def body() -> None:
        raise error

    assert failure_of(body).exception is error


def test_a_base_exception_in_a_thread_is_a_failure() -> None:
    class Strange(BaseException):
        pass

    def fail() -> None:
        raise Strange

    assert isinstance(failure_of(lambda: run(fail)).exception, Strange)


def test_the_first_of_two_exceptions_is_reported() -> None:
    def fail(name: str) -> Callable[[], None]:
        def raise_it() -> None:
            raise ValueError(name)

        return raise_it

    failure = failure_of(lambda: run(fail("first"), fail("second")), preemptions=0)
    assert str(failure.exception) == "first"


def test_a_skip_in_the_body_is_passed_on() -> None:
    def body() -> None:
        pytest.skip("not here")

    found = racekit.explore(body)
    with pytest.raises(pytest.skip.Exception):
        found.check()


# --- deadlocks --------------------------------------------------------------------------------------------------------


def opposite_transfers() -> None:
    one, other = Account(), Account()
    threads = [
        threading.Thread(target=one.transfer, args=(other,), name="there"),
        threading.Thread(target=other.transfer, args=(one,), name="back"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_locks_in_opposite_order_deadlock() -> None:
    failure = failure_of(opposite_transfers)
    assert failure.kind == "deadlock"
    assert failure.exception is None


def test_a_deadlock_names_each_thread_what_it_waits_for_and_who_holds_that() -> None:
    waits = waits_of(failure_of(opposite_transfers))
    assert set(waits) == {"MainThread", "there", "back"}
    assert (waits["there"].operation, waits["there"].awaited, waits["there"].holder) == (
        "acquire",
        "Account#2._lock",
        "back",
    )
    assert (waits["back"].operation, waits["back"].awaited, waits["back"].holder) == (
        "acquire",
        "Account#1._lock",
        "there",
    )
    assert waits["MainThread"].operation == "join"
    assert waits["MainThread"].awaited == "the end of there"


def test_a_deadlock_gives_file_line_and_text_of_the_wait_and_of_the_acquisition() -> None:
    wait = waits_of(failure_of(opposite_transfers))["there"]
    assert wait.place is not None
    assert wait.held_since is not None
    assert (wait.place.filename, wait.place.text) == (__file__, "with other._lock:")
    assert (wait.held_since.filename, wait.held_since.text) == (__file__, "with self._lock:")
    assert wait.held_since.line == wait.place.line - 1
    assert wait.place.function == "Account.transfer"


def test_the_report_of_a_deadlock_can_be_read() -> None:
    report = str(failure_of(opposite_transfers))
    assert "Deadlock" in report
    assert "there holds Account#1._lock and waits for Account#2._lock, back" in report
    assert "with other._lock:" in report
    assert "with self._lock:" in report


def test_check_raises_deadlock_with_the_failure() -> None:
    found = racekit.explore(opposite_transfers)
    with pytest.raises(racekit.Deadlock) as caught:
        found.check()
    assert caught.value.failure is found.failure
    assert isinstance(caught.value, AssertionError)


module_lock = threading.Lock()


def test_a_thread_that_waits_for_a_lock_that_it_holds_itself_deadlocks() -> None:
    def body() -> None:
        with module_lock:
            with module_lock:
                pass

    wait = waits_of(failure_of(body))["MainThread"]
    assert wait.awaited == "module_lock"
    assert wait.holder == "MainThread"
    assert wait.held_since is not None
    assert wait.place is not None
    assert wait.held_since.line == wait.place.line - 1


def test_a_lock_in_a_local_variable_has_that_name() -> None:
    def body() -> None:
        my_lock = threading.Lock()
        my_lock.acquire()
        my_lock.acquire()

    assert failure_of(body).waits[0].awaited == "my_lock"


def test_a_lock_left_held_by_a_thread_that_ended_is_named_with_it() -> None:
    def body() -> None:
        lock = threading.Lock()

        def forget() -> None:
            lock.acquire()

        thread = threading.Thread(target=forget, name="forgetful")
        thread.start()
        thread.join()
        lock.acquire()

    wait = failure_of(body).waits[0]
    assert wait.holder == "forgetful"
    assert wait.held_since is not None
    assert wait.held_since.text == "lock.acquire()"


@pytest.mark.parametrize("make", [queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue])
def test_a_get_from_a_queue_that_nobody_fills_is_a_deadlock(make: Callable[[], Any]) -> None:
    def body() -> None:
        orders = make()
        run(lambda: orders.get())

    failure = failure_of(body)
    assert failure.kind == "deadlock"
    wait = waits_of(failure)["Thread-1 (<lambda>)"]
    assert wait.operation == "get"
    assert wait.awaited == "orders"
    assert wait.holder is None
    assert wait.place is not None
    assert wait.place.text == "run(lambda: orders.get())"


def test_a_put_into_a_full_queue_that_nobody_empties_is_a_deadlock() -> None:
    def body() -> None:
        orders: queue.Queue[int] = queue.Queue(maxsize=1)
        orders.put(1)
        orders.put(2)

    wait = failure_of(body).waits[0]
    assert (wait.operation, wait.awaited) == ("put", "orders")


def test_joining_a_thread_that_cannot_end_is_a_deadlock() -> None:
    def body() -> None:
        never = threading.Event()
        thread = threading.Thread(target=never.wait, name="endless", daemon=True)
        thread.start()
        thread.join()

    failure = failure_of(body)
    assert failure.kind == "deadlock"
    waits = waits_of(failure)
    assert waits["MainThread"].awaited == "the end of endless"
    assert waits["endless"].operation == "wait"


def test_a_lost_wake_up_on_an_event_is_a_deadlock() -> None:
    def body() -> None:
        ready = threading.Event()

        def waiter() -> None:
            ready.clear()
            ready.wait()

        run(waiter, ready.set)

    failure = failure_of(body)
    assert failure.kind == "deadlock"
    wait = waits_of(failure)["Thread-1 (waiter)"]
    assert (wait.operation, wait.awaited) == ("wait", "ready")


def test_a_lost_wake_up_on_a_condition_is_a_deadlock() -> None:
    def body() -> None:
        changed = threading.Condition()

        def waiter() -> None:
            with changed:
                changed.wait()

        def notifier() -> None:
            with changed:
                changed.notify()

        run(waiter, notifier)

    failure = failure_of(body)
    assert failure.kind == "deadlock"
    wait = waits_of(failure)["Thread-1 (waiter)"]
    assert (wait.operation, wait.awaited) == ("wait", "changed")
    assert wait.place is not None
    assert wait.place.text == "changed.wait()"


def test_a_barrier_short_of_parties_is_a_deadlock() -> None:
    def body() -> None:
        start = threading.Barrier(3)
        run(start.wait, start.wait)

    failure = failure_of(body)
    assert failure.kind == "deadlock"
    assert [wait.operation for wait in failure.waits] == ["join", "wait", "wait"]


def test_a_semaphore_that_nobody_releases_is_a_deadlock() -> None:
    def body() -> None:
        permits = threading.Semaphore(1)
        permits.acquire()
        permits.acquire()

    wait = failure_of(body).waits[0]
    assert (wait.operation, wait.awaited) == ("acquire", "permits")


def test_tasks_of_an_executor_that_wait_for_each_other_are_a_deadlock() -> None:
    def body() -> None:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="pool") as pool:

            def outer() -> None:
                pool.submit(int).result()

            pool.submit(outer)

    failure = failure_of(body)
    assert failure.kind == "deadlock"
    wait = waits_of(failure)["pool_0"]
    assert wait.operation == "result"
    assert wait.place is not None
    assert wait.place.text == "pool.submit(int).result()"


def test_a_thread_that_is_left_waiting_after_the_body_has_returned_is_a_deadlock() -> None:
    def body() -> None:
        threading.Thread(target=threading.Event().wait, name="forgotten").start()

    failure = failure_of(body)
    assert failure.kind == "deadlock"
    assert [wait.thread for wait in failure.waits] == ["forgotten"]


def test_a_waiting_daemon_thread_is_no_deadlock() -> None:
    def body() -> None:
        threading.Thread(target=threading.Event().wait, daemon=True).start()

    assert racekit.explore(body).ok


def test_a_wait_with_a_timeout_is_no_deadlock() -> None:
    def body() -> bool:
        return threading.Event().wait(timeout=3600)

    assert racekit.explore(body).proved


def test_a_deadlock_of_three_names_the_whole_circle() -> None:
    def body() -> None:
        locks = [threading.Lock() for _ in range(3)]

        def eat(seat: int) -> Callable[[], None]:
            left, right = locks[seat], locks[(seat + 1) % 3]

            def take_both() -> None:
                with left:
                    with right:
                        pass

            return take_both

        threads = [threading.Thread(target=eat(seat), name=f"seat {seat}") for seat in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    waits = waits_of(failure_of(body))
    assert {name: wait.holder for name, wait in waits.items() if name != "MainThread"} == {
        "seat 0": "seat 1",
        "seat 1": "seat 2",
        "seat 2": "seat 0",
    }
    assert {name: wait.awaited for name, wait in waits.items() if name != "MainThread"} == {
        "seat 0": "locks[1]",
        "seat 1": "locks[2]",
        "seat 2": "locks[0]",
    }


# --- livelocks --------------------------------------------------------------------------------------------------------


def test_a_spin_that_never_ends_is_a_livelock_with_the_lines_that_repeat() -> None:
    def body() -> None:
        stopped: list[bool] = []

        def spin() -> None:
            while not stopped:
                pass

        run(spin)

    failure = failure_of(body, steps=50)
    assert failure.kind == "livelock"
    assert failure.repeated[0].text in ("while not stopped:", "pass")  # whence a loop goes back differs by version
    assert "Livelock" in str(failure)
    assert failure.repeated[0].text in str(failure)


def test_threads_that_politely_give_way_for_ever_are_a_livelock() -> None:
    def body() -> None:
        left, right = threading.Lock(), threading.Lock()
        left_taken, right_taken = threading.Event(), threading.Event()

        def polite(mine: Any, other: Any, taken: threading.Event, wait_for: threading.Event) -> Callable[[], None]:
            def retry() -> None:
                mine.acquire()
                taken.set()
                wait_for.wait()
                while not other.acquire(blocking=False):
                    pass

            return retry

        run(polite(left, right, left_taken, right_taken), polite(right, left, right_taken, left_taken))

    failure = failure_of(body, steps=500, preemptions=0)
    assert failure.kind == "livelock"
    assert {place.text for place in failure.repeated} & {"while not other.acquire(blocking=False):", "pass"}


def test_check_raises_livelock() -> None:
    def body() -> None:
        while True:
            pass

    with pytest.raises(racekit.Livelock):
        racekit.explore(body, steps=20).check()


@pytest.mark.parametrize(("stop_on_failure", "learned"), [(True, 0), (False, 3)])
def test_no_strategy_learns_from_a_livelock_unless_the_search_goes_on(stop_on_failure: bool, learned: int) -> None:
    """Which takes the longer, the longer it was."""
    ends: list[int] = []

    class Learning(NewestFirst):
        def end(self, trace: Sequence[object], kinds: Sequence[str]) -> None:
            ends.append(len(trace))

    def body() -> None:
        def poll() -> None:
            while True:
                time.sleep(1)

        run(poll, poll)

    options = Options(steps=20, executions=3, stop_on_failure=stop_on_failure)
    found = explore_body(body, options, strategy=Learning())
    assert [failure.kind for failure in found.failures] == ["livelock"]
    assert len(ends) == learned


def test_a_long_execution_within_its_steps_is_no_livelock() -> None:
    def body() -> int:
        total = 0
        for number in range(20_000):
            total += number
        return total

    assert racekit.explore(body).ok


def test_waiting_in_a_loop_for_another_thread_is_no_livelock() -> None:
    def body() -> None:
        done: list[bool] = []
        thread = threading.Thread(target=lambda: done.append(True))
        thread.start()
        while not done:
            pass
        thread.join()

    found = racekit.explore(body, executions=100)
    assert found.ok
    assert not found.proved


@pytest.mark.parametrize("kind", [threading.Lock, threading.RLock, threading.Condition])
def test_looking_under_a_lock_until_another_thread_is_ready_is_no_livelock(kind: Callable[[], Any]) -> None:
    def body() -> None:
        lock = kind()
        ready: list[bool] = []

        def poll() -> None:
            while True:
                with lock:
                    if ready:
                        break

        def make_ready() -> None:
            with lock:
                ready.append(True)

        run(poll, make_ready)

    found = racekit.explore(body, executions=20, strategy="bounded", steps=2000)
    assert found.ok, str(found)


# --- what a failure carries -------------------------------------------------------------------------------------------


def test_a_failure_carries_the_events_that_led_to_it() -> None:
    def body() -> None:
        account = Account()

        def withdraw() -> None:
            balance = account.balance
            account.balance = balance - 10

        run(withdraw, withdraw)
        assert account.balance == 80

    trace = failure_of(body).trace
    accesses = [(event.thread, event.operation) for event in trace.events if event.target == "Account.balance"]
    assert accesses[:4] in (
        [(1, "read"), (2, "read"), (2, "write"), (1, "write")],
        [(1, "read"), (2, "read"), (1, "write"), (2, "write")],
    )
    assert trace.threads == ("MainThread", "Thread-1 (withdraw)", "Thread-2 (withdraw)")
    assert {event.filename for event in trace.events if event.target == "Account.balance"} == {__file__}


def test_the_report_says_how_to_replay_it() -> None:
    failure = failure_of(opposite_transfers)
    assert f"racekit.replay(body, '{failure.schedule.token}')" in str(failure)


def test_stop_on_failure_false_counts_every_failure() -> None:
    def body() -> None:
        a, b = threading.Lock(), threading.Lock()

        def one() -> None:
            with a, b:
                pass

        def two() -> None:
            with b, a:
                pass

        run(one, two)

    found = racekit.explore(body, executions=None, strategy="bounded", stop_on_failure=False)
    assert found.cut_by is None
    assert not found.ok
    assert not found.proved
    assert [failure.kind for failure in found.failures] == ["deadlock"]
    assert found.failures[0].count > 1
    assert found.failure is found.failures[0]
    assert found.outcomes[None].count == found.executions - found.failures[0].count
