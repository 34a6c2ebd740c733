"""C code that calls Python code lets other threads in there, and goes on with what it does after that."""

from __future__ import annotations

import bisect
import collections
import functools
import heapq
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from threads import run

import racekit


def all_of(body: Callable[[], object], **options: Any) -> set[object]:
    """Everything that can come out of `body`, by all orders of dependent steps."""
    found = racekit.explore(body, strategy="dpor", executions=None, **options)
    assert found.proved, str(found)
    return set(found.outcomes)


class Made:
    def __init__(self) -> None:
        pass


class Maker:
    def make(self) -> Made:
        return Made()

    kept = functools.cache(make)


@functools.lru_cache
def made_for(key: int) -> Made:
    return Made()


def of_a_function() -> Callable[[], Any]:
    @functools.cache
    def make() -> object:
        return object()

    return make


def of_a_module() -> Callable[[], Any]:
    made_for.cache_clear()
    return functools.partial(lambda: made_for(1))


@pytest.mark.parametrize(
    "cache",
    [
        pytest.param(of_a_function, id="function"),
        pytest.param(of_a_module, id="function of a module"),
        pytest.param(lambda: functools.partial(lambda maker: maker.kept(), Maker()), id="method"),
        pytest.param(lambda: functools.lru_cache(Made), id="class"),
    ],
)
def test_two_threads_may_compute_what_a_cache_does_not_hold_yet(cache: Callable[[], Callable[[], Any]]) -> None:
    def body() -> bool:
        get, got = cache(), []
        run(lambda: got.append(get()), lambda: got.append(get()))
        return got[0] is got[1]

    assert all_of(body) == {True, False}


def test_a_cache_that_holds_the_result_computes_nothing() -> None:
    def body() -> bool:
        get, got = of_a_function(), []
        get()
        run(lambda: got.append(get()), lambda: got.append(get()))
        return got[0] is got[1]

    assert all_of(body) == {True}


def test_a_cache_keeps_results_of_different_arguments_apart() -> None:
    def body() -> int:
        made_for.cache_clear()
        run(lambda: made_for(1), lambda: made_for(2))
        return made_for.cache_info().misses

    found = racekit.explore(body, strategy="dpor")
    assert found.proved
    assert (found.interleavings, set(found.outcomes)) == (1, {2})


def test_a_cache_is_cleared_and_counts_its_calls() -> None:
    def clearing() -> bool:
        first, got = made_for(1), []
        run(lambda: got.append(made_for(1)), made_for.cache_clear)
        return got[0] is first

    def counting() -> int:
        made_for.cache_clear()
        got: list[int] = []
        run(lambda: got.append(made_for.cache_info().misses), lambda: made_for(1))
        return got[0]

    assert all_of(clearing) == {True, False}
    assert all_of(counting) == {0, 1}


def test_a_full_cache_drops_what_was_not_used_for_longest() -> None:
    def body() -> bool:
        @functools.lru_cache(maxsize=1)
        def make(key: int) -> object:
            return object()

        first, got = make(1), []
        run(lambda: make(2), lambda: got.append(make(1)))
        return got[0] is first

    assert all_of(body) == {True, False}


def test_a_cached_function_may_call_itself_as_deeply_as_without_racekit() -> None:
    def body() -> int:
        @functools.cache
        def fibonacci(number: int) -> int:
            return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)

        got: list[int] = []
        run(lambda: got.append(fibonacci(100)), lambda: got.append(fibonacci(100)))
        return got[0]

    found = racekit.explore(body, strategy="random", executions=5)
    assert set(found.outcomes) == {354224848179261915075}


def numbers() -> Iterator[int]:
    yield 1
    yield 2


@pytest.mark.parametrize(
    ("make", "use"),
    [
        pytest.param(numbers, next, id="next"),
        pytest.param(numbers, lambda shared: [each + 1 for each in shared], id="for"),
        pytest.param(lambda: (each for each in (1, 2)), sum, id="sum of a generator expression"),
    ],
)
def test_a_generator_that_a_thread_is_in_refuses_another_one(make: Any, use: Any) -> None:
    def body() -> int:
        shared, refused = make(), []

        def use_it() -> None:
            try:
                use(shared)
            except ValueError as error:
                refused.append(str(error))

        run(use_it, use_it)
        assert set(refused) <= {"generator already executing"}
        return len(refused)

    assert all_of(body) == {0, 1}


def test_a_default_item_may_be_made_twice() -> None:
    def body() -> int:
        made: list[list[int]] = []

        def make() -> list[int]:
            made.append([])
            return made[-1]

        items = collections.defaultdict(make)
        run(lambda: items["key"].append(1), lambda: items["key"].append(2))
        return len(made)

    assert all_of(body) == {1, 2}


def test_a_list_is_empty_while_it_is_sorted() -> None:
    def body() -> int:
        items, seen = [2, 1], []
        run(lambda: items.sort(key=lambda each: each), lambda: seen.append(len(items)))
        return seen[0]

    assert all_of(body) == {0, 2}


def test_a_container_may_change_while_a_function_is_called_for_its_items() -> None:
    def body() -> str:
        items, seen = [1, 2], []
        run(lambda: seen.append(min(items, key=lambda each: each)), lambda: items.__setitem__(1, 0))
        return str(seen[0])

    assert all_of(body) == {"0", "1"}


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="this build has no GIL")
def test_with_a_gil_a_cache_may_compute_twice_too() -> None:
    def body() -> bool:
        get, got = of_a_function(), []
        run(lambda: got.append(get()), lambda: got.append(get()))
        return got[0] is got[1]

    found = racekit.explore(body, granularity="gil", executions=200)
    assert set(found.outcomes) == {True, False}


class Counting:
    """Counts, without a lock, how often it is asked."""

    asked = 0

    def __hash__(self) -> int:
        Counting.asked = Counting.asked + 1
        return 1

    def __eq__(self, other: object) -> bool:
        Counting.asked = Counting.asked + 1
        return True

    def __lt__(self, other: object) -> bool:
        Counting.asked = Counting.asked + 1
        return True

    def __del__(self) -> None:
        kind = type(self)  # the name of the class is gone before the last of its objects
        kind.asked = kind.asked + 1


KEPT = Counting()
CALLED_FROM_C: dict[str, Callable[[], object]] = {
    "__lt__ by sorted": lambda: sorted([KEPT, KEPT]),
    "__eq__ by in": lambda: object() in [KEPT],
    "__hash__ by get": lambda: {}.get(KEPT),  # type: ignore[call-overload]
    "__del__": Counting,
    "key=": lambda: max([1], key=lambda each: hash(KEPT)),
}


@pytest.mark.parametrize("how", CALLED_FROM_C)
def test_a_method_of_the_user_that_c_code_calls_is_watched(how: str) -> None:
    call = CALLED_FROM_C[how]

    def once() -> None:
        call()

    def body() -> int:
        Counting.asked = 0
        run(once, once)
        return Counting.asked

    assert all_of(body) == {1, 2}


class Compared:
    """Something that counts in `steps` how often it was hashed and compared."""

    def __init__(self, steps: list[int], number: int = 0) -> None:
        self.steps = steps
        self.number = number

    def __hash__(self) -> int:
        self.steps[0] += 1
        return 1

    def __eq__(self, other: object) -> bool:
        self.steps[0] += 1
        return isinstance(other, Compared) and self.number == other.number

    def __lt__(self, other: Compared) -> bool:
        self.steps[0] += 1
        return self.number < other.number

    def __repr__(self) -> str:
        return f"number {self.number}"


def store(items: Any, key: object) -> None:
    items[key] = 1


def delete(items: Any, key: object) -> None:
    del items[key]


def put_first(items: Any, key: object) -> None:
    items.insert(0, key)


def load(items: Any, key: object) -> object:
    try:
        return items[key]
    except KeyError:
        return None


def remove(items: Any, key: object) -> None:
    try:
        items.remove(key)
    except ValueError:
        items.append("missing")


@pytest.mark.parametrize(
    ("make", "compare", "change"),
    [
        pytest.param(dict, store, dict.clear, id="storing an item"),
        pytest.param(dict, load, store, id="loading an item"),
        pytest.param(dict, lambda items, key: key in items, store, id="in a dict"),
        pytest.param(dict, lambda items, key: items.get(key), store, id="dict.get"),
        pytest.param(dict, lambda items, key: items.setdefault(key, 2), store, id="dict.setdefault"),
        pytest.param(set, lambda items, key: items.add(key), lambda items, key: items.clear(), id="set.add"),
        pytest.param(list, lambda items, key: 5 in items, lambda items, key: items.append(5), id="in a list"),
        pytest.param(list, remove, put_first, id="list.remove"),
        pytest.param(list, lambda items, key: items.sort(), lambda items, key: len(items), id="list.sort"),
        pytest.param(list, lambda items, key: min(items), lambda items, key: items.append(key), id="min"),
        pytest.param(list, heapq.heappush, lambda items, key: str(items), id="heappush"),
        pytest.param(list, bisect.insort, put_first, id="insort"),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["at any time", "once something was compared"])
def test_other_threads_come_between_a_comparison_and_what_it_is_for(
    make: Any, compare: Any, change: Any, late: bool
) -> None:
    def body() -> str:
        steps = [0]
        items = make()
        if make is list:
            items += [Compared(steps, 1), Compared(steps, 3)]
        results: list[object] = []

        def do_compare() -> None:
            results.append(compare(items, Compared(steps, 2)))

        def do_change() -> None:
            if not late or steps[0]:
                results.append(len(items))
                change(*(items, Compared([0], 2))[: 1 if change is dict.clear else 2])

        run(do_compare, do_change)
        return f"{results} {list(items)}"

    outcomes = all_of(body)
    assert len(outcomes) > 1
    assert set(racekit.explore(body, strategy="bounded", preemptions=2, executions=None).outcomes) <= outcomes


class EqualToOne:
    """A key that looks at something shared when it is compared."""

    level = 0
    seen: int | None = None

    def __hash__(self) -> int:
        return hash(1)

    def __eq__(self, other: object) -> bool:
        EqualToOne.seen = EqualToOne.level
        return other == 1


def store_one(table: Any) -> str:
    table[1] = "new"
    return ""


def load_one(table: Any) -> object:
    try:
        return table[1]
    except KeyError:
        return None


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(load_one, id="[]"),
        pytest.param(lambda table: table.get(1), id="get"),
        pytest.param(lambda table: dict.get(table, 1), id="dict.get"),
        pytest.param(lambda table: 1 in table, id="in"),
        pytest.param(lambda table: table.pop(1, None), id="pop"),
        pytest.param(lambda table: store_one(table) + str(list(table.values())), id="store"),
    ],
)
def test_a_stored_key_is_compared_with_a_plain_one(look: Callable[[Any], object]) -> None:
    def body() -> tuple[object, int | None]:
        EqualToOne.level, EqualToOne.seen = 0, None
        table = {EqualToOne(): "old"}
        got: list[object] = []

        def change() -> None:
            EqualToOne.level = 1
            table.clear()

        run(lambda: got.append(look(table)), change)
        return got[0], EqualToOne.seen

    assert len(all_of(body)) >= 4  # before, after, between the two changes, and in the midst of the comparison


def test_racekit_itself_compares_no_keys() -> None:
    compared: list[object] = []

    class Key:
        def __hash__(self) -> int:
            return hash(1)

        def __eq__(self, other: object) -> bool:
            compared.append(other)
            return self is other

    def body() -> int:
        compared.clear()
        table: dict[object, int] = {Key(): 0}
        run(lambda: table.setdefault(1, 1), lambda: table.pop(1, None))
        return len(compared)

    assert all_of(body) == {2}
