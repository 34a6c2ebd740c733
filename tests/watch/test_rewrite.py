"""Which accesses rewritten code announces, and with which operands."""

from __future__ import annotations

import dis
from dataclasses import fields

import pytest
from recording import Recorder, Thing, compiled, everything, nothing, recorded, rewritten

from racekit.watch.hooks import Hooks
from racekit.watch.opcodes import ITERATOR_DEPTH
from racekit.watch.rewrite import CannotRewrite, leaving, rewrite


def test_loading_an_attribute_announces_the_object() -> None:
    thing = Thing(x=1)
    recorder = recorded("def f(thing): return thing.x", thing)
    [(kind, name, operand)] = recorder.events
    assert (kind, name) == ("load_attribute", "x") and operand is thing


def test_storing_an_attribute_announces_the_object() -> None:
    thing = Thing(x=1)
    recorder = recorded("def f(thing): thing.x = 5", thing)
    assert recorder.events == [("store_attribute", "x", thing)] and recorder.events[0][2] is thing


def test_deleting_an_attribute_announces_the_object() -> None:
    recorder = recorded("def f(make):\n  thing = make()\n  del thing.x", lambda: Thing(x=1))
    assert [event[:2] for event in recorder.events[1:]] == [("delete_attribute", "x")]


def test_an_augmented_assignment_announces_the_load_and_the_store() -> None:
    thing = Thing(x=1)
    recorder = Recorder()
    function = compiled("def f(thing): thing.x += 1; return thing.x")
    rewritten(function, recorder)
    assert function(thing) == 2
    assert [event[:2] for event in recorder.events] == [
        ("load_attribute", "x"),
        ("store_attribute", "x"),
        ("load_attribute", "x"),
    ]


def test_a_hook_runs_before_its_instruction() -> None:
    thing, values = Thing(x=1), []
    recorder = Recorder()
    function = compiled("def f(thing): thing.x = 2; thing.x = 3")
    hooks = recorder.hooks()
    hooks = Hooks(
        **{
            field.name: (lambda obj, site: values.append(obj.x))
            if field.name == "store_attribute"
            else getattr(hooks, field.name)
            for field in fields(Hooks)
        }
    )
    function.__code__ = rewrite(function.__code__, hooks, namespace={}, announced=everything).code
    function(thing)
    assert values == [1, 2]


def test_globals_are_announced_by_name() -> None:
    source = """
        value = 1
        def f():
            global value
            value += 1
            result = value
            del value
            return result
    """
    assert recorded(source).events == [
        ("load_global", "value"),
        ("store_global", "value"),
        ("load_global", "value"),
        ("delete_global", "value"),
    ]


def test_a_site_knows_the_globals_of_its_function() -> None:
    function = compiled("value = 1\ndef f(): return value")
    recorder = Recorder()
    rewritten(function, recorder)
    function()
    assert recorder.sites[0].namespace is function.__globals__


def test_subscripts_announce_container_and_key() -> None:
    source = "def f(): box = {'a': 1}; box['b'] = 2; del box['a']; return box['b']"
    recorder = recorded(source)
    assert [event[0] for event in recorder.events] == ["store_item", "delete_item", "load_item"]
    box = recorder.events[0][1]
    assert [event[1:] for event in recorder.events] == [(box, "b"), (box, "a"), (box, "b")]


def test_slices_are_announced_with_a_slice_as_the_key() -> None:
    recorder = recorded("def f(): row = [1, 2, 3, 4]; row[1:2] = [9]; del row[:1]; return row[1:], row[::2]")
    assert [(event[0], event[2]) for event in recorder.of("load_item", "store_item", "delete_item")] == [
        ("store_item", slice(1, 2)),
        ("delete_item", slice(None, 1)),
        ("load_item", slice(1, None)),
        ("load_item", slice(None, None, 2)),
    ]


def test_an_augmented_item_announces_load_and_store() -> None:
    recorder = recorded("def f(): box = {'n': 1}; box['n'] += 1; return box")
    assert recorder.events == [("load_item", {"n": 2}, "n"), ("store_item", {"n": 2}, "n")]


def test_membership_announces_the_container_first() -> None:
    assert recorded("def f(k, box): return k in box, k not in box", 1, [1, 2]).events == [
        ("contains", [1, 2], 1),
        ("contains", [1, 2], 1),
    ]


def test_a_for_loop_announces_its_iterable_and_each_turn() -> None:
    recorder = recorded("def f(row):\n  for x in row: pass", [1, 2])
    assert recorder.of("iterate", "loop") == [("iterate", [1, 2]), ("loop",), ("loop",)]
    kind = list if ITERATOR_DEPTH > 1 else type(iter([]))
    assert [type(iterator) for _, iterator in recorder.of("advance")] == [kind] * 3


def test_what_is_asked_for_its_truth_is_announced() -> None:
    source = """
        def f(row):
            if row: pass
            while not row: pass
            return row and 1
    """
    assert recorded(source, [1]).of("truth") == [("truth", [1])] * 3


def test_the_result_of_a_comparison_is_not_asked_for_its_truth() -> None:
    assert recorded("def f(a):\n  if a > 1 and a is not None and a not in (5, 6): pass", 3).of("truth") == []


def test_a_while_loop_announces_its_turns() -> None:
    recorder = recorded("def f():\n  n = 0\n  while True:\n    n += 1\n    if n == 3: break\n  return n")
    assert recorder.events == [("loop",), ("loop",)]


def test_a_conditional_while_loop_announces_at_least_each_turn() -> None:
    recorder = recorded("def f():\n  n = 0\n  while n < 3: n += 1\n  return n")
    assert 2 <= len(recorder.of("loop")) <= 3


@pytest.mark.parametrize(
    "expression", ["[x for x in row]", "{x for x in row}", "{x: x for x in row}", "next(x for x in row)"]
)
def test_a_comprehension_announces_its_iterable_but_no_call_of_its_own(expression: str) -> None:
    recorder = recorded(f"def f(row): return {expression}", [1, 2], announced=nothing)
    assert [each for _, each in recorder.of("iterate") if type(each) is list] == [[1, 2]]
    assert [event[1] for event in recorder.of("call", "call_with")] == ([next] if "next" in expression else [])


@pytest.mark.parametrize(
    "expression",
    ["[*row]", "[0, *row]", "{*row}", "(*row, 1)", "print_(0, *row)"],
)
def test_unpacking_into_a_display_announces_the_iterable(expression: str) -> None:
    recorder = recorded(f"def f(row, print_): return {expression}", [1, 2], lambda *a: a)
    assert recorder.of("unpack") == [("unpack", [1, 2])]


def test_unpacking_into_names_announces_the_iterable() -> None:
    recorder = recorded("def f(row): a, b = row; c, *d = row; return a, b, c, d", [1, 2])
    assert recorder.events == [("unpack", [1, 2]), ("unpack", [1, 2])]


def test_unpacking_a_mapping_announces_it() -> None:
    recorder = recorded("def f(box, g): return {**box}, g(1, **box)", {"a": 1}, lambda *a, **k: (a, k))
    assert recorder.of("unpack") == [("unpack", {"a": 1}), ("unpack", {"a": 1})]


def test_a_constant_that_is_unpacked_is_not_announced() -> None:
    assert recorded("def f(): return [1, 2, 3, 4]").events == []


def test_what_is_put_into_a_slice_is_announced() -> None:
    recorder = recorded("def f(row, n, new): row[1:] = new; row[n::2] = [5, 6]", [1, 2], 0, [3, 4, 5])
    assert recorder.of("unpack") == [("unpack", [3, 4, 5]), ("unpack", [5, 6])]


def test_an_operator_with_a_constant_is_announced_if_it_may_go_with_a_container() -> None:
    source = """
        def f(x, y):
            x += "s"
            return x * 2, y + 1, y % 2, y < 5, y == b"y"
    """
    assert [kind for kind, *_ in recorded(source, "x", 1).events] == ["operate_in_place", "operand", "operand"]


def test_yield_from_announces_the_iterable_and_each_turn() -> None:
    first, *turns = recorded("def f(row): yield from row", [1, 2]).events
    assert first == ("iterate", [1, 2])
    assert [kind for kind, _ in turns] == ["advance", "hand_over"] * 2 + ["advance"]


def test_what_a_generator_yields_and_iter_returns_is_announced() -> None:
    source = """
        def f():
            def __iter__(): return [5]
            yield 1
            yield __iter__()
            return 2
    """
    assert [event for event in recorded(source).events if event[0] == "hand_over"] == [
        ("hand_over", 1),
        ("hand_over", [5]),
        ("hand_over", [5]),
    ]


def test_an_await_announces_no_turns() -> None:
    source = "async def g(): return 1\nasync def f():\n  return await g()"
    assert recorded(source).of("advance") == []


def test_names_whose_announcement_depends_on_other_code_are_told() -> None:
    recorder = Recorder()
    function = compiled("def f(thing): return thing.x, thing.y, value\nvalue = 1")
    result = rewritten(function, recorder, lambda name: name == "y")
    assert function(Thing(x=1, y=2)) == (1, 2, 1)
    assert [event[:2] for event in recorder.events] == [("load_attribute", "y")]
    assert {name for name in result.dependent_names if name.isidentifier()} == {"x", "y", "value"}


def test_a_name_that_the_code_itself_stores_is_announced() -> None:
    recorder = Recorder()
    function = compiled("def f(thing):\n  def inner(): thing.x = 1\n  inner()\n  return thing.x")
    result = rewritten(function, recorder, nothing)
    function(Thing())
    assert [event[:2] for event in recorder.of("load_attribute", "store_attribute")] == [
        ("store_attribute", "x"),
        ("load_attribute", "x"),
    ]
    assert not any(name.isidentifier() for name in result.dependent_names)


def test_code_tells_when_it_is_left_if_that_is_announced() -> None:
    recorder = Recorder()
    function = compiled("def f(thing):\n  if thing: return 1\n  return [thing for thing in (1, 2)]")
    name = leaving(function.__code__)
    assert name in rewritten(function, recorder, name.__eq__).dependent_names
    assert (function(1), function(0)) == (1, [1, 2])
    assert [site.line for site in recorder.sites if site.kind == "leave"] == [2, 3]


def test_sites_of_nested_code_are_counted() -> None:
    recorder = Recorder()
    function = compiled("def f(thing):\n  x = lambda: thing.x\n  class C:\n    def m(self): return thing.y")
    result = rewritten(function, recorder)
    assert {(site.kind, site.name, site.function) for site in result.sites} == {
        ("load_attribute", "x", "f.<locals>.<lambda>"),
        ("load_attribute", "y", "f.<locals>.C.m"),
    }


def test_code_that_cannot_be_rewritten_says_which() -> None:
    def broken() -> None:
        pass

    code = broken.__code__.replace(co_code=broken.__code__.co_code[:2] + bytes((dis.opmap["JUMP_FORWARD"], 255)))
    with pytest.raises(CannotRewrite, match="broken"):
        rewrite(code, Recorder().hooks(), namespace={}, announced=everything)
