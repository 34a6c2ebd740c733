"""Which calls rewritten code announces, and that another callable can be put in place."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from recording import Recorder, Thing, compiled, nothing, recorded, rewritten


def test_a_call_without_arguments_announces_its_callable() -> None:
    assert recorded("def f(g): return g()", int).events == [("call", int)]


def test_a_call_announces_its_argument() -> None:
    assert recorded("def f(g): return g('7')", int).events == [("call_with", int, "7")]


def test_a_call_announces_its_arguments_whether_they_are_named_or_not() -> None:
    assert recorded("def f(g): return g('7', base=8)", int).events == [("call_many", int, ("7", 8))]


def test_a_call_announces_all_of_its_arguments() -> None:
    assert recorded("def f(g): return g(1, 2, 3, 4, 5, 6)", max).events == [("call_many", max, (1, 2, 3, 4, 5, 6))]


def test_a_call_with_only_a_named_argument_announces_that() -> None:
    assert recorded("def f(g): return g(x=3)", dict).events == [("call_with", dict, 3)]


def test_a_method_call_announces_the_bound_method() -> None:
    thing = Thing()
    recorder = recorded("def f(thing): return thing.method(), thing.method(1, 2, k=3), thing.method(k=4)", thing)
    assert recorder.of("call", "call_with", "call_many") == [
        ("call", thing.method),
        ("call_many", thing.method, (1, 2, 3)),
        ("call_with", thing.method, 4),
    ]
    assert recorder.events[0] == ("load_attribute", "method", thing)


def test_a_call_of_an_attribute_that_is_no_method_announces_it() -> None:
    recorder = recorded("def f(thing): return thing.g(1)", Thing(g=str))
    assert recorder.of("call_with") == [("call_with", str, 1)]


def test_a_call_of_a_global_announces_it() -> None:
    recorder = recorded("def f(): return g(1), h()", g=str, h=list)
    assert recorder.of("call", "call_with") == [("call_with", str, 1), ("call", list)]


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("g(*row)", (1, 2)),
        ("g(*row, k=1)", (1, 2)),
        ("g(**box)", ()),
        ("g(0, *row, **box)", (0, 1, 2)),
        ("thing.method(*row, **box)", (1, 2)),
    ],
)
def test_an_unpacked_call_announces_its_positional_arguments(call: str, arguments: tuple[int, ...]) -> None:
    thing = Thing()

    def g(*arguments: Any, **named: Any) -> Any:
        return arguments, named

    recorder = recorded(f"def f(g, thing, row, box): return {call}", g, thing, (1, 2), {"k": 1})
    function = thing.method if "thing" in call else g
    assert recorder.of("call", "call_with", "call_unpacked") == [("call_unpacked", function, arguments)]


@pytest.mark.parametrize("call", ["g()", "g(1)", "g(1, k=2)", "g(*row)", "g(**box)", "thing.g()", "thing.g(1, k=2)"])
def test_what_a_call_hook_returns_is_called_instead(call: str) -> None:
    recorder = Recorder()
    recorder.replacements[print] = lambda *arguments, **named: ("instead", arguments, named)
    function = compiled(f"def f(g, thing, row, box): return {call}")
    rewritten(function, recorder)
    result = function(print, Thing(g=print), (1, 2), {"sep": ""})
    assert result[0] == "instead"
    assert result[1:] == compiled(f"def f(g, thing, row, box): return {call}")(
        lambda *a, **k: (a, k), Thing(g=lambda *a, **k: (a, k)), (1, 2), {"sep": ""}
    )


def test_a_call_among_the_arguments_of_a_call_is_announced_first() -> None:
    recorder = recorded("def f(g, row): return g(g(len(row) if row else 0), *(g(x) for x in row))", max, [1, 2])
    assert recorder.of("call_with", "call_unpacked")[0] == ("call_with", len, [1, 2])


def test_a_call_with_a_conditional_argument_is_announced_once() -> None:
    recorder = recorded("def f(g, c): return g(1 if c else 2, c and 3 or 4)", max, True, announced=nothing)
    assert recorder.of("call_many") == [("call_many", max, (1, 3))]


def test_a_decorator_in_a_function_is_announced_as_a_call() -> None:
    source = """
        def f(decorate):
            @decorate
            @decorate
            def inner(): return 1
            @decorate
            class Inner: pass
            return inner()
    """

    def decorate(decorated: Any) -> Any:
        return decorated

    recorder = recorded(source, decorate)
    calls = recorder.of("call_with")
    assert [call[1] for call in calls] == [decorate] * 3
    assert [call[2].__name__ for call in calls] == ["inner", "inner", "Inner"]


def test_a_decorator_can_be_replaced() -> None:
    recorder = Recorder()
    function = compiled("def f(decorate):\n  @decorate\n  def inner(): pass\n  return inner")
    recorder.replacements[len] = lambda decorated: "instead"
    rewritten(function, recorder)
    assert function(len) == "instead"


def test_an_assertion_with_a_message_fails_as_ever() -> None:
    recorder = recorded("def f(x):\n  assert x == 2, str(x)", 1)
    assert [event[1] for event in recorder.of("call_with")] == [str]


def test_leaving_a_with_block_is_not_announced() -> None:
    source = """
        def f(manager):
            with manager(1) as a, manager(a + 1) as b:
                return a, b
    """

    def manager(value: int) -> Any:

        return contextlib.nullcontext(value)

    assert recorded(source, manager).of("call", "call_with") == [("call_with", manager, 1), ("call_with", manager, 2)]


def test_super_finds_its_class() -> None:
    source = """
        class Base:
            x = 2
            def method(self, *arguments, **named): return arguments, named
        class Derived(Base):
            def method(self): return super().method(1, k=2), super().x, super(Derived, self).method()
        f = Derived.method
        derived = Derived()
    """
    function = compiled(source)
    recorder = Recorder()
    expected = function(function.__globals__["derived"])
    rewritten(function, recorder)
    derived = function.__globals__["derived"]
    assert function(derived) == expected == (((1,), {"k": 2}), 2, ((), {}))
    called = [event[1] for event in recorder.of("call", "call_with", "call_many") if event[1] is not super]
    base = function.__globals__["Base"].method
    assert [method.__func__ for method in called] == [base, base]


def test_an_immediately_called_lambda_works() -> None:
    recorded("def f(): return (lambda x: x + 1)(2), (lambda: 3)()")
