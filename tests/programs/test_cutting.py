"""Lists of calls, cut up into programs."""

from __future__ import annotations

import pytest

from racekit.linearize import Operation
from racekit.programs.cutting import Cuts


def cut_up(names: str, threads: int = 2, prefix: int = 3, operations: int = 3) -> list[str]:
    """Each program as its prefix and its threads. What has a capital letter as its name belongs to a group."""
    cuts = Cuts(threads, prefix, operations, lambda operation: operation.name if operation.name.isupper() else None)
    programs = cuts.programs([Operation(name) for name in names])
    return ["|".join("".join(call.name for call in part) for part in (one.prefix, *one.threads)) for one in programs]


@pytest.mark.parametrize(
    ("calls", "programs"),
    [
        ("ab", ["|a|b"]),
        ("abc", ["a|b|c", "|a|bc", "|ab|c"]),
        ("abcd", ["ab|c|d", "a|b|cd", "a|bc|d", "|a|bcd", "|ab|cd", "|abc|d"]),
    ],
)
def test_calls_are_cut_up_in_every_way(calls: str, programs: list[str]) -> None:
    assert cut_up(calls) == programs


def test_a_single_call_makes_no_program() -> None:
    assert cut_up("a") == []


def test_a_thread_makes_at_most_so_many_calls() -> None:
    assert cut_up("abcd", prefix=0, operations=2) == ["|ab|cd"]


def test_three_threads_come_after_two() -> None:
    with_one_first = ["a|b|cd", "a|bc|d", "a|b|c|d"]
    assert cut_up("abcd", threads=3, prefix=1, operations=2) == [
        *with_one_first,
        *("|ab|cd", "|a|b|cd", "|a|bc|d", "|ab|c|d"),
    ]


def test_as_many_calls_as_there_can_be_are_cut_up_in_one_way() -> None:
    assert Cuts(2, 1, 2, lambda operation: None).most == 5
    assert cut_up("abcde", prefix=1, operations=2) == ["a|bc|de"]


def test_one_thread_makes_the_calls_of_a_group() -> None:
    assert cut_up("aXX", prefix=1) == ["|a|XX"]
    assert cut_up("XXX", prefix=1) == []
