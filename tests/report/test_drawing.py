"""The timeline: a column for each thread, or a narrow lane, and what is left out."""

from __future__ import annotations

import re

import pytest

from racekit.report.colour import coloured
from racekit.report.columns import width
from racekit.report.drawing import Row, draw
from racekit.report.timeline import timeline
from racekit.trace import Event, HandOver, Trace

KOREAN = ("하나", "둘째 실행자", "셋", "네 번째 실행자", "다섯 번째로 일하는 실행자", "여섯", "일곱", "여덟")


def write(thread: int, value: str = "1") -> Event:
    return Event(thread, "write", "Counter.value", "counter.py", 7, "f", location=(1, "value"), value=value)


def row(thread: int, marked: bool = False) -> Row:
    return Row(thread, f"writes {thread}", write(thread), marked)


def names(count: int) -> tuple[str, ...]:
    return tuple(f"ThreadPoolExecutor-0_{number}" for number in range(count))


def one_after_the_other(threads: tuple[str, ...], times: int = 1) -> Trace:
    events = [write(thread) for thread in range(len(threads)) for _ in range(times)]
    hand_overs = [HandOver(times * thread, thread - 1, thread, "ended") for thread in range(1, len(threads))]
    return Trace(tuple(events), threads, tuple(hand_overs))


def test_four_threads_with_short_names_have_a_column_each() -> None:
    above, lines = draw([row(thread) for thread in range(4)], "abcd")
    assert above == ["    a          b          c          d         counter.py"]
    assert [line.index("writes") for line in lines] == [4, 15, 26, 37]


FOUR_ROWS = [row(0), row(1), row(2, marked=True), row(3), Row(3, "ended", None, False)]


def test_names_that_do_not_fit_side_by_side_stand_above_lanes() -> None:
    above, lines = draw(FOUR_ROWS, names(4))
    assert above == [
        "  ThreadPoolExecutor-0_0",
        "  | ThreadPoolExecutor-0_1",
        "  | | ThreadPoolExecutor-0_2",
        "  | | | ThreadPoolExecutor-0_3",
        "  | | | |            counter.py",
    ]
    assert lines == [
        "  * | | |  writes 0  7",
        "  | * | |  writes 1  7",
        "  | | > |  writes 2  7",
        "  | | | *  writes 3  7",
        "  | | | ~  ended",
    ]


@pytest.mark.parametrize("count", range(4, 9))
@pytest.mark.parametrize("threads", [KOREAN, names(8)], ids=["Korean", "long"])
def test_lanes_fit_and_are_aligned_whatever_the_names(threads: tuple[str, ...], count: int) -> None:
    lines = timeline(one_after_the_other(threads[:count]))
    assert [re.split("  +", line.lstrip(" |"))[0] for line in lines[:count]] == list(threads[:count])
    assert all(width(line) <= 80 for line in lines)
    rows = [line for line in lines if "writes" in line]
    assert len({width(line[: line.index("writes")]) for line in rows}) == 1
    assert [line.index("*") for line in rows] == [2 + 2 * thread for thread in range(count)]


def test_of_more_than_eight_threads_those_that_matter_are_shown() -> None:
    lines = timeline(one_after_the_other(names(20)), marked={3, 17}, whole=True)
    shown = [line.lstrip(" |") for line in lines if "ThreadPoolExecutor" in line]
    assert len(shown) == 8
    assert {"ThreadPoolExecutor-0_3", "ThreadPoolExecutor-0_17"} <= set(shown)
    assert lines[-1] == "  (12 other threads not shown)"
    assert "lines folded" in "\n".join(lines)


@pytest.mark.parametrize("lines", [15, 20, 60])
def test_with_lanes_too_it_is_not_longer_than_it_may_be(lines: int) -> None:
    drawn = timeline(one_after_the_other(names(8), times=30), marked={100}, lines=lines, whole=True)
    assert len(drawn) <= lines
    assert any(re.match(r"[ |]*> [ |]*writes 1", line) for line in drawn)


def test_a_column_keeps_the_end_of_a_long_name() -> None:
    above, _ = draw([row(0), row(1)], ["a_thread_with_a_very_long_name_1", "a_thread_with_a_very_long_name_2"])
    assert re.fullmatch(r" +a_thr\S+\.\.\.\S+me_1 +a_thr\S+\.\.\.\S+me_2 +counter.py", above[0])


def test_marks_in_lanes_are_coloured_like_those_in_columns() -> None:
    _, lines = draw(FOUR_ROWS, names(4))
    assert coloured("\n".join(["Bug", "", *lines])).split("\n")[2:] == [
        lines[0],
        lines[1],
        f"\x1b[1m{lines[2]}\x1b[0m",
        lines[3],
        f"\x1b[36m{lines[4]}\x1b[0m",
    ]
