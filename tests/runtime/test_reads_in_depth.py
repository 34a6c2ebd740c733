"""Whoever goes through a structure reads every container in it, and whoever copies an object all its attributes."""

from __future__ import annotations

import collections
import copy
import dataclasses
import functools
import heapq
import io
import itertools
import json
import operator
import pickle
import pprint
import random
import statistics
import struct
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest

import racekit

Look = Callable[[Any], object]


class Box:
    def __init__(self, value: int = 0) -> None:
        self.value = value


@dataclasses.dataclass
class Record:
    items: list[int] = dataclasses.field(default_factory=list)
    number: int = 0


@dataclasses.dataclass(slots=True)
class Slotted:
    number: int = 0


def set_value(box: Any) -> None:
    box.value = 5


def set_number(record: Any) -> None:
    record.number = 5


def set_first(items: Any) -> None:
    items[0] = 5


def nested() -> dict[str, list[int]]:
    return {"a": [1]}


def grow(structure: Any) -> None:
    structure["a"].append(2)


def grow_first(structure: Any) -> None:
    structure[0].append(2)


def seen(make: Callable[[], Any], look: Look, change: Callable[[Any], object]) -> set[object]:
    """What a thread may see that looks at a thing while another one changes it, by all orders of dependent steps."""

    def body() -> str:
        shared, found = make(), []
        threads = [
            threading.Thread(target=lambda: found.append(look(shared))),
            threading.Thread(target=lambda: change(shared)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return repr(found[0])

    explored = racekit.explore(body, strategy="dpor", executions=None)
    assert explored.proved, str(explored)
    return set(explored.outcomes)


IN_DEPTH: dict[str, Look] = {
    "json.dumps": json.dumps,
    "json.dump": lambda x: json.dump(x, file := io.StringIO()) or file.getvalue(),
    "JSONEncoder": lambda x: json.JSONEncoder().encode(x),
    "copy.deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "str": lambda x: str(x),
    "repr": lambda x: repr(x),
    "an f-string": lambda x: f"{x}",
    "an f-string with a conversion": lambda x: f"{x!r}",
    "str.format": lambda x: "{}".format(x),  # noqa: UP032
    "the % operator": lambda x: "%s" % (x,),  # noqa: UP031
    "==": lambda x: x == {"a": [1]},
    "in": lambda x: [1] in x.values(),
    "sum": lambda x: sum(x.values(), []),  # noqa: RUF017
    "sorted": lambda x: sorted([x["a"], [1, 1]])[0] is x["a"],
    "max": lambda x: max(x["a"], [1, 1]) is x["a"],
    "all": lambda x: all([x["a"][1:]]),
    "list.count": lambda x: list(x.values()).count([1]),
    "pprint": pprint.pformat,
    "a call with many arguments": lambda x: repr(max(0, 0, 0, 0, 0, *[], len(str(x)))),
}


@pytest.mark.parametrize("how", IN_DEPTH)
def test_a_container_in_a_container_is_read_by(how: str) -> None:
    assert len(seen(nested, IN_DEPTH[how], grow)) == 2


ALL_OF_IT: dict[str, Look] = {
    "copy": copy.copy,
    "join": lambda x: "".join(map(str, x)),
    "zip": lambda x: list(zip(x, x, strict=True)),
    "chain": lambda x: list(itertools.chain(x, x)),
    "filter": lambda x: list(filter(None, x)),
    "a starred argument": lambda x: (lambda *each: each)(*x),
    "dict of zip": lambda x: dict(zip(x, x, strict=True)),
    "reduce": lambda x: functools.reduce(operator.add, x),
    "nlargest": lambda x: heapq.nlargest(1, x),
    "random.choice": lambda x: random.Random(0).choice(x),
    "random.shuffle": lambda x: (mine := [*x], random.Random(1).shuffle(mine)) and mine,
    "statistics": statistics.mean,
    "any": lambda x: any(each > 4 for each in x),
}


@pytest.mark.parametrize("how", ALL_OF_IT)
def test_a_container_is_read_as_a_whole_by(how: str) -> None:
    assert len(seen(lambda: [1], ALL_OF_IT[how], set_first)) == 2


@pytest.mark.parametrize("make", [lambda: [1, 2], lambda: collections.deque([1]), lambda: bytearray(b"a")])
def test_whether_a_sequence_has_a_value_depends_on_each_item(make: Callable[[], Any]) -> None:
    assert seen(make, lambda x: 5 in x, set_first) == {"True", "False"}


VIEWS: dict[str, tuple[Callable[[dict[int, int]], Any], Look]] = {
    "list of items": (lambda table: table.items(), list),
    "list of keys": (lambda table: table.keys(), list),
    "list of values": (lambda table: table.values(), list),
    "len": (lambda table: table.keys(), len),
    "in": (lambda table: table.keys(), lambda view: 2 in view),
    "&": (lambda table: table.keys(), lambda view: view & {2}),
    "truth": (lambda table: (table.clear(), table.keys())[1], lambda view: "some" if view else "none"),
    "bool": (lambda table: (table.clear(), table.keys())[1], bool),
    "unpacking": (lambda table: table.values(), lambda view: [*view]),
    "get of a read-only view": (types.MappingProxyType, lambda view: view.get(2)),
    "item of a read-only view": (types.MappingProxyType, lambda view: {**view}.get(2)),
}


@pytest.mark.parametrize("how", VIEWS)
def test_a_view_of_a_dict_reads_the_dict_by(how: str) -> None:
    view, look = VIEWS[how]

    def make() -> tuple[dict[int, int], Any]:
        table = {1: 1}
        return table, view(table)

    assert len(seen(make, lambda both: look(both[1]), lambda both: both[0].__setitem__(2, 2))) == 2


ATTRIBUTES: dict[str, tuple[Callable[[], Any], Look, Callable[[Any], object]]] = {
    "copy.copy": (Box, lambda x: copy.copy(x).value, set_value),
    "copy.deepcopy": (lambda: [Box()], lambda x: copy.deepcopy(x)[0].value, lambda x: set_value(x[0])),
    "copy.copy of slots": (Slotted, lambda x: copy.copy(x).number, set_number),
    "pickle": (lambda: [Box()], lambda x: pickle.loads(pickle.dumps(x))[0].value, lambda x: set_value(x[0])),
    "vars": (Box, lambda x: dict(vars(x)), set_value),
    "items of vars": (Box, lambda x: list(vars(x).items()), set_value),
    "asdict": (Record, lambda x: dataclasses.asdict(x)["number"], set_number),
    "asdict in depth": (Record, dataclasses.asdict, lambda x: x.items.append(1)),
    "dataclasses.replace": (Record, lambda x: dataclasses.replace(x, items=[]).number, set_number),
    "== of dataclasses": (Record, lambda x: x == Record(), lambda x: x.items.append(1)),
    "repr of a dataclass": (Record, repr, lambda x: x.items.append(1)),
}


@pytest.mark.parametrize("how", ATTRIBUTES)
def test_the_attributes_of_an_object_are_read_by(how: str) -> None:
    assert len(seen(*ATTRIBUTES[how])) == 2


def test_a_structure_may_contain_itself() -> None:
    def make() -> list[Any]:
        items: list[Any] = [[1]]
        items.append(items)
        return items

    assert len(seen(make, repr, grow_first)) == 2


def test_what_is_only_read_in_depth_needs_one_execution() -> None:
    def body() -> None:
        shared = nested()
        threads = [threading.Thread(target=json.dumps, args=(shared,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    found = racekit.explore(body, strategy="dpor")
    assert found.proved
    assert found.executions == 1


def test_memory_that_c_code_writes_for_others() -> None:
    assert len(seen(lambda: bytearray(4), bytes, lambda x: struct.pack_into("i", x, 0, 1))) == 2
    view = seen(lambda: memoryview(bytearray(2)), lambda x: x[0], set_first)
    assert view == {"0", "5"}


def test_who_reads_a_file_in_memory_moves_the_position_in_it() -> None:
    assert seen(lambda: io.BytesIO(b"ab"), lambda x: x.read(1), lambda x: x.read(1)) == {"b'a'", "b'b'"}


def test_containers_that_are_written_in_python_are_known_by_what_they_keep() -> None:
    class Table(collections.UserDict[int, int]):
        """Inherits all its methods."""

    user_dict = seen(collections.UserDict, lambda x: x.data.get(1), lambda x: x.update({1: 1}))
    chained = seen(lambda: collections.ChainMap({}, {}), lambda x: x.get(1), lambda x: x.maps[1].update({1: 1}))
    assert user_dict == chained == seen(Table, lambda x: x.get(1), lambda x: x.update({1: 1})) == {"None", "1"}
