"""Threads that wait for files which nobody outside can send anything to are in a deadlock at once."""

from __future__ import annotations

import asyncio
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.pool import ThreadPool

import pytest

import racekit
from racekit.runtime import baton, outside
from racekit.runtime.wakers import only_this_process_can_wake

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="this platform tells nothing of its files")


@pytest.fixture
def selector() -> Iterator[selectors.DefaultSelector]:
    with selectors.DefaultSelector() as found:
        yield found


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Its two ends; a test may close either."""
    ends = os.pipe()
    files = [os.fstat(end).st_ino for end in ends]
    yield ends
    for end, file in zip(ends, files, strict=True):
        try:
            if os.fstat(end).st_ino == file:
                os.close(end)
        except OSError:
            continue


@pytest.fixture
def hour_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baton, "PATIENCE_WITH_CALLS_OUTSIDE", 3600.0)


def test_only_this_process_can_wake_who_waits_for_nothing(selector: selectors.DefaultSelector) -> None:
    assert only_this_process_can_wake(selector)


def test_only_this_process_can_write_into_a_pipe_of_its_own(
    selector: selectors.DefaultSelector, pipe: tuple[int, int]
) -> None:
    selector.register(pipe[0], selectors.EVENT_READ)
    assert only_this_process_can_wake(selector)


def test_whoever_has_the_other_end_can_write_into_a_pipe_of_which_this_process_has_one(
    selector: selectors.DefaultSelector, pipe: tuple[int, int]
) -> None:
    selector.register(pipe[0], selectors.EVENT_READ)
    also_read = os.dup(pipe[0])
    os.close(pipe[1])
    assert not only_this_process_can_wake(selector)
    os.close(also_read)


def test_a_child_can_write_into_a_pipe_that_it_was_given(
    selector: selectors.DefaultSelector, pipe: tuple[int, int]
) -> None:
    selector.register(pipe[0], selectors.EVENT_READ)
    for given, expected in ((), True), ((pipe[1],), False):
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=given) as child:
            assert only_this_process_can_wake(selector) is expected
            child.communicate(b"\n")


def test_only_this_process_can_send_to_a_pair_of_sockets_of_its_own(selector: selectors.DefaultSelector) -> None:
    one, other = socket.socketpair()
    with one, other:
        selector.register(one, selectors.EVENT_READ)
        assert only_this_process_can_wake(selector)


def test_a_child_can_send_to_a_pair_of_sockets_that_it_was_given(selector: selectors.DefaultSelector) -> None:
    one, other = socket.socketpair()
    with one, other:
        selector.register(one, selectors.EVENT_READ)
        given = (other.fileno(),)
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=given) as child:
            assert not only_this_process_can_wake(selector)
            child.communicate(b"\n")


def test_anybody_can_connect_to_a_listening_socket(selector: selectors.DefaultSelector) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        selector.register(server, selectors.EVENT_READ)
        assert not only_this_process_can_wake(selector)


def test_where_nobody_can_tell_anybody_may(
    selector: selectors.DefaultSelector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("racekit.runtime.wakers._PROCESSES", "/no/such/directory")
    assert not only_this_process_can_wake(selector)


def never_set() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    asyncio.run(main())


def the_loop_holds_what_its_thread_needs() -> None:
    lock = threading.Lock()

    async def main() -> None:
        with lock:
            await asyncio.to_thread(lock.acquire)

    asyncio.run(main())


def a_pool_waits_for_its_caller() -> None:
    lock = threading.Lock()
    pool = ThreadPool(1)
    with lock:
        pool.apply(lock.acquire)


@pytest.mark.parametrize("body", [never_set, the_loop_holds_what_its_thread_needs, a_pool_waits_for_its_caller])
def test_a_deadlock_around_an_event_loop_or_a_pool_needs_no_patience(
    body: Callable[[], object], hour_of_patience: None
) -> None:
    failure = racekit.explore(body).failure
    assert failure is not None
    assert failure.kind == "deadlock"


def test_what_a_child_writes_is_waited_for(pipe: tuple[int, int]) -> None:
    def body() -> bytes:
        with selectors.DefaultSelector() as waiting:
            waiting.register(pipe[0], selectors.EVENT_READ)
            writes = [sys.executable, "-c", f"import os; os.write({pipe[1]}, b'.')"]
            with subprocess.Popen(writes, pass_fds=(pipe[1],)):
                waiting.select()
        return os.read(pipe[0], 1)

    found = racekit.explore(body, executions=1)
    assert found.ok, str(found)
    assert set(found.outcomes) == {b"."}


def test_a_signal_that_is_due_wakes_an_event_loop() -> None:
    def body() -> str:
        async def main() -> None:
            rang = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGALRM, rang.set)
            signal.setitimer(signal.ITIMER_REAL, 2 * outside.PATIENCE_WITH_OWN_PIPES)
            await rang.wait()

        asyncio.run(main())
        return "rang"

    found = racekit.explore(body, executions=1)
    assert found.ok, str(found)
    assert set(found.outcomes) == {"rang"}
