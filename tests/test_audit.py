"""A body that does not do the same under the same schedule: what differs, where, and why."""

from __future__ import annotations

import functools
import itertools
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from queue import Queue

import pytest
from threads import run

import racekit


class Shared:
    def __init__(self) -> None:
        self.value = 0
        self.other = 0

    def increment(self) -> None:
        self.value = self.value + 1

    def change_other(self) -> None:
        self.other = self.other + 1


def told(body: Callable[[], object], **options: object) -> str:
    found = racekit.explore(body, **options)
    assert not found.proved
    assert found.cut_by == "nondeterminism"
    [note] = found.notes
    return note


# --- bodies that make their world anew --------------------------------------------------------------------------------


def two_increments() -> int:
    shared = Shared()
    run(shared.increment, shared.increment)
    return shared.value


def test_a_body_that_does_the_same_each_time_is_proved() -> None:
    found = racekit.explore(two_increments, audit=True, strategy="dpor")
    assert found.proved
    assert found.notes == ()
    assert found.interleavings == 4


def test_the_audit_counts_as_no_execution() -> None:
    options = {"executions": None, "strategy": "dpor"}
    audited, plain = racekit.explore(two_increments, audit=True, **options), racekit.explore(two_increments, **options)
    assert audited.executions == plain.executions
    assert audited.outcomes.keys() == plain.outcomes.keys()


@functools.lru_cache
def expensive() -> int:
    return Shared().value


def test_a_cache_that_the_body_clears_is_no_trap() -> None:
    def body() -> None:
        expensive.cache_clear()
        run(expensive, two_increments)

    assert racekit.explore(body, executions=None, strategy="dpor", audit=True).proved


def sums_a_shared_generator() -> int:
    """Where it yields is told once several threads are known to have it."""
    total = 0

    def numbers() -> Iterator[int]:
        nonlocal total
        for _ in range(2):
            total += 1
            yield total

    def add_up() -> None:
        nonlocal total
        total = sum(numbers())

    run(add_up, add_up)
    return total


def fills_a_small_cache() -> None:
    """What it drops depends on who came first, once it is known to be full."""
    squared = functools.lru_cache(maxsize=1)(lambda number: number**2)
    run(lambda: squared(1), lambda: squared(2))


def asks_for_a_class() -> bool:
    """Whether an object has another class only matters once somebody is known to replace it."""
    shared = Shared()
    run(lambda: isinstance(shared, Shared), lambda: setattr(shared, "__class__", Other))
    return isinstance(shared, Other)


class Other(Shared):
    pass


def sorts_by_a_key() -> list[int]:
    numbers = [3, 1, 2]
    run(lambda: numbers.sort(key=lambda number: -number), lambda: numbers.append(0))
    return numbers


def makes_a_table_of_functions() -> int:
    """Their `repr` has their addresses."""
    table: dict[str, object] = {"work": lambda: None, "object": Shared()}
    run(lambda: table.update(more=1), lambda: table.get("work"))
    return len(table)


@pytest.mark.parametrize(
    "body",
    [sums_a_shared_generator, fills_a_small_cache, asks_for_a_class, sorts_by_a_key, makes_a_table_of_functions],
    ids=lambda body: body.__name__,
)
def test_what_is_watched_only_once_it_is_known_to_matter_is_no_difference(body: Callable[[], object]) -> None:
    assert racekit.explore(body, audit=True, executions=5).notes == ()


_set_up = False


def library_function(lock: threading.Lock) -> None:
    """As those that set something up when they are called first, under a lock."""
    global _set_up
    if not _set_up:
        with lock:
            _set_up = True


@pytest.mark.parametrize("strategy", ["auto", "dpor"])
def test_what_a_library_locks_in_the_first_execution_only_does_not_end_the_proof(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "_set_up", False)
    lock = threading.Lock()

    def body() -> int:
        library_function(lock)
        values = []

        def append() -> None:
            with lock:
                values.append(len(values))

        run(append, append)
        return len(values)

    found = racekit.explore(body, strategy=strategy, exclude=[f"{__name__}.library_function"])
    assert found.proved, str(found)
    assert set(found.outcomes) == {2}


# --- state that is left for the next execution ------------------------------------------------------------------------

CACHE: dict[str, int] = {}


def look_up() -> int:
    if "answer" not in CACHE:
        CACHE["answer"] = 42
    return CACHE["answer"]


@pytest.mark.parametrize("audit", [True, False])
def test_state_left_over_in_a_module_is_named(audit: bool) -> None:
    CACHE.clear()
    note = told(lambda: run(look_up, look_up), audit=audit)
    assert "test_audit.py:" in note
    assert "in look_up" in note
    assert "CACHE" in note
    assert "anew in the body, or reset it there." in note


class Counting:
    made = 0

    def __init__(self) -> None:
        Counting.made += 1
        self.number = Counting.made


def test_a_counter_in_a_class_is_found_by_an_audit() -> None:
    note = told(lambda: run(Counting, Counting), audit=True)
    assert re.search(r": the first reads Counting.made: (\d), the second reads Counting.made: (?!\1)\d\. ", note)
    assert "Counting.made is as an earlier execution left it: make it anew in the body" in note


@functools.lru_cache
def settings() -> int:
    shared = Shared()
    shared.increment()
    return shared.value


@pytest.mark.parametrize("audit", [True, False])
def test_an_lru_cache_that_the_first_execution_has_filled_is_named(audit: bool) -> None:
    settings.cache_clear()

    def body() -> None:
        shared = Shared()
        run(settings, shared.increment, shared.increment)

    note = told(body, audit=audit)
    assert "settings keeps its results from the first execution on: call settings.cache_clear() in the body." in note


class Config:
    @functools.cached_property
    def path(self) -> int:
        shared = Shared()
        return shared.value


def test_a_cached_property_that_the_first_execution_has_filled_is_named() -> None:
    config = Config()

    def body() -> None:
        shared = Shared()
        run(lambda: config.path, shared.increment, shared.increment)

    note = told(body)
    assert "path is a cached_property that the first execution has filled: make its object in the body." in note


def test_it_is_looked_for_in_the_file_that_ran_not_in_another_one_with_such_a_line() -> None:
    class Settings:
        @functools.cached_property
        def path(self) -> int:
            return Shared().value

    line = Settings.path.func.__code__.co_firstlineno + 2
    elsewhere: dict[str, Callable[[], int]] = {"Shared": Shared}
    exec(compile("\n" * (line - 1) + "def read(): return Shared().value", "elsewhere.py", "exec"), elsewhere)
    racekit.explore(lambda: run(elsewhere["read"], Shared().increment))
    config = Settings()

    def body() -> None:
        shared = Shared()
        run(lambda: config.path, shared.increment, shared.increment)

    assert "path is a cached_property" in told(body)


# --- what differs each time -------------------------------------------------------------------------------------------


def found_first_in_a_set() -> tuple[Shared, Shared]:
    """Two objects that any set goes through in this order."""
    pairs = itertools.permutations([Shared() for _ in range(64)], 2)
    return next((one, two) for one, two in pairs if list({one, two}) == list({two, one}) == [one, two])


def test_the_order_of_a_set_is_named() -> None:
    both = found_first_in_a_set()
    runs = itertools.count()

    def body() -> None:
        one, two = both[:: 1 if next(runs) % 2 else -1]
        one.value = two.other = 0
        objects = {one, two}

        def visit() -> None:
            for each in objects:
                if each is one:
                    one.increment()
                else:
                    two.change_other()

        run(visit, visit)

    assert "A set goes through its objects in the order of their addresses" in told(body, audit=True)


def test_real_time_is_named() -> None:
    runs = itertools.count()

    def body() -> None:
        shared = Shared()

        def work() -> None:
            if time.process_time() < 0 or next(runs) % 2:  # as if time had passed
                shared.increment()

        run(work, shared.change_other)

    note = told(body, audit=True)
    assert "time.process_time() shows real time, another one each time: use time.time()" in note


def test_what_nobody_can_know_is_said_to_be_unknown() -> None:
    runs = itertools.count()

    def body() -> None:
        shared = Shared()
        run(shared.increment, shared.increment if next(runs) % 2 else shared.change_other)

    note = told(body, audit=True)
    assert note.startswith("Two executions of one schedule differ at step ")
    assert "It depends on something that racekit does not watch" in note


def test_a_thread_outside_control_is_named() -> None:
    asked: Queue[bool] = Queue()
    answered: Queue[bool] = Queue()

    def answer() -> None:
        for number in itertools.takewhile(lambda _: asked.get(), itertools.count()):
            answered.put(number % 2 == 0)

    def body() -> None:
        shared = Shared()
        asked.put(True)
        run(shared.increment, shared.increment if answered.get() else shared.change_other)

    worker = threading.Thread(target=answer, name="worker")
    worker.start()
    found = racekit.explore(body, audit=True)
    asked.put(False)
    worker.join()
    assert found.cut_by == "uncontrolled thread"
    assert found.notes[-1].endswith(" runs outside control: start it inside the body, or end it before.")


# --- when it is looked for --------------------------------------------------------------------------------------------


def test_a_budget_that_was_used_up_stays_what_cut_the_search() -> None:
    settings.cache_clear()

    def body() -> None:
        shared = Shared()
        run(settings, shared.increment, shared.increment)

    found = racekit.explore(body, executions=3)
    assert found.cut_by == "executions"
    assert len(found.notes) == 1


def test_a_failure_that_does_not_come_about_again_is_explained() -> None:
    runs = itertools.count()

    def body() -> None:
        two_increments()
        assert next(runs) != 2

    found = racekit.explore(body)
    assert found.failure is not None
    assert len(found.notes) == 1


def test_what_fails_when_its_schedule_is_run_again_is_not_proved() -> None:
    runs: list[int] = []
    fails_in = 0

    def body() -> None:
        runs.append(1)
        lock = threading.Lock()

        def enter() -> None:
            with lock:
                pass

        run(enter, enter)
        assert len(runs) != fails_in

    assert racekit.explore(body, strategy="bounded").proved
    fails_in = len(runs)
    runs.clear()
    found = racekit.explore(body, strategy="bounded")
    assert found.ok
    assert found.cut_by == "nondeterminism"
    assert found.notes[0].startswith("The first execution passed, but a later one of the same schedule did not. ")


def test_a_daemon_thread_that_only_the_first_execution_starts_is_named() -> None:
    tasks = Queue[threading.Event]()
    workers: list[threading.Thread] = []

    def work() -> None:
        while True:
            tasks.get().set()

    def body() -> None:
        if not workers:
            workers.append(threading.Thread(target=work, name="worker", daemon=True))
            workers[0].start()
        done = threading.Event()
        tasks.put(done)
        done.wait()

    found = racekit.explore(body)
    assert found.failure is not None
    assert found.failure.kind == "deadlock"
    assert found.failure.execution > 1
    assert "The daemon thread worker ended with the first one" in found.notes[0]
    assert found.notes[0].endswith("start it anew in the body.")


def test_a_single_execution_is_not_run_twice() -> None:
    runs = []
    racekit.explore(lambda: runs.append(1))
    assert runs == [1]


# --- replays ----------------------------------------------------------------------------------------------------------


def replayed(body: Callable[[], object], token: str) -> str:
    with pytest.raises(racekit.ScheduleMismatch) as mismatch:
        racekit.replay(body, token)
    return str(mismatch.value)


def test_a_replay_that_only_a_second_execution_follows_is_explained() -> None:
    first = True

    def body() -> int:
        nonlocal first
        shared = Shared()
        work = shared.change_other if first else shared.increment
        first = False
        run(work, work)
        return shared.value

    token = racekit.explore(body).outcomes[1].schedule.token
    first = True
    assert "A second time the body did follow it" in replayed(body, token)


def test_a_replay_that_nothing_follows_says_what_differs_each_time() -> None:
    note = replayed(lambda: run(Counting, Counting), "rk1:1@9999w.value>2")
    assert "Two executions of one schedule differ at step " in note
    assert "Counting.made is as an earlier execution left it" in note


def test_a_replay_of_a_body_that_does_the_same_each_time_blames_only_the_code() -> None:
    assert replayed(two_increments, "rk1:1@9999w.value>2").endswith("find the failure again.")
