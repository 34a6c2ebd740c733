"""The report on a terminal: its order, its size, what it marks and folds."""

from __future__ import annotations

import itertools
import re
import shlex
import threading
import time
from collections.abc import Callable
from configparser import ConfigParser

import pytest

import racekit
from racekit.report.columns import width
from racekit.report.text import failure_report, replay_command


def run(**functions: Callable[[], object]) -> None:
    threads = [threading.Thread(target=function, name=name) for name, function in functions.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def failure_of(body: Callable[[], object], **options: object) -> racekit.Failure:
    failure = racekit.explore(body, **options).failure
    assert failure is not None
    return failure


class Counter:
    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.Lock()

    def add(self) -> None:
        self.value += 1

    def add_locked(self) -> None:
        with self.lock:
            self.value += 1


def lost_update() -> None:
    counter = Counter()
    run(First=counter.add, Second=counter.add)
    assert counter.value == 2


def opposite_locks() -> None:
    a, b = threading.Lock(), threading.Lock()

    def one() -> None:
        with a:
            with b:
                pass

    def other() -> None:
        with b:
            with a:
                pass

    run(First=one, Second=other)


def wide_names() -> None:
    class 계좌:
        잔액 = 0

        def 입금(self) -> None:
            self.잔액 = self.잔액 + 1

    account = 계좌()
    run(철수=account.입금, 영희=account.입금)
    assert account.잔액 == 2


def long_names() -> None:
    class AVeryLongNameOfAClassThatGoesOnAndOnAndOn:
        a_very_long_name_of_an_attribute_that_goes_on_and_on = "x" * 100

    shared = AVeryLongNameOfAClassThatGoesOnAndOnAndOn()
    table: dict[str, str] = {}

    def change() -> None:
        before = shared.a_very_long_name_of_an_attribute_that_goes_on_and_on
        table["a very long key that takes much more room than there is in a column"] = before
        shared.a_very_long_name_of_an_attribute_that_goes_on_and_on = before + "y" * 100

    run(**{"a thread with a very long name " * 2: change, "another thread with a long name " * 2: change})
    assert len(shared.a_very_long_name_of_an_attribute_that_goes_on_and_on) == 300


def many_threads() -> None:
    counter = Counter()
    run(**{f"worker-{number}": counter.add for number in range(6)})
    assert counter.value == 6


def many_events() -> None:
    counter = Counter()

    def work() -> None:
        for _ in range(100):
            counter.add_locked()
        counter.add()

    run(First=work, Second=work)
    assert counter.value == 202


def many_waiting() -> None:
    lock = threading.Lock()
    lock.acquire()

    def want() -> None:
        with lock:
            pass

    run(**{f"waiting {number}": want for number in range(30)})


def livelock() -> None:
    counter = Counter()

    def spin() -> None:
        while counter.value == 0:
            pass

    run(spinner=spin)


BODIES = [lost_update, opposite_locks, wide_names, long_names, many_threads, many_events, many_waiting, livelock]


@pytest.mark.parametrize("body", BODIES)
def test_a_report_fits_into_60_lines_of_80_columns(body: Callable[[], object]) -> None:
    lines = str(failure_of(body, steps=2000)).split("\n")
    assert len(lines) <= 60
    assert all(width(line) <= 80 for line in lines if not re.match(r"  (replay|pin):", line)), "\n".join(lines)


def test_the_lines_of_a_livelock_are_shown_but_a_few_times() -> None:
    def body() -> None:
        run(poller=lambda: [time.sleep(1) for _ in itertools.count()])

    lines = str(failure_of(body, steps=2000)).split("\n")
    assert len(lines) <= 24
    assert any(re.match(r"  \.\.\. [\d,]+ lines folded", line) for line in lines)


@pytest.mark.parametrize("body", BODIES[:6])
def test_the_columns_are_aligned(body: Callable[[], object]) -> None:
    """Whatever stands in the last column, a line number of the one file, begins in one place."""
    lines = str(failure_of(body)).split("\n")
    *_, heading = [line for line in lines if line.rstrip().endswith("test_text.py")]
    lines = lines[lines.index(heading) :]
    start = width(heading.rpartition("test_text.py")[0])
    rows = [line for line in lines if re.search(r"  \d+(  |$)", line) and "..." not in line[:6]]
    assert len(rows) >= 2

    def behind(line: str) -> str:
        columns = 0
        for index, character in enumerate(line):
            if columns == start:
                return line[index:]
            columns += width(character)
        return ""

    assert all(re.match(r" *\d+", behind(row)) for row in rows), "\n".join(lines)


def test_the_parts_come_in_this_order() -> None:
    report = str(failure_of(lost_update))
    parts = [
        "Lost update on Counter.value: First overwrote Second's write (both had read 0)",
        "AssertionError in MainThread: assert 1 == 2",
        "First",
        "> reads 0",
        "~ preempted here",
        "1 preemption; no schedule with fewer fails so. Found in execution ",
        "  replay:  racekit.replay(body, 'rk1:",
        "  pin:     @racekit.race(replay='rk1:",
        "  fix:     Hold one lock from the read to the write.",
    ]
    position = 0
    for part in parts:
        position = report.index(part, position) + len(part)


def test_what_fails_under_each_schedule_that_is_tried_may_be_no_race() -> None:
    def body() -> None:
        counter = Counter()
        run(First=counter.add_locked, Second=counter.add_locked)
        assert counter.value == 3

    doubt = "Every schedule that was tried fails so: it may be no race at all."
    assert doubt in str(failure_of(body))
    assert doubt not in str(failure_of(lost_update))
    assert doubt not in str(failure_of(opposite_locks))


def test_a_command_that_is_too_long_for_a_line_has_two_and_the_token_is_in_one_piece() -> None:
    token = "rk1:" + ",".join(f"1@{line}w.value>2" for line in range(10))
    short, long = replay_command("test_it.py::test_it", "rk1:"), replay_command("test_it.py::test_it", token)
    assert short == ["  replay:  pytest test_it.py::test_it --race-replay=rk1:"]
    assert long == ["  replay:  pytest test_it.py::test_it \\", f"           --race-replay='{token}'"]
    command = "\n".join(long).partition("pytest ")[2]
    assert shlex.split(command.replace("\\\n", " ")) == ["test_it.py::test_it", f"--race-replay={token}"]


def test_under_pytest_the_command_runs_that_test() -> None:
    failure = failure_of(lost_update)
    report = failure_report(failure, "test_it.py::test_it[a b]")
    token = failure.schedule.token
    assert f"  replay:  pytest 'test_it.py::test_it[a b]' --race-replay='{token}'" in report
    assert "AssertionError" not in report  # it is in the traceback above


def test_the_circle_of_a_deadlock_has_two_lines_for_each_thread() -> None:
    lines = str(failure_of(opposite_locks)).split("\n")
    start = next(index for index, line in enumerate(lines) if line.strip() == "test_text.py")
    circle = [line.split("  ") for line in lines[start + 1 : start + 5]]
    told = [[cell.strip() for cell in row if cell.strip()] for row in circle]
    assert [row[:-2] for row in told] == [["First", "took a"], ["waits for b"], ["Second", "took b"], ["waits for a"]]
    assert [row[-1] for row in told] == ["with a:", "with b:", "with b:", "with a:"]


def test_what_matters_is_marked() -> None:
    lines = str(failure_of(lost_update)).split("\n")
    marked = [line.split("> ")[1].split("  ")[0] for line in lines if "> " in line and "race" not in line]
    assert marked == ["reads 0", "writes 1", "writes 1"]


def test_a_switch_says_who_holds_what_is_waited_for() -> None:
    def body() -> None:
        counter, seen = Counter(), list[int]()

        def add() -> None:
            with counter.lock:
                counter.value += 1
                seen.append(counter.value)

        def add_without_asking() -> None:
            counter.value += 1

        run(holder=add, wanting=add, careless=add_without_asking)
        assert sorted(seen) != [1, 1]

    failure = failure_of(body, strategy="random", executions=None)
    [line] = [line for line in failure.report.split("\n") if "held by" in line]
    assert re.fullmatch(r" +~ waits for Counter.lock, held by holder since test_text.py:\d+", line)


def test_what_is_left_out_is_counted() -> None:
    report = str(failure_of(many_events))
    assert re.search(r"^  \(\d+ other events not shown\)$", report, re.MULTILINE)
    assert re.search(r"^  \.\.\. \d+ lines folded$", report, re.MULTILINE)


def test_what_a_library_synchronizes_in_one_line_is_folded() -> None:
    def body() -> None:
        store, lock = {"value": 0}, threading.Lock()

        def change() -> None:
            value = store["value"]
            assert all((lock.acquire(), lock.release()) for _ in range(6))
            store["value"] = value + 1

        run(First=change, Second=change)
        assert store["value"] == 2

    report = str(failure_of(body))
    assert re.search(r"^ +takes lock, 11 more +\d+ ", report, re.MULTILINE)
    assert report.count("takes lock") <= 2


def test_what_nobody_can_see_into_is_used() -> None:
    def body() -> None:
        settings = ConfigParser()
        settings.add_section("all")
        settings.set("all", "count", "0")

        def increment() -> None:
            settings.set("all", "count", str(settings.getint("all", "count") + 1))

        run(First=increment, Second=increment)
        assert settings.getint("all", "count") == 2

    report = str(failure_of(body))
    assert re.search(r"it passes if First uses settings\s+\(test_text.py:\d+\)\s+before Second\s+uses it", report)
    assert re.search(r"^ +> uses +\d+$", report, re.MULTILINE)
    assert "writes" not in report


def test_what_has_a_shared_generator_go_on_is_named() -> None:
    def body() -> None:
        odds = (number for number in range(1, 9, 2))

        def take() -> None:
            next(odds)

        def take_all() -> None:
            for _ in odds:
                pass

        run(First=take, Second=take_all)

    report = str(failure_of(body))
    turns = re.findall(r"^( +)iterates on odds +\d+", report, re.MULTILINE)
    assert len(turns) == 2, report
    assert turns[0] < turns[1]


def test_an_order_of_turns_that_makes_the_difference_is_told_as_such() -> None:
    def body() -> None:
        numbers, found = iter([1, 2]), dict[str, int]()

        def take(name: str) -> None:
            found[name] = next(numbers)

        run(First=lambda: take("First"), Second=lambda: take("Second"))
        assert found["First"] == 1

    report = str(failure_of(body))
    assert re.search(r"it passes if First iterates on\s+numbers", report)


def test_alike_failures_are_told_once_with_their_number() -> None:
    found = racekit.explore(lost_update, stop_on_failure=False)
    [failure] = found.failures
    assert failure.count > 1
    assert f", the first of {failure.count} that fail so." in " ".join(str(failure).split())
    assert str(found).count("Lost update on") == 1
    assert f"{failure.count} failed" in str(found)


def test_different_failures_are_told_apart() -> None:
    def body() -> None:
        first = Counter()
        a, b = threading.Lock(), threading.Lock()

        def one() -> None:
            first.add()
            with a, b:
                pass

        def other() -> None:
            first.add()
            with b, a:
                pass

        run(First=one, Second=other)
        assert first.value == 2

    found = racekit.explore(body, stop_on_failure=False, strategy="bounded", preemptions=1)
    assert {failure.diagnosis.pattern for failure in found.failures} == {"deadlock", "lost update"}
