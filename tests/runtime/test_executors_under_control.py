"""Executors and futures are under control: submit, map, shutdown, callbacks, wait and as_completed."""

from __future__ import annotations

import concurrent.futures
import contextvars
import multiprocessing.pool
import queue
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, as_completed, wait
from typing import Any

import pytest

import racekit


class Shared:
    def __init__(self) -> None:
        self.value = 0

    def increment(self) -> None:
        self.value = self.value + 1


def all_of(body: Callable[[], object], **options: Any) -> set[object]:
    """Everything that can come out of `body`, which must not fail, and must be explored to the end."""
    found = racekit.explore(body, executions=None, strategy="bounded", **options)
    assert found.proved, str(found)
    return set(found.outcomes)


def with_one_preemption(body: Callable[[], object], **options: Any) -> set[object]:
    found = racekit.explore(body, preemptions=1, executions=None, **options)
    assert found.ok, str(found)
    return set(found.outcomes)


def test_submitted_tasks_race() -> None:
    def body() -> int:
        shared = Shared()
        with ThreadPoolExecutor(max_workers=2) as pool:
            pool.submit(shared.increment)
            pool.submit(shared.increment)
        return shared.value

    assert with_one_preemption(body) == {1, 2}


def test_three_tasks_on_two_workers_can_lose_up_to_two_updates() -> None:
    def body() -> int:
        shared = Shared()
        with ThreadPoolExecutor(max_workers=2) as pool:
            for _ in range(3):
                pool.submit(shared.increment)
        return shared.value

    found = racekit.explore(body)
    assert found.ok
    assert set(found.outcomes) == {1, 2, 3}


def test_one_worker_does_its_tasks_in_order() -> None:
    def body() -> str:
        order: list[str] = []
        with ThreadPoolExecutor(max_workers=1) as pool:
            for letter in "abc":
                pool.submit(order.append, letter)
        return "".join(order)

    assert all_of(body) == {"abc"}


def test_map_returns_results_in_order() -> None:
    def body() -> tuple[int, ...]:
        with ThreadPoolExecutor(max_workers=2) as pool:
            return tuple(pool.map(abs, [-1, -2]))

    assert with_one_preemption(body) == {(1, 2)}


def test_mapped_calls_race() -> None:
    def body() -> int:
        shared = Shared()

        def add(number: int) -> None:
            shared.value = shared.value + number

        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(add, [1, 2]))
        return shared.value

    assert with_one_preemption(body) == {1, 3}
    assert set(racekit.explore(body).outcomes) == {1, 2, 3}


def test_an_executor_without_a_with_statement_can_be_shut_down() -> None:
    def body() -> int:
        pool = ThreadPoolExecutor(max_workers=1)
        future = pool.submit(int, "4")
        pool.shutdown(wait=True)
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(int)
        return future.result()

    assert all_of(body) == {4}


def test_an_executor_that_is_never_shut_down_does_not_keep_an_execution_from_ending() -> None:
    kept: list[ThreadPoolExecutor] = []

    def body() -> int:
        kept[:] = [ThreadPoolExecutor(max_workers=1)]
        return kept[0].submit(int, "4").result()

    assert all_of(body) == {4}
    kept.clear()


def test_a_shutdown_that_cancels_can_come_before_a_task_or_after_it() -> None:
    def body() -> bool:
        pool = ThreadPoolExecutor(max_workers=1)
        future = pool.submit(int)
        pool.shutdown(wait=True, cancel_futures=True)
        return future.cancelled()

    assert all_of(body) == {True, False}


def test_several_executors_at_once_are_under_control() -> None:
    def body() -> int:
        shared = Shared()
        with ThreadPoolExecutor(max_workers=1) as one, ThreadPoolExecutor(max_workers=1) as other:
            one.submit(shared.increment)
            other.submit(shared.increment)
        return shared.value

    assert with_one_preemption(body) == {1, 2}


def test_a_task_may_submit_another_one() -> None:
    def body() -> int:
        with ThreadPoolExecutor(max_workers=2) as pool:
            return pool.submit(lambda: pool.submit(int, "5").result()).result()

    assert with_one_preemption(body) == {5}


def test_workers_are_named_alike_in_each_execution() -> None:
    def body() -> str:
        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(lambda: threading.current_thread().name).result()

    assert all_of(body) == {"ThreadPoolExecutor-0_0"}


def test_an_initializer_runs_in_each_worker() -> None:
    def body() -> int:
        shared = Shared()
        with ThreadPoolExecutor(max_workers=1, initializer=shared.increment) as pool:
            pool.submit(int)
            pool.submit(int)
        return shared.value

    assert all_of(body) == {1}


def test_the_exception_of_a_task_belongs_to_its_future() -> None:
    def body() -> str:
        def fail() -> None:
            raise ValueError("in a task")

        with ThreadPoolExecutor(max_workers=1) as pool:
            future = pool.submit(fail)
        return str(future.exception())

    assert all_of(body) == {"in a task"}


def test_a_result_that_raises_fails_the_execution() -> None:
    def body() -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(int, "x").result()

    failure = racekit.explore(body).failure
    assert failure is not None
    assert isinstance(failure.exception, ValueError)


def test_a_future_made_by_hand_is_under_control() -> None:
    def body() -> int:
        future: Future[int] = Future()
        thread = threading.Thread(target=future.set_result, args=(6,))
        thread.start()
        result = future.result()
        thread.join()
        return result

    assert all_of(body) == {6}


def test_whether_a_future_is_done_depends_on_the_schedule() -> None:
    def body() -> bool:
        future: Future[int] = Future()
        thread = threading.Thread(target=future.set_result, args=(6,))
        thread.start()
        done = future.done()
        thread.join()
        return done

    assert all_of(body) == {True, False}


def test_a_future_can_be_cancelled_before_it_runs() -> None:
    def body() -> str:
        with ThreadPoolExecutor(max_workers=1) as pool:
            future = pool.submit(int)
            cancelled = future.cancel()
        try:
            future.result()
            return f"{cancelled} ran"
        except CancelledError:
            return f"{cancelled} never ran"

    assert all_of(body) == {"True never ran", "False ran"}


def test_a_callback_runs_with_the_finished_future() -> None:
    def body() -> tuple[int, ...]:
        results: list[int] = []
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(int, "3").add_done_callback(lambda future: results.append(future.result()))
        return tuple(results)

    assert all_of(body) == {(3,)}


def test_callbacks_of_two_futures_race() -> None:
    def body() -> int:
        shared = Shared()
        with ThreadPoolExecutor(max_workers=2) as pool:
            for _ in range(2):
                pool.submit(int).add_done_callback(lambda future: shared.increment())
        return shared.value

    assert with_one_preemption(body) == {1, 2}


def test_the_result_of_a_future_times_out_only_if_nobody_can_set_it() -> None:
    def body() -> str:
        future: Future[int] = Future()
        try:
            return str(future.result(timeout=10))
        except concurrent.futures.TimeoutError:
            return "timeout"

    assert all_of(body) == {"timeout"}


def test_wait_returns_when_all_are_done() -> None:
    def body() -> tuple[int, int]:
        with ThreadPoolExecutor(max_workers=2) as pool:
            done, not_done = wait([pool.submit(int), pool.submit(int)])
        return len(done), len(not_done)

    assert with_one_preemption(body) == {(2, 0)}


def test_wait_returns_when_the_first_is_done() -> None:
    def body() -> tuple[int, int]:
        never: Future[int] = Future()
        with ThreadPoolExecutor(max_workers=1) as pool:
            done, not_done = wait([pool.submit(int), never], return_when=FIRST_COMPLETED)
        return len(done), len(not_done)

    assert all_of(body) == {(1, 1)}


def test_wait_with_a_timeout_gives_up_when_nobody_can_go_on() -> None:
    def body() -> tuple[int, int]:
        done, not_done = wait([Future(), Future()], timeout=3)
        return len(done), len(not_done)

    assert all_of(body) == {(0, 2)}


def test_as_completed_yields_in_any_order_of_completion() -> None:
    def body() -> str:
        with ThreadPoolExecutor(max_workers=2) as pool:
            futures = [pool.submit(str, letter) for letter in "ab"]
            return "".join(future.result() for future in as_completed(futures))

    assert with_one_preemption(body) == {"ab", "ba"}


@pytest.mark.parametrize("timeout", [2, 0])
def test_as_completed_gives_up_after_its_timeout(timeout: int) -> None:
    def body() -> str:
        try:
            list(as_completed([Future()], timeout=timeout))
        except concurrent.futures.TimeoutError:
            return "timeout"
        return "done"

    assert all_of(body, steps=500) == {"timeout"}


def test_tasks_that_wait_for_each_other_on_one_worker_deadlock() -> None:
    def body() -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:

            def outer() -> int:
                return pool.submit(int).result()

            pool.submit(outer).result()

    failure = racekit.explore(body).failure
    assert failure is not None
    assert failure.kind == "deadlock"
    assert "result" in {each.operation for each in failure.waits}


def test_what_is_submitted_may_take_arguments_of_any_name() -> None:
    def body() -> object:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda **named: named, self=1, fn=2, args=3).result()

    assert list(racekit.explore(body, executions=3).outcomes) == ["{'self': 1, 'fn': 2, 'args': 3}"]


def proved(body: Callable[[], object]) -> dict[object, int]:
    """How many different interleavings give which value, by the default strategy; there must be no others."""
    found = racekit.explore(body)
    assert found.proved, str(found)
    return {value: outcome.count for value, outcome in found.outcomes.items()}


def test_which_workers_are_idle_when_makes_no_interleavings() -> None:
    """Two tasks race; the first worker to take one is either; and nothing else differs that anybody could see."""

    def body() -> int:
        shared = Shared()
        with ThreadPoolExecutor(max_workers=2) as pool:
            pool.submit(shared.increment)
            pool.submit(shared.increment)
        return shared.value

    found = racekit.explore(body, strategy="dpor")
    assert set(found.outcomes) == {1, 2}
    assert found.interleavings == 2 * (1 + 4)  # one worker does both, or two workers race


@pytest.mark.parametrize("wait_for_all", [lambda futures: [each.result() for each in futures], wait])
def test_to_wait_for_futures_makes_no_interleavings(wait_for_all: Callable[[list[Future[None]]], object]) -> None:
    def body() -> int:
        shared = Shared()
        with ThreadPoolExecutor(max_workers=2) as pool:
            wait_for_all([pool.submit(shared.increment), pool.submit(shared.increment)])
        return shared.value

    found = racekit.explore(body, strategy="dpor")
    assert set(found.outcomes) == {1, 2}
    assert found.interleavings == 10


def test_initializers_run_in_as_many_workers_as_are_started() -> None:
    def body() -> int:
        shared = Shared()
        with ThreadPoolExecutor(max_workers=2, initializer=shared.increment) as pool:
            pool.submit(int).result()
            pool.submit(int)
        return shared.value

    assert set(racekit.explore(body, strategy="dpor", executions=None).outcomes) == {1, 2}


def test_a_class_that_starts_workers_in_its_own_way_is_left_to_it() -> None:
    class Pool(ThreadPoolExecutor):
        started = 0

        def _adjust_thread_count(self) -> None:
            idle = self._idle_semaphore._value  # type: ignore[attr-defined]
            super()._adjust_thread_count()  # type: ignore[misc]
            self.started += not idle

    def body() -> int:
        with Pool(max_workers=2) as pool:
            pool.submit(int).result()
            pool.submit(int)
        return pool.started

    assert set(racekit.explore(body, strategy="dpor", executions=None).outcomes) == {1, 2}


def test_a_count_of_the_threads_of_an_executor_is_not_proved() -> None:
    def body() -> int:
        with ThreadPoolExecutor(max_workers=2) as pool:
            pool.submit(int)
            return threading.active_count()

    found = racekit.explore(body)
    assert not found.proved
    assert found.cut_by == "a count of the threads of an executor"
    assert "how many threads an executor has started" in str(found)


@pytest.mark.skipif(not getattr(sys.flags, "thread_inherit_context", False), reason="threads inherit no context")
def test_workers_that_inherit_different_contexts_are_not_proved() -> None:
    variable = contextvars.ContextVar("variable", default=0)

    def body() -> list[int]:
        with ThreadPoolExecutor(max_workers=2) as pool:
            first = pool.submit(variable.get)
            variable.set(variable.get() + 1)
            second = pool.submit(variable.get)
            return [first.result(), second.result()]

    found = racekit.explore(lambda: contextvars.copy_context().run(body))
    assert not found.proved
    assert found.cut_by == "the contexts of the threads of an executor"


def test_workers_that_inherit_the_same_context_are_proved_to_see_it() -> None:
    variable = contextvars.ContextVar("variable", default="nothing")

    def body() -> list[str]:
        variable.set("inherited")
        with ThreadPoolExecutor(max_workers=2) as pool:
            return [future.result() for future in [pool.submit(variable.get) for _ in range(2)]]

    own = "inherited" if getattr(sys.flags, "thread_inherit_context", False) else "nothing"
    found = racekit.explore(lambda: str(contextvars.copy_context().run(body)), outcomes={str([own, own])})
    assert found.proved, str(found)


def test_workers_end_when_their_executor_is_forgotten() -> None:
    def body() -> bool:
        pool = ThreadPoolExecutor(max_workers=2)
        workers = [pool.submit(threading.current_thread).result() for _ in range(2)]
        del pool
        for worker in workers:
            worker.join()
        return any(worker.is_alive() for worker in workers)

    assert set(proved(body)) == {False}


def test_tasks_left_when_an_executor_is_shut_down_can_be_taken_away_by_hand() -> None:
    def body() -> int:
        pool = ThreadPoolExecutor(max_workers=1)
        pool.submit(int)
        left = 0
        try:
            while True:
                pool._work_queue.get_nowait()
                left += 1
        except queue.Empty:
            pool.shutdown()
        return left

    assert set(proved(body)) == {0, 1}


def test_a_cancelled_future_has_its_result_before_the_worker_comes_to_it() -> None:
    """What the worker did before it noticed does not happen before what whoever asked for the result does then."""

    def body() -> tuple[str, int]:
        shared, future = Shared(), Future[int]()

        def work() -> None:
            shared.increment()
            if future.set_running_or_notify_cancel():
                future.set_result(1)

        thread = threading.Thread(target=work)
        thread.start()
        future.cancel()
        try:
            future.result()
            seen = "done", shared.value
        except CancelledError:
            seen = "cancelled", shared.value
        thread.join()
        return seen

    assert set(proved(body)) == {("cancelled", 0), ("cancelled", 1), ("done", 1)}


def test_callbacks_may_run_while_somebody_goes_on_with_the_result() -> None:
    def body() -> str:
        order: list[str] = []
        future: Future[int] = Future()
        future.add_done_callback(lambda done: order.append("callback"))
        thread = threading.Thread(target=future.set_result, args=(1,))
        thread.start()
        future.result()
        order.append("result")
        thread.join()
        return " ".join(order)

    assert set(proved(body)) == {"callback result", "result callback"}


def test_as_completed_may_be_asked_before_or_after_the_futures_are_done() -> None:
    def body() -> tuple[bool, ...]:
        with ThreadPoolExecutor(max_workers=2) as pool:
            first, second = pool.submit(int, "1"), pool.submit(int, "2")
            for future in as_completed([first, second]):
                return future is first, first.done(), second.done()
        return ()

    assert set(proved(body)) == {(True, True, False), (True, True, True), (False, False, True), (False, True, True)}


def test_as_completed_lets_go_of_what_it_has_yielded() -> None:
    def body() -> bool:
        futures: list[Future[object]] = [Future(), Future()]
        for future in futures:
            future.set_result(None)
        del future
        turns = as_completed(futures)
        reference = weakref.ref(next(turns))
        futures.clear()
        return reference() is None

    assert all_of(body) == {True}


def test_as_completed_waits_for_the_end_of_what_is_cancelled() -> None:
    def body() -> str:
        with ThreadPoolExecutor(max_workers=1) as pool:
            futures = [pool.submit(str, "a"), pool.submit(str, "b")]
            futures[1].cancel()
            return "".join("-" if each.cancelled() else each.result() for each in as_completed(futures))

    assert set(proved(body)) == {"a-", "-a", "ab", "ba"}


def test_the_thread_pool_of_multiprocessing_ends() -> None:
    """One of its threads polls a pipe, until the clock is past a deadline that is now."""

    def body() -> list[int]:
        with multiprocessing.pool.ThreadPool(2) as pool:
            return pool.map(abs, [-1, -2])

    found = racekit.explore(body, executions=5)
    assert found.ok, str(found)
    assert set(found.outcomes) == {"[1, 2]"}


# --- executors that were there before ---------------------------------------------------------------------------------


def two_increments(pool: ThreadPoolExecutor) -> int:
    shared = Shared()
    for future in [pool.submit(shared.increment), pool.submit(shared.increment)]:
        future.result()
    return shared.value


def test_an_executor_from_outside_has_workers_under_control_in_each_execution() -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        assert set(proved(lambda: two_increments(pool))) == {1, 2}


def test_an_executor_whose_workers_run_already_keeps_them_for_later() -> None:
    with ThreadPoolExecutor(max_workers=1) as pool:
        worker = pool.submit(threading.current_thread).result()
        assert all_of(lambda: pool.submit(threading.current_thread).result() is worker) == {False}
        assert pool.submit(threading.current_thread).result() is worker


def test_an_initializer_runs_for_the_worker_of_an_executor_from_outside() -> None:
    began: list[str] = []

    def body() -> int:
        began.clear()
        pool.submit(abs, -1).result()
        return len(began)

    with ThreadPoolExecutor(max_workers=1, initializer=began.append, initargs=("a worker",)) as pool:
        assert all_of(body) == {1}


def test_a_body_may_shut_down_an_executor_from_outside() -> None:
    def body() -> int:
        with pool:
            return two_increments(pool)

    with ThreadPoolExecutor(max_workers=2) as pool:
        assert set(proved(body)) == {1, 2}
        assert pool.submit(abs, -1).result() == 1
