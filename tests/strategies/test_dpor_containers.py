"""Which operations on built-in containers are dependent: as few as possible, and no outcome is missed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from benchmarks.sctbench.threads import run

import racekit

Body = Callable[[], object]


class Cells:
    def __init__(self) -> None:
        self.x = 0


def explored(body: Body) -> racekit.Exploration:
    found = racekit.explore(body, strategy="dpor", executions=None, stop_on_failure=False)
    assert found.cut_by is None
    return found


def test_a_negative_index_is_the_item_that_it_stands_for() -> None:
    def body() -> int:
        row = [0, 0]

        def from_the_end() -> None:
            row[-1] = row[-1] + 1

        def from_the_start() -> None:
            row[1] = row[1] + 1

        run(from_the_end, from_the_start)
        return row[1]

    found = explored(body)
    assert (found.interleavings, set(found.outcomes)) == (4, {1, 2})


def test_keys_that_are_equal_are_one_key() -> None:
    def body() -> int:
        table = {1: 0}

        def one() -> None:
            table[1] = table[1] + 1

        def true() -> None:
            table[True] = table[True] + 1

        run(one, true)
        return table[1]

    assert set(explored(body).outcomes) == {1, 2}


def test_the_order_of_new_keys_counts_where_somebody_looks_at_it() -> None:
    def body() -> tuple[str, ...]:
        table: dict[str, int] = {}

        def first() -> None:
            table["first"] = 1

        def second() -> None:
            table.setdefault("second", 2)

        run(first, second)
        return tuple(table)

    found = explored(body)
    assert (found.interleavings, set(found.outcomes)) == (2, {("first", "second"), ("second", "first")})


def test_the_order_of_new_keys_does_not_count_where_nobody_looks_at_it() -> None:
    def body() -> int:
        table: dict[int, int] = {}

        def adding(key: int) -> Callable[[], None]:
            def add() -> None:
                table[key] = key

            return add

        run(*map(adding, range(4)))
        return len(table) + table[3]

    assert explored(body).interleavings == 1


def test_whether_setdefault_writes_is_decided_when_it_runs() -> None:
    """Of three threads one adds the key; its choice is independent of the order of the writes before."""

    def body() -> None:
        table: dict[str, int] = {}
        cells = Cells()

        def writing(value: int) -> Callable[[], None]:
            def write() -> None:
                cells.x = value
                table.setdefault("key", value)

            return write

        run(*map(writing, range(3)))

    assert explored(body).interleavings == 6 * 3


def test_a_default_that_reading_adds_is_seen_by_others() -> None:
    def body() -> bool:
        table: defaultdict[str, list[int]] = defaultdict(list)
        seen = [False]

        def add() -> None:
            table["key"]

        def look() -> None:
            seen[0] = "key" in table

        run(add, look)
        return seen[0]

    assert set(explored(body).outcomes) == {False, True}
