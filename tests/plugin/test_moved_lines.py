"""A schedule's lines are found again by what is written there."""

from __future__ import annotations

from pathlib import Path

import pytest

from racekit.pytest_items.moved_lines import find_again, lines_of
from racekit.schedule import Schedule
from racekit.trace import Event

OLD = ["import this", "def f(self):", "    self.x = self.x + 1", "    print()", "    self.y = 2", "    print()"]


def event(thread: int, filename: Path, line: int) -> Event:
    return Event(thread, "read", "Thing.x", str(filename), line, "f")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    file = tmp_path / "code.py"
    file.write_text("\n".join(OLD))
    return file


def moved(code: Path, token: str, new: list[str]) -> str:
    schedule = Schedule.parse(token)
    lines = lines_of(schedule, [event(1, code, switch.position.line) for switch in schedule.switches], code.parent)
    code.write_text("\n".join(new))
    return find_again(schedule, lines, code.parent).token


def test_lines_that_stay_keep_their_numbers(code: Path) -> None:
    assert moved(code, "rk1:1@3w.x>2,1@5w.y>2", OLD) == "rk1:1@3w.x>2,1@5w.y>2"


def test_lines_that_moved_get_the_numbers_they_have_now(code: Path) -> None:
    new = ["", *OLD[:4], "", "    with self.lock:", "        self.y = 2"]
    assert moved(code, "rk1:1@3w.x>2,1@5w.y*3>2", new) == "rk1:1@4w.x>2,1@8w.y*3>2"


def test_of_lines_that_read_the_same_the_nearest_is_taken(code: Path) -> None:
    assert moved(code, "rk1:1@6s.print>2", ["", *OLD]) == "rk1:1@7s.print>2"


def test_a_line_that_is_gone_keeps_its_number(code: Path) -> None:
    assert moved(code, "rk1:1@3w.x>2", ["", *OLD[:2]]) == "rk1:1@3w.x>2"


def test_a_file_that_is_gone_changes_nothing(code: Path, tmp_path: Path) -> None:
    schedule = Schedule.parse("rk1:1@3w.x>2")
    lines = lines_of(schedule, [event(1, code, 3)], tmp_path)
    code.unlink()
    assert find_again(schedule, lines, tmp_path) == schedule


def test_the_file_is_the_one_in_which_the_thread_was(code: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("a\nb\nc\n")
    events = [event(2, other, 3), event(1, code, 3)]
    assert lines_of(Schedule.parse("rk1:1@3w.x>2"), events, tmp_path) == {"3": ["code.py", "self.x = self.x + 1"]}


def test_a_line_that_no_event_tells_of_is_left_out(code: Path, tmp_path: Path) -> None:
    assert lines_of(Schedule.parse("rk1:1@3w.x>2"), [event(1, code, 5)], tmp_path) == {}


def test_a_file_outside_the_project_keeps_its_whole_name(code: Path, tmp_path: Path) -> None:
    lines = lines_of(Schedule.parse("rk1:1@3w.x>2"), [event(1, code, 3)], tmp_path / "project")
    assert lines == {"3": [str(code), "self.x = self.x + 1"]}
