"""A schedule's token replays its execution: every time, in another process, or it says where it stopped fitting."""

from __future__ import annotations

import collections
import functools
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from threads import run

import racekit


class Shared:
    def __init__(self) -> None:
        self.value = 0
        self.other = 0

    def increment(self) -> None:
        self.value = self.value + 1


def three_times_three() -> int:
    shared = Shared()

    def increment() -> None:
        for _ in range(3):
            shared.value = shared.value + 1

    run(increment, increment, increment)
    return shared.value


def executor() -> int:
    shared = Shared()
    with ThreadPoolExecutor(max_workers=2) as pool:
        for _ in range(3):
            pool.submit(shared.increment)
    return shared.value


def polling() -> int:
    from time import sleep

    shared = Shared()
    done = threading.Event()
    polls = 0

    def work() -> None:
        sleep(0.5)
        shared.increment()
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.wait(0.2):
        polls += 1
        shared.increment()
    thread.join()
    return 10 * polls + shared.value


def locked_loops() -> int:
    shared = Shared()
    lock = threading.Lock()

    def increment() -> None:
        for _ in range(2):
            shared.value = shared.value + 1
            with lock:
                shared.other += 1

    run(increment, increment)
    return shared.value


def spinning() -> int:
    shared = Shared()

    def work() -> None:
        shared.increment()
        shared.other = 1

    def wait() -> None:
        while not shared.other:
            pass
        shared.increment()

    run(work, wait, shared.increment)
    return shared.value


BODIES = [three_times_three, executor, polling, locked_loops, spinning]


@pytest.mark.parametrize("strategy", ["auto", "bounded", "random"])
@pytest.mark.parametrize("body", BODIES)
def test_the_schedule_of_each_outcome_replays_to_it(body: Callable[[], object], strategy: str) -> None:
    found = racekit.explore(body, executions=200, strategy=strategy, seed=2)
    assert found.ok, str(found)
    for value, outcome in found.outcomes.items():
        again = racekit.replay(body, outcome.schedule)
        assert again.value == value
        assert again.schedule == outcome.schedule


@pytest.mark.parametrize(
    ("granularity", "timeouts"),
    [
        ("access", "virtual"),
        ("access", "any"),
        ("gil", "virtual"),
        ("sync", "virtual"),
        ("sync", "any"),
    ],
)
def test_a_schedule_replays_under_the_options_it_was_found_with(granularity: str, timeouts: str) -> None:
    for body in BODIES:
        found = racekit.explore(
            body, executions=60, strategy="random", seed=1, granularity=granularity, timeouts=timeouts
        )
        for value, outcome in found.outcomes.items():
            again = racekit.replay(body, outcome.schedule, granularity=granularity, timeouts=timeouts)
            assert again.value == value


def test_the_first_execution_of_a_random_search_replays() -> None:
    """It does not know yet which accesses are shared."""
    for seed in range(40):
        found = racekit.explore(locked_loops, executions=1, strategy="random", seed=seed)
        for value, outcome in found.outcomes.items():
            assert racekit.replay(locked_loops, outcome.schedule).value == value


def test_a_replay_tells_what_its_execution_did() -> None:
    found = racekit.explore(three_times_three, executions=20, strategy="random")
    value, outcome = next(iter(found.outcomes.items()))
    execution = racekit.replay(three_times_three, outcome.schedule.token)
    assert execution.ok
    assert execution.failure is None
    assert execution.value == value
    assert execution.steps > 10
    assert len(execution.trace) > 10
    execution.check()


def test_an_execution_can_be_printed_in_one_line() -> None:
    again = racekit.replay(locked_loops, "rk1:")
    assert str(again) == f"4 came out under rk1: ({again.steps} steps, 0 s of virtual time)"


def test_the_text_of_an_execution_that_fails_is_its_report() -> None:
    again = racekit.replay(shared_generator, racekit.explore(shared_generator).failure.schedule)
    assert str(again).startswith("ValueError in Thread-2")


@pytest.mark.parametrize("body", [three_times_three, lambda: run(spinning), lambda: 1 // 0])
def test_what_was_found_fits_on_a_screen_in_a_shell(body: Callable[[], object]) -> None:
    found = racekit.explore(body, executions=20)
    for shown in (found, racekit.replay(body, "rk1:"), found.failure):
        assert len(repr(shown)) < 2000
        assert "Event(" not in repr(shown)


def test_a_schedule_shows_how_to_make_it_again() -> None:
    schedule = racekit.Schedule.parse("rk1:1@14w.value>2")
    assert repr(schedule) == "Schedule.parse('rk1:1@14w.value>2')"
    assert eval(repr(schedule), {"Schedule": racekit.Schedule}) == schedule


def test_the_empty_schedule_is_the_default_one() -> None:
    assert racekit.replay(three_times_three, "rk1:").value == 9


def test_a_failure_replays_as_the_same_failure() -> None:
    def body() -> None:
        shared = Shared()
        run(shared.increment, shared.increment)
        assert shared.value == 2

    failure = racekit.explore(body).failure
    assert failure is not None
    for _ in range(5):
        execution = racekit.replay(body, failure.schedule.token)
        assert not execution.ok
        assert execution.failure is not None
        assert execution.failure.kind == "exception"
        assert isinstance(execution.failure.exception, AssertionError)
        with pytest.raises(AssertionError):
            execution.check()


def test_a_deadlock_replays_as_the_same_deadlock() -> None:
    def body() -> None:
        a, b = threading.Lock(), threading.Lock()

        def one() -> None:
            with a, b:
                pass

        def two() -> None:
            with b, a:
                pass

        run(one, two)

    failure = racekit.explore(body).failure
    assert failure is not None
    again = racekit.replay(body, failure.schedule.token).failure
    assert again is not None
    assert again.kind == "deadlock"
    assert [(wait.thread, wait.awaited, wait.holder) for wait in again.waits] == [
        (wait.thread, wait.awaited, wait.holder) for wait in failure.waits
    ]


def test_a_livelock_replays_as_a_livelock() -> None:
    def body() -> None:
        shared = Shared()

        def wait() -> None:
            seen = shared.value
            while shared.value == seen:
                pass

        run(wait, shared.increment)

    found = racekit.explore(body, steps=100)
    assert found.failure is not None
    assert found.failure.kind == "livelock"
    again = racekit.replay(body, found.failure.schedule.token, steps=100).failure
    assert again is not None
    assert again.kind == "livelock"


PROGRAM = """
    import sys
    import threading
    import racekit

    class Shared:
        value = 0

    def body():
        shared = Shared()

        def increment():
            for _ in range(2):
                shared.value = shared.value + 1

        threads = [threading.Thread(target=increment) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return shared.value

    if __name__ == "__main__":
        if sys.argv[1:]:
            print(*[racekit.replay(body, token).value for token in sys.argv[1:]])
        else:
            found = racekit.explore(body, executions=300)
            for value, outcome in found.outcomes.items():
                print(value, outcome.schedule.token)
"""


def in_another_process(program: Path, *arguments: str, hash_seed: int = 0) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(Path(racekit.__file__).parents[1])},
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_a_token_replays_in_another_process(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    found = in_another_process(program, hash_seed=1)
    values, tokens = found[::2], found[1::2]
    assert sorted(values) == ["2", "3", "4"]
    assert in_another_process(program, *tokens, hash_seed=2) == values


def test_two_processes_find_the_same(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    assert in_another_process(program, hash_seed=1) == in_another_process(program, hash_seed=2)


READ_BEFORE_ANY_STORE = """
    import sys
    import threading

    import racekit


    class Box:
        def __init__(self):
            vars(self)["value"] = 0

        def get(self):
            return self.value

        def set(self):
            self.value = 1


    def body():
        box, seen = Box(), []
        threads = [
            threading.Thread(target=lambda: seen.append((box.get(), box.get()))),
            threading.Thread(target=box.set),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return seen[0]


    token = sys.argv[1] if len(sys.argv) > 1 else racekit.explore(body).outcomes[0, 1].schedule
    print(token, *racekit.replay(body, token).value)
"""


def test_a_token_that_speaks_of_a_read_replays_where_no_store_was_seen_yet(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(READ_BEFORE_ANY_STORE))
    found = in_another_process(program)
    assert found[1:] == ["0", "1"]
    assert in_another_process(program, found[0]) == found


# --- tokens that do not fit -------------------------------------------------------------------------------------------


def two_increments() -> int:
    shared = Shared()
    run(shared.increment, shared.increment)
    return shared.value


def line_of_increment() -> int:
    return Shared.increment.__code__.co_firstlineno + 1


def shared_generator() -> None:
    def count() -> Iterator[int]:
        yield 1
        yield 2

    counted = count()
    run(lambda: next(counted), lambda: next(counted))


def cached_twice() -> int:
    computed = []

    @functools.cache
    def compute(of: int) -> int:
        computed.append(of)
        return of

    run(lambda: compute(1), lambda: compute(1))
    return len(computed)


def made_twice() -> int:
    made = []

    def make() -> int:
        made.append(1)
        return 1

    items = collections.defaultdict(make)
    run(lambda: items[1], lambda: items[1])
    return len(made)


def sorted_meanwhile() -> None:
    items = [3, 1, 2]
    run(lambda: items.sort(key=lambda item: -item), lambda: items.append(9))


@pytest.mark.parametrize("body", [shared_generator, cached_twice, made_twice, sorted_meanwhile])
def test_a_switch_in_the_midst_of_c_code_replays_without_a_search_before(body: Callable[[], object]) -> None:
    found = racekit.explore(body, stop_on_failure=False)
    for value, outcome in found.outcomes.items():
        assert racekit.replay(body, outcome.schedule).value == value
    for failure in found.failures:
        again = racekit.replay(body, failure.schedule).failure
        assert again is not None
        assert repr(again.exception) == repr(failure.exception)
        pinned = racekit.explore(body, replay=failure.schedule).failure
        assert pinned is not None
        assert pinned.execution == 1
    assert len(found.outcomes) + len(found.failures) == 2


def test_a_token_that_the_body_never_gets_to_is_refused_with_step_and_line() -> None:
    with pytest.raises(racekit.ScheduleMismatch, match=r"after \d+ steps .* writes value on line 999999") as caught:
        racekit.replay(two_increments, "rk1:1@999999w.value>2")
    assert isinstance(caught.value, racekit.RacekitError)
    assert "switch 1 of 1" in str(caught.value)


def test_a_token_that_wants_a_thread_that_cannot_go_on_is_refused_at_that_line() -> None:
    line = line_of_increment()
    with pytest.raises(racekit.ScheduleMismatch, match=f"line {line}, thread 7 cannot go on"):
        racekit.replay(two_increments, f"rk1:1@{line}w.value>7")


def test_a_token_that_fits_only_at_its_beginning_is_refused_where_it_stops() -> None:
    line = line_of_increment()
    with pytest.raises(racekit.ScheduleMismatch, match="switch 2 of 2"):
        racekit.replay(two_increments, f"rk1:1@{line}w.value>2,2@{line}w.value*9>1")


def test_a_token_of_another_body_is_refused() -> None:
    found = racekit.explore(two_increments)
    token = found.outcomes[1].schedule.token
    with pytest.raises(racekit.ScheduleMismatch):
        racekit.replay(lambda: run(int, int), token)


def test_nothing_is_left_behind_by_a_token_that_does_not_fit() -> None:
    threads = set(threading.enumerate())
    with pytest.raises(racekit.ScheduleMismatch):
        racekit.replay(two_increments, "rk1:1@999999w.value>2")
    assert set(threading.enumerate()) == threads
    assert racekit.explore(two_increments).proved


@pytest.mark.parametrize("token", ["", "1@2w.value>2", "rk0:", "rk1:nonsense", 5])
def test_what_is_no_token_is_refused(token: object) -> None:
    with pytest.raises(racekit.BadArgument):
        racekit.replay(two_increments, token)  # type: ignore[arg-type]
