"""Threads of every kind are under control, and look from inside as they always do."""

from __future__ import annotations

import _thread
import contextvars
import logging
import sys
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any

import pytest
from threads import run

import racekit

at_import = Thread.start


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


def test_two_threads_race() -> None:
    def body() -> int:
        shared = Shared()
        run(shared.increment, shared.increment)
        return shared.value

    assert all_of(body) == {1, 2}


def test_threads_one_after_the_other_do_not_race() -> None:
    def body() -> int:
        shared = Shared()
        run(shared.increment)
        run(shared.increment)
        return shared.value

    assert all_of(body) == {2}


def test_a_thread_and_its_starter_race() -> None:
    def body() -> int:
        shared = Shared()
        thread = Thread(target=shared.increment)
        thread.start()
        shared.increment()
        thread.join()
        return shared.value

    assert all_of(body) == {1, 2}


class Incrementer(Thread):
    def __init__(self, shared: Shared) -> None:
        super().__init__(name="incrementer")
        self.shared = shared

    def run(self) -> None:
        self.shared.increment()


def test_a_subclass_with_a_run_method_races() -> None:
    def body() -> int:
        shared = Shared()
        threads = [Incrementer(shared), Incrementer(shared)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return shared.value

    assert all_of(body) == {1, 2}


def test_a_subclass_that_calls_the_run_method_of_thread_races() -> None:
    class Verbose(Thread):
        def run(self) -> None:
            super().run()

    def body() -> int:
        shared = Shared()
        threads = [Verbose(target=shared.increment) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return shared.value

    assert all_of(body) == {1, 2}


def test_a_subclass_that_overrides_start_and_join_races() -> None:
    calls: list[str] = []

    class Noting(Thread):
        def start(self) -> None:
            calls.append("start")
            super().start()

        def join(self, timeout: float | None = None) -> None:
            super().join(timeout)
            calls.append("join")

    def body() -> int:
        calls.clear()
        shared = Shared()
        threads = [Noting(target=shared.increment) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(calls) == ["join", "join", "start", "start"]
        return shared.value

    assert all_of(body) == {1, 2}


def test_daemon_threads_race() -> None:
    def body() -> int:
        shared = Shared()
        threads = [Thread(target=shared.increment, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return shared.value

    assert all_of(body) == {1, 2}


def test_a_daemon_thread_may_be_cut_off_before_it_has_done_anything() -> None:
    def body() -> int:
        shared = Shared()
        Thread(target=shared.increment, daemon=True).start()
        return shared.value

    assert all_of(body) == {0, 1}


def test_a_thread_that_nobody_joins_still_finishes() -> None:
    done: list[bool] = []

    def body() -> None:
        done.clear()
        event = threading.Event()

        def late() -> None:
            event.wait()
            done.append(True)

        Thread(target=late).start()
        Thread(target=event.set).start()

    found = racekit.explore(body, executions=None, strategy="bounded")
    assert found.proved
    assert done == [True]


def test_a_failure_after_the_body_has_returned_counts() -> None:
    def body() -> None:
        go = threading.Event()

        def late() -> None:
            go.wait()
            raise ValueError("late")

        Thread(target=late, name="late").start()
        go.set()

    failure = racekit.explore(body).failure
    assert failure is not None
    assert failure.thread == "late"
    assert isinstance(failure.exception, ValueError)


def test_threads_started_by_threads_race() -> None:
    def body() -> int:
        shared = Shared()

        def parent() -> None:
            run(shared.increment, shared.increment)

        run(parent)
        return shared.value

    assert all_of(body) == {1, 2}


def test_a_timer_races() -> None:
    def body() -> int:
        shared = Shared()
        timers = [threading.Timer(1.0, shared.increment) for _ in range(2)]
        for timer in timers:
            timer.start()
        for timer in timers:
            timer.join()
        return shared.value

    assert all_of(body, timeouts="any") == {1, 2}


def test_a_timer_can_be_cancelled_in_time_or_too_late() -> None:
    def body() -> int:
        shared = Shared()
        timer = threading.Timer(1.0, shared.increment)
        timer.start()
        timer.cancel()
        timer.join()
        return shared.value

    assert all_of(body) == {0}
    assert all_of(body, timeouts="any") == {0, 1}


def test_a_thread_started_at_the_lowest_level_races() -> None:
    def body() -> int:
        shared = Shared()
        done = [threading.Lock(), threading.Lock()]
        for lock in done:
            lock.acquire()

        def increment(lock: Any) -> None:
            shared.increment()
            lock.release()

        for lock in done:
            _thread.start_new_thread(increment, (lock,))
        for lock in done:
            lock.acquire()
        return shared.value

    assert all_of(body) == {1, 2}


def test_a_bound_start_method_in_a_variable_is_under_control() -> None:
    def body() -> int:
        shared = Shared()
        threads = [Thread(target=shared.increment) for _ in range(2)]
        for start in [thread.start for thread in threads]:
            start()
        for join in [thread.join for thread in threads]:
            join()
        return shared.value

    assert all_of(body) == {1, 2}


def test_a_start_function_taken_at_import_time_is_under_control() -> None:
    def body() -> int:
        shared = Shared()
        threads = [Thread(target=shared.increment) for _ in range(2)]
        for thread in threads:
            at_import(thread)
        for thread in threads:
            thread.join()
        return shared.value

    assert all_of(body) == {1, 2}


def test_a_thread_made_before_the_exploration_is_under_control_when_it_is_started_inside() -> None:
    shared = Shared()
    made_before = [Thread(target=shared.increment, name="made before")]

    def body() -> int:
        thread = made_before.pop()
        thread.start()
        thread.join()
        return shared.value

    found = racekit.explore(body, executions=1)
    assert found.ok
    assert set(found.outcomes) == {1}
    assert found.notes == ()


def test_current_thread_is_the_thread_that_asks() -> None:
    def body() -> None:
        caller = threading.current_thread()
        seen: list[Thread] = []
        thread = Thread(target=lambda: seen.append(threading.current_thread()))
        thread.start()
        thread.join()
        assert seen == [thread]
        assert threading.current_thread() is caller

    assert all_of(body) == {None}


def test_the_body_runs_on_the_thread_that_called_explore() -> None:
    idents: set[int] = set()
    racekit.explore(lambda: idents.add(threading.get_ident()))
    assert idents == {threading.get_ident()}


def test_a_thread_has_its_own_ident_that_its_object_knows() -> None:
    def body() -> None:
        seen: list[int] = []
        thread = Thread(target=lambda: seen.append(threading.get_ident()))
        thread.start()
        thread.join()
        assert seen == [thread.ident]
        assert thread.ident != threading.get_ident()

    assert all_of(body) == {None}


def test_threads_are_numbered_anew_in_each_execution() -> None:
    def body() -> tuple[str, ...]:
        shared = Shared()
        threads = [Thread(target=shared.increment) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return tuple(thread.name for thread in threads)

    assert all_of(body) == {("Thread-1 (increment)", "Thread-2 (increment)")}


def test_is_alive_tells_whether_a_thread_has_ended() -> None:
    def body() -> tuple[bool, bool, bool]:
        thread = Thread(target=int)
        before = thread.is_alive()
        thread.start()
        during = thread.is_alive()
        thread.join()
        return before, during, thread.is_alive()

    assert all_of(body) == {(False, True, False), (False, False, False)}
    assert set(racekit.explore(body, strategy="dpor").outcomes) == {(False, True, False), (False, False, False)}


@pytest.mark.parametrize("strategy", ["bounded", "dpor"])
def test_whether_a_thread_is_alive_is_seen_with_what_it_did(strategy: str) -> None:
    def body() -> tuple[bool, int]:
        shared = Shared()
        thread = Thread(target=shared.increment)
        thread.start()
        seen = thread.is_alive(), shared.value
        thread.join()
        return seen

    assert set(racekit.explore(body, strategy=strategy).outcomes) == {(True, 0), (True, 1), (False, 1)}


@pytest.mark.parametrize("strategy", ["bounded", "dpor"])
@pytest.mark.parametrize("count", [threading.active_count, lambda: len(threading.enumerate())])
def test_how_many_threads_there_are_depends_on_the_schedule(strategy: str, count: Callable[[], int]) -> None:
    def body() -> int:
        thread = Thread(target=int)
        thread.start()
        seen = count()
        thread.join()
        return seen - threading.active_count()

    assert set(racekit.explore(body, strategy=strategy).outcomes) == {0, 1}


@pytest.mark.parametrize("strategy", ["bounded", "dpor"])
def test_who_starts_a_thread_first_depends_on_the_schedule(strategy: str) -> None:
    def body() -> str:
        order: list[str] = []
        once = Thread(target=int)

        def start(name: str) -> None:
            try:
                once.start()
            except RuntimeError:
                order.append(name)

        both = [Thread(target=start, args=(name,)) for name in "ab"]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        once.join()
        return "".join(order)

    assert set(racekit.explore(body, strategy=strategy).outcomes) == {"a", "b"}


@pytest.mark.parametrize("strategy", ["auto", "bounded", "dpor"])
def test_what_a_thread_did_last_is_not_over_for_others_before_it_is_joined(strategy: str) -> None:
    def body() -> str:
        order: list[str] = []
        event = threading.Event()

        def work() -> None:
            event.set()
            order.append("thread")

        thread = Thread(target=work)
        thread.start()
        event.wait()
        order.append("body")
        thread.join()
        return " ".join(order)

    found = racekit.explore(body, strategy=strategy)
    assert found.proved
    assert set(found.outcomes) == {"thread body", "body thread"}


def test_enumerate_lists_the_threads_that_are_alive() -> None:
    def body() -> tuple[str, ...]:
        event = threading.Event()
        thread = Thread(target=event.wait, name="waiter")
        thread.start()
        names = tuple(each.name for each in threading.enumerate() if each.name == "waiter")
        event.set()
        thread.join()
        return names

    assert all_of(body) == {("waiter",)}


def test_a_thread_cannot_be_started_twice() -> None:
    def body() -> None:
        thread = Thread(target=int)
        thread.start()
        thread.join()
        with pytest.raises(RuntimeError, match="once"):
            thread.start()

    assert all_of(body) == {None}


def test_a_thread_cannot_join_itself() -> None:
    def body() -> None:
        def join_myself() -> None:
            with pytest.raises(RuntimeError, match="join current thread"):
                threading.current_thread().join()

        run(join_myself)

    assert all_of(body) == {None}


def test_a_thread_that_was_not_started_cannot_be_joined() -> None:
    def body() -> None:
        with pytest.raises(RuntimeError, match="before it is started"):
            Thread(target=int).join()

    assert all_of(body) == {None}


local = threading.local()


class LocalWithDefault(threading.local):
    def __init__(self) -> None:
        self.value = "fresh"


local_with_default = LocalWithDefault()


def test_thread_local_data_is_private_to_each_thread() -> None:
    def body() -> tuple[str, ...]:
        data = threading.local()
        data.name = "caller"
        seen: list[str] = []
        ready = threading.Barrier(2)

        def keep(name: str) -> None:
            assert not hasattr(data, "name")
            data.name = name
            ready.wait()
            seen.append(data.name)

        run(partial(keep, "one"), partial(keep, "two"))
        return (data.name, *sorted(seen))

    found = racekit.explore(body)
    assert found.ok
    assert set(found.outcomes) == {("caller", "one", "two")}


def test_thread_local_data_is_gone_in_the_next_execution() -> None:
    def body() -> None:
        def look() -> None:
            assert not hasattr(local, "value")
            assert local_with_default.value == "fresh"
            local.value = 1
            local_with_default.value = "used"

        run(look, look)

    found = racekit.explore(body)
    assert found.ok, str(found)
    assert found.executions > 1


def test_the_callers_thread_local_data_is_left_alone() -> None:
    local.mine = "before"
    try:
        racekit.explore(lambda: run(int, int))
        assert local.mine == "before"
    finally:
        del local.mine


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="default")


def test_a_context_variable_is_private_to_each_thread_and_execution() -> None:
    def body() -> str:
        seen: list[str] = []

        def look(name: str) -> None:
            seen.append(variable.get())
            variable.set(name)
            seen.append(variable.get())

        run(partial(look, "one"))
        run(partial(look, "two"))
        return " ".join(seen)

    token = variable.set("caller")
    try:
        first = "caller" if getattr(sys.flags, "thread_inherit_context", False) else "default"
        assert all_of(body) == {f"{first} one {first} two"}
        assert variable.get() == "caller"
    finally:
        variable.reset(token)


def test_logging_from_any_thread_is_under_control(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tests.threads")

    def body() -> int:
        caplog.clear()
        shared = Shared()

        def update() -> None:
            logger.warning("%s begins", threading.current_thread().name)
            shared.increment()

        run(update, update)
        messages = [record.getMessage() for record in caplog.records]
        assert sorted(messages) == ["Thread-1 (update) begins", "Thread-2 (update) begins"]
        return shared.value

    found = racekit.explore(body, preemptions=1, executions=None)
    assert found.ok, str(found)
    assert set(found.outcomes) == {1, 2}
    assert found.cut_by == "preemptions"


def test_a_log_record_carries_the_name_of_its_thread(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tests.threads")

    def body() -> str:
        caplog.clear()
        thread = Thread(target=lambda: logger.warning("here"), name="worker")
        thread.start()
        thread.join()
        return str(caplog.records[0].threadName)

    found = racekit.explore(body)
    assert set(found.outcomes) == {"worker"}


def test_system_exit_in_a_thread_ends_just_that_thread() -> None:
    def body() -> str:
        def leave() -> None:
            raise SystemExit(3)

        run(leave)
        return "went on"

    assert all_of(body) == {"went on"}


def test_an_excepthook_of_the_body_deals_with_its_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def body() -> int:
        seen.clear()
        with monkeypatch.context() as patch:
            patch.setattr(threading, "excepthook", lambda args: seen.append(str(args.exc_value)))

            def fail() -> None:
                raise ValueError("expected")

            run(fail)
        return len(seen)

    assert all_of(body) == {1}
    assert seen == ["expected"]


def test_a_body_without_threads_is_run_once_and_proved() -> None:
    found = racekit.explore(lambda: 3)
    assert found.executions == 1
    assert found.proved
    assert set(found.outcomes) == {3}


def test_many_threads_are_under_control() -> None:
    def body() -> int:
        shared = Shared()
        run(*[shared.increment] * 20)
        return shared.value

    found = racekit.explore(body, executions=60, seed=1)
    assert found.executions == 60
    assert max(found.outcomes) == 20
    assert min(found.outcomes) < 20


def test_the_threads_that_python_counts_are_those_of_the_execution() -> None:
    def body() -> tuple[int, int]:
        before = _thread._count()
        ended = threading.Thread(target=lambda: None)
        ended.start()
        ended.join()
        gate = threading.Event()
        waiting = threading.Thread(target=gate.wait)
        waiting.start()
        during = _thread._count()
        gate.set()
        waiting.join()
        return during - before, _thread._count() - before

    assert set(racekit.explore(body, executions=20).outcomes) == {(1, 0)}


def test_what_only_a_thread_refers_to_ends_with_it() -> None:
    class Thing:
        pass

    def body() -> bool:
        thing = Thing()
        reference = weakref.ref(thing)
        gate = _thread.allocate_lock()
        gate.acquire()
        _thread.start_new_thread(lambda thing: gate.release(), (thing,))
        del thing
        gate.acquire()
        time.sleep(1)
        return reference() is None

    assert set(racekit.explore(body).outcomes) == {True}


@pytest.mark.skipif(sys.version_info < (3, 14), reason="since 3.14 a thread has a context and an OS thread its name")
def test_a_thread_runs_in_the_context_that_it_was_given_and_under_its_name() -> None:
    variable = contextvars.ContextVar("variable", default="nothing")
    context = contextvars.copy_context()
    context.run(variable.set, "given")

    def body() -> tuple[str, ...]:
        seen: list[str] = []

        def look() -> None:
            seen.append(f"{variable.get()}, {_thread._get_name()}")

        variable.set("inherited")
        for given, name in ((context, "first"), (None, "second")):
            thread = Thread(target=look, context=given, name=name)
            thread.start()
            thread.join()
        return tuple(seen)

    own = "inherited" if sys.flags.thread_inherit_context else "nothing"
    assert all_of(body) == {("given, first", f"{own}, second")}
