"""Nothing is left behind: no rewritten function, no thread, no held lock, no patched name, no output."""

from __future__ import annotations

import _thread
import builtins
import concurrent.futures
import gc
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from types import CodeType, FunctionType
from typing import Any

import pytest
from threads import run

import racekit
from racekit.runtime import baton
from racekit.watch.functions import FoundFunction

LOCK = threading.Lock()
RLOCK = threading.RLock()
CONDITION = threading.Condition()
SIMPLE: queue.SimpleQueue[int] = queue.SimpleQueue()


@pytest.fixture(autouse=True)
def free_locks() -> None:
    """A lock that one test leaves held shall fail that test alone."""
    global LOCK, RLOCK, CONDITION, SIMPLE
    LOCK, RLOCK, CONDITION, SIMPLE = threading.Lock(), threading.RLock(), threading.Condition(), queue.SimpleQueue()


class Shared:
    def __init__(self) -> None:
        self.value = 0

    def increment(self) -> None:
        self.value = self.value + 1


# --- bodies that end in every way -------------------------------------------------------------------------------------


def passes() -> None:
    shared = Shared()
    run(shared.increment, shared.increment)


def raises() -> None:
    raise ValueError("body")


def raises_while_others_wait() -> None:
    for _ in range(2):
        threading.Thread(target=threading.Event().wait).start()
    raise ValueError("body")


def raises_in_a_thread() -> None:
    def fail() -> None:
        raise ValueError("thread")

    run(fail, lambda: threading.Event().wait())


def deadlocks() -> None:
    with LOCK:
        with RLOCK:
            run(lambda: LOCK.acquire(), lambda: RLOCK.acquire(), lambda: SIMPLE.get())


def waits_for_conditions() -> None:
    def wait() -> None:
        with CONDITION:
            CONDITION.wait()

    run(wait, wait)


def spins() -> None:
    def spin() -> None:
        while True:
            pass

    run(spin, spin)


def executor_deadlocks() -> None:
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(lambda: pool.submit(int).result()).result()


def leaves_an_executor_open() -> None:
    pool = ThreadPoolExecutor(max_workers=1)
    pool.submit(int).result()


def leaves_daemons() -> None:
    event = threading.Event()

    for _ in range(3):
        threading.Thread(target=event.wait, daemon=True).start()


def forgets_locks() -> None:
    LOCK.acquire()
    RLOCK.acquire()
    RLOCK.acquire()
    CONDITION.acquire()


def forgets_locks_in_a_thread() -> None:
    run(forgets_locks)


def swallows_everything() -> None:
    def stubborn() -> None:
        for _ in range(3):
            try:
                threading.Event().wait()
            except BaseException:
                pass

    run(stubborn, stubborn)


RETURNS_IN_FINALLY = """
def stubborn():
    try:
        threading.Event().wait()
    finally:
        return 1
"""


def returns_in_finally() -> None:
    namespace: dict[str, Any] = {"threading": threading}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # since 3.14 the compiler finds fault with it
        exec(RETURNS_IN_FINALLY, namespace)
    run(namespace["stubborn"], namespace["stubborn"])


def waits_again_in_finally() -> None:
    def stubborn() -> None:
        try:
            threading.Event().wait()
        finally:
            try:
                SIMPLE.get()
            finally:
                sleep(1)
                with LOCK:
                    threading.Event().wait()

    run(stubborn, stubborn)


def takes_a_lock_in_finally() -> None:
    def stubborn() -> None:
        try:
            threading.Event().wait()
        finally:
            LOCK.acquire()
            threading.Event().wait()

    run(stubborn)


def starts_threads_in_finally() -> None:
    def stubborn() -> None:
        try:
            threading.Event().wait()
        finally:
            run(int)

    run(stubborn)


def spins_in_finally() -> None:
    def stubborn() -> None:
        try:
            threading.Event().wait()
        finally:
            while True:
                pass

    run(stubborn)


def swallows_in_the_body() -> None:
    try:
        threading.Event().wait()
    except BaseException:
        pass
    threading.Event().wait()


def swallows_in_a_loop() -> None:
    def stubborn() -> None:
        while True:
            try:
                threading.Event().wait()
            except BaseException:
                continue

    run(stubborn)


def does_not_fit() -> None:
    racekit.explore(int)


BODIES = [
    passes,
    raises,
    raises_while_others_wait,
    raises_in_a_thread,
    deadlocks,
    waits_for_conditions,
    spins,
    executor_deadlocks,
    leaves_an_executor_open,
    leaves_daemons,
    forgets_locks,
    swallows_everything,
    returns_in_finally,
    waits_again_in_finally,
    starts_threads_in_finally,
    spins_in_finally,
    swallows_in_the_body,
    does_not_fit,
]


BODIES_THAT_KEEP_LOCKS = [
    *BODIES,
    forgets_locks_in_a_thread,
    takes_a_lock_in_finally,
]


def explored(body: Callable[[], object]) -> racekit.Exploration:
    return racekit.explore(body, executions=20, steps=300, stop_on_failure=False)


# --- what is compared -------------------------------------------------------------------------------------------------


def codes() -> dict[int, tuple[FunctionType, CodeType]]:
    return {id(each): (each, each.__code__) for each in gc.get_objects() if type(each) is FunctionType}


BUILTIN_TYPES = (_thread.LockType, _thread.RLock, queue.SimpleQueue, list, dict, set, object, type)
MODULES = (threading, _thread, time, os, random, queue, concurrent.futures, signal, gc, builtins, sys.modules[__name__])
CLASSES = (threading.Thread, threading.Condition, threading.Event, queue.Queue, Future, ThreadPoolExecutor)


def names() -> dict[str, dict[str, Any]]:
    return {repr(each): dict(vars(each)) for each in (*MODULES, *BUILTIN_TYPES, *CLASSES)}


VOLATILE = {"_dangling", "_threads_queues"}


def differences(before: dict[str, dict[str, Any]]) -> list[str]:
    found = []
    for owner, values in names().items():
        for name in values.keys() | before[owner].keys():
            if name not in VOLATILE and values.get(name) is not before[owner].get(name):
                found.append(f"{owner}.{name}")
    return found


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    before = set(sys._current_frames())
    objects = threading.enumerate()
    yield
    assert set(sys._current_frames()) == before
    assert threading.enumerate() == objects


@pytest.mark.parametrize("body", BODIES)
def test_no_thread_is_left(body: Callable[[], object], no_threads_left: None) -> None:
    explored(body)


@pytest.mark.parametrize("body", BODIES)
def test_no_function_stays_rewritten(body: Callable[[], object]) -> None:
    before = codes()
    explored(body)
    assert [function for function, code in before.values() if function.__code__ is not code] == []


@pytest.mark.parametrize("body", BODIES)
def test_no_name_stays_patched(body: Callable[[], object]) -> None:
    before = names()
    explored(body)
    assert differences(before) == []


@pytest.mark.parametrize("body", BODIES_THAT_KEEP_LOCKS)
def test_no_lock_is_left_held(body: Callable[[], object]) -> None:
    explored(body)
    assert not RLOCK._is_owned()  # type: ignore[attr-defined]
    for lock in (LOCK, RLOCK, CONDITION):
        assert lock.acquire(blocking=False)
        lock.release()


@pytest.mark.parametrize("body", BODIES)
def test_nothing_is_printed(body: Callable[[], object], capfd: pytest.CaptureFixture[str]) -> None:
    explored(body)
    gc.collect()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("body", BODIES)
def test_nothing_is_logged(body: Callable[[], object], caplog: pytest.LogCaptureFixture) -> None:
    explored(body)
    assert caplog.records == []


@pytest.mark.parametrize("body", BODIES)
def test_the_process_is_set_as_it_was(body: Callable[[], object]) -> None:
    def settings() -> tuple[object, ...]:
        return (
            gc.isenabled(),
            gc.get_threshold(),
            signal.getsignal(signal.SIGINT),
            os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None,
            sys.gettrace(),
            sys.getprofile(),
            sys.excepthook,
            threading.excepthook,
            threading.current_thread(),
            random.getstate(),
            sys.getswitchinterval(),
        )

    before = settings()
    explored(body)
    assert settings() == before


@pytest.mark.parametrize("body", BODIES_THAT_KEEP_LOCKS)
def test_another_exploration_finds_its_world_in_order(
    body: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baton, "PATIENCE_WITH_CALLS_OUTSIDE", 0.3)
    explored(body)

    def lost_update() -> int:
        shared = Shared()
        with LOCK, RLOCK:
            pass
        run(shared.increment, shared.increment)
        return shared.value

    found = racekit.explore(lost_update)
    assert found.proved, str(found)
    assert set(found.outcomes) == {1, 2}


def test_disabled_garbage_collection_stays_disabled() -> None:
    gc.disable()
    try:
        racekit.explore(passes)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_names_that_a_body_imports_are_real_afterwards() -> None:
    kept: dict[str, Any] = {}

    def body() -> None:
        from time import monotonic, sleep

        kept["sleep"], kept["monotonic"] = sleep, monotonic

    racekit.explore(body)
    before = monotonic()
    kept["sleep"](0)
    assert abs(kept["monotonic"]() - before) < 5


def test_what_is_known_of_a_function_ends_with_it() -> None:
    def explore_and_count() -> int:
        racekit.explore(lambda: None, executions=1)
        gc.collect()
        return sum(type(each) is FoundFunction for each in gc.get_objects())

    explore_and_count()
    assert explore_and_count() == explore_and_count()


def self_deadlocks() -> None:
    with LOCK, LOCK:
        pass


@pytest.mark.parametrize("body", [self_deadlocks, deadlocks, waits_for_conditions, executor_deadlocks])
def test_what_a_body_held_that_deadlocked_is_freed_at_once(
    body: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[weakref.ref[Shared]] = []

    def holding() -> None:
        something = Shared()
        held.append(weakref.ref(something))
        body()

    monkeypatch.setattr(gc, "collect", lambda generation=2: 0)
    gc.disable()
    try:
        found = explored(holding)
        assert found.failure is not None
        del found
        assert [each() for each in held] == [None] * len(held)
    finally:
        gc.enable()


def counts() -> Iterator[int]:
    yield 1


def test_a_generator_made_in_an_execution_can_begin_afterwards_without_being_watched() -> None:
    before, kept = counts.__code__, list[Iterator[int]]()
    racekit.explore(lambda: kept.append(counts()), executions=1)
    assert list(kept[0]) == [1]
    assert counts.__code__ is before


def test_a_thread_made_in_an_execution_is_dead_afterwards() -> None:
    kept: list[threading.Thread] = []

    def body() -> None:
        kept.append(threading.Thread(target=threading.Event().wait, daemon=True))
        kept[-1].start()

    racekit.explore(body, executions=1)
    assert not kept[0].is_alive()
    kept[0].join(timeout=1)


def test_a_lock_made_in_an_execution_works_afterwards() -> None:
    kept: list[Any] = []

    def body() -> None:
        kept[:] = [threading.Lock(), threading.Semaphore(1), queue.Queue()]
        kept[0].acquire()

    racekit.explore(body, executions=1)
    assert kept[0].acquire(blocking=False)
    assert kept[1].acquire(blocking=False)
    kept[2].put(1)
    assert kept[2].get() == 1


# --- daemon threads at the end of the body ----------------------------------------------------------------------------


def test_a_daemon_thread_that_is_cut_off_runs_its_finally_blocks_silently(capfd: pytest.CaptureFixture[str]) -> None:
    cleaned: list[str] = []

    def body() -> None:
        cleaned.clear()
        started = threading.Event()

        def work() -> None:
            try:
                started.set()
                threading.Event().wait()
            finally:
                cleaned.append("cleaned")

        threading.Thread(target=work, daemon=True).start()
        started.wait()

    found = racekit.explore(body)
    assert found.ok
    assert cleaned == ["cleaned"]
    assert capfd.readouterr() == ("", "")


def test_an_exception_in_the_clean_up_of_an_aborted_thread_is_nobodys_failure(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def body() -> None:
        started = threading.Event()

        def work() -> None:
            try:
                started.set()
                threading.Event().wait()
            finally:
                raise ValueError("in the clean-up")

        threading.Thread(target=work, daemon=True).start()
        started.wait()

    found = racekit.explore(body)
    assert found.ok, str(found)
    assert capfd.readouterr() == ("", "")


COMPLAINING = """
import asyncio, gc, sqlite3, threading
from multiprocessing.pool import ThreadPool
import racekit

def thread_pool():
    lock = threading.Lock()
    pool = ThreadPool(1)
    with lock:
        pool.apply(lock.acquire)

def event_loop_in_a_thread():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(asyncio.Event().wait(), loop).result()

def database():
    connection = sqlite3.connect(":memory:")
    threading.Event().wait()

def task():
    async def main():
        items = asyncio.Queue()
        threading.Thread(target=lambda: items.put_nowait(1)).start()  # which is an error: it is not for other threads
        await items.get()

    asyncio.run(main())

for _ in range(2):
    assert racekit.explore({}).failure
    gc.collect()
"""


@pytest.mark.parametrize("what", ["thread_pool", "event_loop_in_a_thread", "database", "task"])
def test_what_an_aborted_execution_had_open_complains_of_nothing(what: str, tmp_path: Path) -> None:
    file = tmp_path / "body.py"
    file.write_text(COMPLAINING.format(what))
    python = [sys.executable, "-X", "dev", "-W", "error"]
    done = subprocess.run([*python, str(file)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_code_that_swallows_the_unwinding_does_not_change_what_is_found() -> None:
    for body in (swallows_everything, returns_in_finally, waits_again_in_finally):
        failure = racekit.explore(body).failure
        assert failure is not None
        assert failure.kind == "deadlock", body


def test_a_thread_that_cannot_be_ended_is_left_without_harm(capfd: pytest.CaptureFixture[str]) -> None:
    code, patched = codes(), names()
    before = time.perf_counter()
    failure = racekit.explore(swallows_in_a_loop).failure
    assert time.perf_counter() - before < 5
    assert failure is not None
    assert failure.kind == "deadlock"
    assert [function for function, own in code.values() if function.__code__ is not own] == []
    assert differences(patched) == []
    assert capfd.readouterr() == ("", "")
    assert racekit.explore(passes).proved


# --- Ctrl-C -----------------------------------------------------------------------------------------------------------


def races_for_ever() -> None:
    shared = Shared()
    run(*[shared.increment] * 3)


def spins_for_ever() -> None:
    def spin() -> None:
        while True:
            pass

    run(spin, spin)


def spins_in_the_body() -> None:
    while True:
        pass


def catches_exception() -> None:
    def work() -> None:
        while True:
            try:
                shared.increment()
            except Exception:
                pass

    shared = Shared()
    run(work, work)


def catches_everything_in_threads() -> None:
    def work() -> None:
        while True:
            try:
                shared.increment()
            except BaseException:
                pass

    shared = Shared()
    run(work, work)


def catches_exception_in_the_body() -> None:
    def work() -> None:
        while True:
            shared.increment()

    shared = Shared()
    threading.Thread(target=work).start()
    while True:
        try:
            shared.increment()
        except Exception:
            pass


WHAT_IS_LEFT = """
import gc, os, pkgutil, signal, subprocess, sys, time
import racekit
import test_left_behind as here

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it, and so do its children

def compare(body, **options):
    code, patched, threads = here.codes(), here.names(), len(sys._current_frames())
    handler = signal.getsignal(signal.SIGINT)
    try:
        racekit.explore(body, **options)
        print("was not interrupted")
    except KeyboardInterrupt:
        pass
    print(sum(function.__code__ is not own for function, own in code.values()), "functions are rewritten")
    print(here.differences(patched), "are patched")
    print(len(sys._current_frames()) - threads, "threads are left")
    print("garbage is collected:", gc.isenabled())
    print("the handler is back:", signal.getsignal(signal.SIGINT) is handler)
"""

PRESSED_WHILE_IT_RUNS = """
body = getattr(here, sys.argv[1])
press = subprocess.Popen(["sh", "-c", f"read line && sleep 0.05 && kill -INT {os.getpid()}"], stdin=subprocess.PIPE)
pressed = []

def interrupted():
    if not pressed:
        os.write(press.stdin.fileno(), b"now\\n")
        pressed.append(time.process_time())  # which others on this machine do not lengthen
    body()

compare(interrupted, executions=None, strategy="random", steps=10**9)
print("at once:", time.process_time() - pressed[0] < 1)
print("others go on:", racekit.explore(here.passes).proved)
press.communicate()
"""

PRESSED_AT_A_MOMENT = """
owner, name = pkgutil.resolve_name(sys.argv[1]), sys.argv[2]
original = getattr(owner, name)
pressed = []

def interrupted(*arguments):
    result = original(*arguments) if sys.argv[3] == "after" else None
    if not pressed:
        pressed.append(True)
        signal.raise_signal(signal.SIGINT)
    return original(*arguments) if sys.argv[3] == "before" else result

setattr(owner, name, interrupted)
compare(getattr(here, sys.argv[4]), steps=10**9, exclude=("__main__",))
"""

PRESSED_IN_A_CALLBACK = """
def press_when_something_dies():
    something = here.Shared()
    reference = here.weakref.ref(something, lambda _: signal.raise_signal(signal.SIGINT))
    del something

compare(press_when_something_dies)
"""

NOTHING = [
    "0 functions are rewritten",
    "[] are patched",
    "0 threads are left",
    "garbage is collected: True",
    "the handler is back: True",
]


def in_another_process(program: str, *arguments: str) -> list[str]:
    """What is printed by a program that may well get stuck."""
    done = subprocess.run(
        [sys.executable, "-c", WHAT_IS_LEFT + program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.dirname, (__file__, racekit.__path__[0])))},
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "body",
    [
        races_for_ever,
        spins_for_ever,
        spins_in_the_body,
        catches_exception,
        catches_everything_in_threads,
        catches_exception_in_the_body,
    ],
)
def test_ctrl_c_ends_an_exploration_at_once_and_leaves_nothing(body: Callable[[], object]) -> None:
    printed = in_another_process(PRESSED_WHILE_IT_RUNS, body.__name__)
    assert printed == [*NOTHING, "at once: True", "others go on: True"]


@pytest.mark.parametrize(
    ("owner", "name", "when"),
    [
        ("racekit.watch.scope:Scope", "watches", "before"),
        ("racekit.runtime.module_names:NameReplacement", "install", "after"),
        ("racekit.runtime.monitor:Monitor", "start", "after"),
        ("racekit.runtime.pool:Worker", "__init__", "after"),
        ("racekit.runtime.monitor:Monitor", "stop", "after"),
        ("racekit.watch.swap:Swaps", "undo", "before"),
        ("racekit.runtime.pool:Pool", "close", "before"),
    ],
)
def test_ctrl_c_at_a_bad_moment_leaves_nothing(owner: str, name: str, when: str) -> None:
    """While control is taken, while a worker is made, while control is given back."""
    assert in_another_process(PRESSED_AT_A_MOMENT, owner, name, when, "passes") == NOTHING


def test_ctrl_c_where_no_exception_can_be_raised_is_not_forgotten() -> None:
    assert in_another_process(PRESSED_IN_A_CALLBACK) == NOTHING


def test_ctrl_c_just_before_a_body_that_never_ends_is_not_forgotten() -> None:
    moment = "racekit.runtime.control:Control", "begin_execution", "after"
    assert in_another_process(PRESSED_AT_A_MOMENT, *moment, "spins_in_the_body") == NOTHING


def test_a_keyboard_interrupt_raised_by_the_body_ends_the_exploration() -> None:
    def body() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        racekit.explore(body)


@pytest.fixture
def ctrl_c_raises() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where it is ignored, as in a job in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def where_interrupted(body: Callable[[], object], **options: Any) -> str:
    """The source of the line that pytest would name, since it comes last in the traceback."""
    with pytest.raises(KeyboardInterrupt) as caught:
        racekit.explore(body, **options)
    return str(caught.traceback[-1].statement).strip()


@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_names_the_line_of_the_body_that_ran() -> None:
    def body() -> None:
        signal.raise_signal(signal.SIGINT)  # here

    assert where_interrupted(body) == "signal.raise_signal(signal.SIGINT)  # here"


@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_names_the_line_where_the_body_waits_for_its_threads() -> None:
    def body() -> None:
        thread = threading.Thread(target=signal.raise_signal, args=(signal.SIGINT,))
        thread.start()
        thread.join()

    assert where_interrupted(body) == "thread.join()"


@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_in_the_midst_of_racekit_names_the_line_of_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    choose = baton.Scheduler.choose

    def interrupted(*arguments: Any) -> int:
        signal.raise_signal(signal.SIGINT)
        return choose(*arguments)

    def body() -> None:
        thread = threading.Thread(target=passes)
        thread.start()
        thread.join()

    monkeypatch.setattr(baton.Scheduler, "choose", interrupted)
    assert where_interrupted(body, exclude=interrupted) == "thread.join()"


@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_names_the_line_of_the_body_whatever_cleans_up_after_it() -> None:
    def body() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            passes()

    assert where_interrupted(body) == "signal.raise_signal(signal.SIGINT)"


@pytest.fixture
def alarm() -> Iterator[Callable[[Callable[[int, object], object]], None]]:
    """Calls a handler in a signal, a twentieth of a second later."""

    def soon(handler: Callable[[int, object], object]) -> None:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05)

    before = signal.getsignal(signal.SIGALRM)
    yield soon
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_signal_handler_of_the_body_is_called(alarm: Any) -> None:
    seen: list[int] = []

    def body() -> None:
        alarm(lambda number, frame: seen.append(number))
        while not seen:
            pass

    assert racekit.explore(body, executions=1, steps=10**9).ok
    assert seen == [signal.SIGALRM]


def test_a_signal_handler_is_called_while_the_body_waits_for_a_thread(alarm: Any) -> None:
    seen: list[int] = []

    def body() -> None:
        alarm(lambda number, frame: seen.append(number))

        def wait() -> None:
            while not seen:
                pass

        run(wait)

    assert racekit.explore(body, executions=1, steps=10_000).ok
    assert seen == [signal.SIGALRM]


def test_an_exception_from_a_signal_handler_ends_the_exploration(alarm: Any) -> None:
    class TooLate(BaseException):
        pass

    def late(number: int, frame: object) -> None:
        raise TooLate

    def body() -> None:
        alarm(late)
        spins_for_ever()

    with pytest.raises(TooLate):
        racekit.explore(body, executions=1, steps=10_000)
