"""What racekit does not control: never a hang, never a proof, and named in the result."""

from __future__ import annotations

import hashlib
import itertools
import multiprocessing
import os
import queue
import select
import signal
import socket
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from threads import run

import racekit
from racekit.runtime import baton, monitor, outside
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN

LOCK = threading.Lock()


class Shared:
    def __init__(self) -> None:
        self.value = 0

    def increment(self) -> None:
        self.value = self.value + 1


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baton, "PATIENCE_WITH_CALLS_OUTSIDE", 0.3)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process has all the time that it needs to end."""
    monkeypatch.setattr(baton, "PATIENCE_WITH_CALLS_OUTSIDE", 60.0)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def line_of(function: Callable[[], object], offset: int) -> str:
    return f"{__file__}:{function.__code__.co_firstlineno + offset}"


def test_a_call_that_blocks_for_ever_is_named_and_never_proved(ends: tuple[socket.socket, socket.socket]) -> None:
    one, _ = ends

    def body() -> None:
        one.recv(1)

    found = racekit.explore(body)
    assert not found.ok
    assert not found.proved
    assert found.failure is not None
    assert found.failure.kind == "deadlock"
    assert found.failure.waits[0].place is not None
    assert found.failure.waits[0].place.text == "one.recv(1)"
    assert any(f"blocked outside control at {line_of(body, 1)}" in note for note in found.notes)
    assert "one.recv(1)" in str(found)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_call_that_blocks_for_ever_ends_also_where_ctrl_c_is_not_python_s(
    ends: tuple[socket.socket, socket.socket], handler: signal.Handlers
) -> None:
    before = signal.signal(signal.SIGINT, handler)  # as in a job in the background of a shell script
    try:
        found = racekit.explore(lambda: ends[0].recv(1))
        assert found.failure is not None
        assert found.failure.kind == "deadlock"
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_the_threads_of_a_process_that_was_forked_run_freely(patient: None) -> None:
    def body() -> int:
        with multiprocessing.get_context("fork").Manager() as manager:
            shared = manager.list([1])
            shared.append(2)
            return sum(shared)

    found = racekit.explore(body, executions=1)
    assert found.ok, str(found)
    assert set(found.outcomes) == {3}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_that_a_thread_forks_has_that_thread_alone(patient: None) -> None:
    def body() -> int:
        statuses: list[int] = []

        def fork() -> None:
            child = os.fork()
            if child == 0:
                os._exit(len(threading._active))  # type: ignore[attr-defined]
            statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

        run(fork)
        return statuses[0]

    assert racekit.explore(body, executions=1, outcomes={1}).ok


def test_a_call_that_waits_for_a_processor_does_not_count_as_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.path.exists("/proc/self/task"):
        pytest.skip("this platform does not tell what a thread waits for")
    monkeypatch.setattr(monitor, "TICK", 0.001)
    monkeypatch.setattr(monitor, "_processor_time", lambda ident: 0.0)  # as where others keep all processors busy
    data = bytes(20_000_000)
    assert racekit.explore(lambda: hashlib.sha256(data).digest()).proved


def test_a_thread_does_not_count_as_blocked_while_the_one_that_woke_it_waits_for_a_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(monitor, "TICK", 0.001)
    monkeypatch.setattr(monitor, "_processor_time", lambda ident: 0.0)
    monkeypatch.setattr(monitor, "_waits_for_processor", {threading.get_ident(): True}.get)  # the caller's only
    data = bytes(100_000_000)
    assert racekit.explore(lambda: run(lambda: hashlib.sha256(data).digest())).proved


def test_what_it_costs_to_find_out_that_a_call_blocks_is_spent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "_processor_time", lambda ident: 0.0)
    monkeypatch.setattr(monitor, "_waits_for_processor", lambda ident: False)
    monkeypatch.setattr(monitor, "_place_of", lambda thread: thread.place)
    monkeypatch.setattr(monitor, "describe_outside", lambda thread, frame: "")
    threads = [_thread(number, place) for number, place in enumerate(["recv", "recv", "recv", "elsewhere"])]
    scheduler: Any = SimpleNamespace(
        threads=threads,
        alive=threads,
        returning=[],
        trace=[],
        outside_calls={},
        patience=10,
        pass_on=lambda to: monkeypatch.setattr(TURN, "thread", to),
        **dict.fromkeys(["steps", "loops", "polling"], 0),
        **dict.fromkeys(["waiting_outside", "any_timeout", "aborting"], False),
    )
    looking = monitor.Monitor(None)

    def looks() -> int:
        """How often it has to look until the thread that has the baton counts as blocked."""
        number = next(number for number in itertools.count(1) if looking._is_blocked(scheduler))
        looking._let_others_go_on(scheduler, TURN.thread)
        return number

    monkeypatch.setattr(TURN, "thread", scheduler.threads[0])
    assert [looks() for _ in range(4)] == [
        monitor.TICKS_TO_COUNT_AS_BLOCKED + 1,
        2,
        2,
        monitor.TICKS_TO_COUNT_AS_BLOCKED + 1,
    ]


def _thread(number: int, place: str) -> Any:
    return SimpleNamespace(
        id=number, ident=-1, place=place, outside=False, polls=False, deadline=None, blocked=False, asleep=False
    )


def test_a_thread_that_blocks_outside_lets_the_others_go_on(ends: tuple[socket.socket, socket.socket]) -> None:
    one, other = ends

    def body() -> bytes:
        got: list[bytes] = []

        def receive() -> None:
            got.append(one.recv(1))

        def send() -> None:
            other.send(b"x")

        run(receive, send)
        return got[0]

    found = racekit.explore(body, executions=1)
    assert found.ok
    assert set(found.outcomes) == {b"x"}
    assert not found.proved


def test_a_search_with_a_call_that_blocked_outside_is_cut_by_that(ends: tuple[socket.socket, socket.socket]) -> None:
    one, other = ends

    def body() -> bytes:
        thread = threading.Thread(target=lambda: other.send(b"x"))
        thread.start()
        received = one.recv(1)
        thread.join()
        return received

    found = racekit.explore(body, executions=None, strategy="bounded")
    assert found.ok
    assert found.cut_by == "a call that blocked outside control"
    assert any("one.recv(1)" in note for note in found.notes)


def test_a_subprocess_that_ends_in_time_is_waited_for() -> None:
    def body() -> int:
        return subprocess.run(["sleep", "0.01"], check=True).returncode

    found = racekit.explore(body)
    assert found.ok
    assert set(found.outcomes) == {0}


def test_a_search_in_which_a_process_was_started_is_never_proved() -> None:
    """However short it runs: what it does is not under control."""

    def body() -> None:
        run(lambda: subprocess.run(["true"], check=True))

    found = racekit.explore(body)
    assert found.ok
    assert found.cut_by == "a process outside control"
    [note] = found.notes
    assert note.startswith(f"Thread-1 (<lambda>) started a process, which runs outside control at {__file__}:")


def test_a_fork_is_a_process_outside_control(patient: None) -> None:
    def body() -> int:
        pid = os.fork()
        if pid == 0:
            os._exit(3)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the process has threads
        found = racekit.explore(body)
    assert set(found.outcomes) == {3}
    assert not found.proved
    assert any("started a process, which runs outside control" in note for note in found.notes)


def test_a_failure_beside_a_process_is_minimized() -> None:
    def body() -> None:
        values = [0]

        def add() -> None:
            values[0] = values[0] + 1

        subprocess.run(["true"], check=True)
        run(add, add)
        assert values == [2]

    found = racekit.explore(body, strategy="random")
    assert found.failure is not None
    assert found.failure.preemptions == 1


def test_two_threads_that_both_block_outside_end_the_execution(ends: tuple[socket.socket, socket.socket]) -> None:
    one, other = ends

    def body() -> None:
        run(lambda: one.recv(1), lambda: other.recv(1))

    found = racekit.explore(body, executions=1)
    assert not found.ok
    assert not found.proved
    one.send(b"x")  # so that the threads that are left can end
    other.send(b"x")


def test_a_thread_from_before_the_exploration_that_shares_data_is_named(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    shared = Shared()
    ours, theirs = ends

    def outsider() -> None:
        while theirs.recv(1):
            shared.increment()
            theirs.send(b".")

    thread = threading.Thread(target=outsider, name="the outsider", daemon=True)
    thread.start()
    try:

        def body() -> None:
            run(shared.increment, shared.increment)
            ours.send(b".")
            ours.recv(1)  # once it has been here

        found = racekit.explore(body, executions=20)
    finally:
        ours.close()
        thread.join()
    assert not found.proved
    assert any("the outsider" in note for note in found.notes), str(found)
    assert "the outsider" in str(found)


def test_a_thread_from_before_that_has_nothing_to_do_with_it_does_not_matter() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="bystander", daemon=True)
    thread.start()
    try:

        def body() -> int:
            shared = Shared()
            run(shared.increment, shared.increment)
            return shared.value

        found = racekit.explore(body)
    finally:
        stop.set()
        thread.join()
    assert found.proved
    assert set(found.outcomes) == {1, 2}


def test_an_outsider_that_takes_from_a_queue_is_waited_for() -> None:
    """It waited already when the exploration began, so that no hook sees it take anything."""
    tasks, results = queue.SimpleQueue[int](), queue.SimpleQueue[int]()

    def work() -> None:
        while task := tasks.get():
            results.put(-task)

    outsider = threading.Thread(target=work, name="outsider")
    outsider.start()

    def body() -> int:
        tasks.put(1)
        return results.get()

    try:
        found = racekit.explore(body)
    finally:
        tasks.put(0)
        outsider.join()
    assert found.ok, str(found)
    assert set(found.outcomes) == {-1}
    assert found.cut_by == "uncontrolled thread"


@pytest.mark.parametrize("kind", [queue.Queue, queue.SimpleQueue])
def test_a_timed_wait_does_not_expire_before_an_outsider_had_time_to_answer(
    kind: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "PATIENCE_WITH_OUTSIDERS", 60.0)
    tasks, results = kind(), kind()

    def work() -> None:
        while task := tasks.get():
            results.put(-task)

    outsider = threading.Thread(target=work, name="outsider")
    outsider.start()

    def body() -> int:
        tasks.put(1)
        return int(results.get(timeout=60))

    try:
        found = racekit.explore(body)
    finally:
        tasks.put(0)
        outsider.join()
    assert found.ok, str(found)
    assert set(found.outcomes) == {-1}
    assert found.cut_by == "uncontrolled thread"


def test_a_timed_wait_for_an_outsider_that_never_answers_expires() -> None:
    tasks, results = queue.Queue[int](), queue.Queue[int]()
    outsider = threading.Thread(target=tasks.get, name="outsider")
    outsider.start()

    def body() -> None:
        tasks.put(1)
        with pytest.raises(queue.Empty):
            results.get(timeout=0.01)

    found = racekit.explore(body, executions=1)
    outsider.join()
    assert found.ok, str(found)


def test_a_lock_that_an_outsider_holds_for_ever_is_no_hang_and_no_proof() -> None:
    release = threading.Event()
    held = threading.Event()

    def hold() -> None:
        with LOCK:
            held.set()
            release.wait()

    thread = threading.Thread(target=hold, name="holder", daemon=True)
    thread.start()
    held.wait()
    try:

        def body() -> None:
            with LOCK:
                pass

        found = racekit.explore(body)
    finally:
        release.set()
        thread.join()
    assert not found.ok
    assert not found.proved
    assert found.failure is not None
    assert found.failure.kind == "deadlock"


def test_a_lock_that_an_outsider_gives_back_can_be_had() -> None:
    begin = threading.Event()
    held = threading.Event()

    def hold() -> None:
        with LOCK:
            held.set()
            begin.wait()
            for _ in range(20):
                os.sched_yield()

    thread = threading.Thread(target=hold, name="holder", daemon=True)
    thread.start()
    held.wait()

    def body() -> str:
        begin.set()
        with LOCK:
            return "got it"

    found = racekit.explore(body, executions=1)
    thread.join()
    assert found.ok, str(found)
    assert set(found.outcomes) == {"got it"}


def test_a_sleep_longer_than_any_patience_is_virtual_and_no_call_outside() -> None:
    found = racekit.explore(lambda: time.sleep(10**6))
    assert found.proved
    assert found.notes == ()


def test_a_thread_that_comes_back_as_the_body_fails_takes_the_turn_of_nobody(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = ends
    pass_on = baton.Scheduler.pass_on
    took: list[str] = []

    def watched(scheduler: baton.Scheduler, to: ControlledThread) -> None:
        passes = scheduler.by_ident.get(threading.get_ident(), TURN.thread)  # the monitor does it for another one
        if passes is not TURN.thread:
            took.append(passes.name)
        pass_on(scheduler, to)

    def body() -> int:
        def send_and_stay() -> None:
            other.send(b".")
            select.select([], [], [], 0.2)

        threading.Thread(target=send_and_stay).start()
        return 1 // (one.recv(1) is None)  # which no hook sees

    monkeypatch.setattr(baton.Scheduler, "pass_on", watched)
    failure = racekit.explore(body, exclude=(watched,)).failure
    assert failure is not None
    assert isinstance(failure.exception, ZeroDivisionError)
    assert took == []


def test_that_nobody_ends_a_call_is_waited_for_once(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    patience: list[float] = []

    def noted(scheduler: baton.Scheduler) -> None:
        patience.append(scheduler.patience)
        outside.lose_patience(scheduler)

    monkeypatch.setattr(monitor, "lose_patience", noted)
    monkeypatch.setattr(outside, "PATIENCE_ANOTHER_TIME", 0.0)
    failure = racekit.explore(lambda: run(lambda: ends[0].recv(1)), exclude=(noted,)).failure
    assert failure is not None
    assert failure.kind == "deadlock"
    assert patience[0] == baton.PATIENCE_WITH_CALLS_OUTSIDE
    assert set(patience[1:]) == {0.0}
