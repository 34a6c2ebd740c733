"""What rewritten code announces, and that it is otherwise the code it was."""

from __future__ import annotations

import asyncio
import sys
import textwrap
import traceback
import types
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from racekit.watch.rewrite import CannotRewrite, Hooks, Rewritten, rewrite
from racekit.watch.site import Site

Event = tuple[Any, ...]


class Recorder:
    """Hooks that write down what they are told: kind, name if there is one, operands."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.sites: list[Site] = []
        self.raising: dict[str, BaseException] = {}
        self.replacements: dict[object, object] = {}

    def hooks(self) -> Hooks:
        return Hooks(**{field.name: self._hook(field.name) for field in fields(Hooks)})

    def _hook(self, kind: str) -> Callable[..., Any]:
        def hook(*arguments: Any) -> Any:
            *operands, site = arguments
            assert site.kind == ("call" if kind.startswith("call") else kind)
            self.events.append((kind, *([site.name] if site.name else []), *operands))
            self.sites.append(site)
            if kind in self.raising:
                raise self.raising[kind]
            if kind.startswith("call"):
                return self.replacements.get(operands[0], operands[0])
            return "dropped"

        return hook

    def of(self, *kinds: str) -> list[Event]:
        return [event for event in self.events if event[0] in kinds]


def everything(name: str) -> bool:
    return True


def nothing(name: str) -> bool:
    return False


def rewritten(function: Any, recorder: Recorder, announced: Callable[[str], bool] = everything) -> Rewritten:
    result = rewrite(function.__code__, recorder.hooks(), namespace=function.__globals__, announced=announced)
    function.__code__ = result.code
    return result


def compiled(source: str, name: str = "f", **namespace: Any) -> Any:
    namespace["__name__"] = "compiled"
    exec(compile(textwrap.dedent(source), "compiled.py", "exec"), namespace)
    return namespace[name]


def recorded(source: str, *arguments: Any, announced: Callable[[str], bool] = everything, **names: Any) -> Recorder:
    """Run `f` of `source` plain and rewritten, check that the results agree, and return what was announced."""
    expected = outcome(compiled(source, **names), arguments)
    recorder = Recorder()
    function = compiled(source, **names)
    rewritten(function, recorder, announced)
    assert outcome(function, arguments) == expected
    return recorder


def outcome(function: Any, arguments: tuple[Any, ...]) -> Any:
    try:
        result = function(*arguments)
    except Exception as error:
        return type(error), str(error), [frame.lineno for frame in traceback.extract_tb(error.__traceback__)[1:]]
    if isinstance(result, types.GeneratorType):
        return list(result)
    if isinstance(result, types.CoroutineType):
        return asyncio.run(result)
    return result


class Thing:
    """Something with attributes, equal to nothing else of its class unless the attributes are."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Thing) and vars(self) == vars(other)

    def method(self, *arguments: Any, **named: Any) -> Any:
        return arguments, named


# Accesses and their operands


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
    assert recorder.events == [("iterate", [1, 2]), ("loop",), ("loop",)]


def test_a_while_loop_announces_its_turns() -> None:
    recorder = recorded("def f():\n  n = 0\n  while True:\n    n += 1\n    if n == 3: break\n  return n")
    assert recorder.events == [("loop",), ("loop",)]


def test_a_conditional_while_loop_announces_at_least_each_turn() -> None:
    recorder = recorded("def f():\n  n = 0\n  while n < 3: n += 1\n  return n")
    assert 2 <= len(recorder.of("loop")) <= 3


@pytest.mark.parametrize(
    "expression", ["[x for x in row]", "{x for x in row}", "{x: x for x in row}", "list(x for x in row)"]
)
def test_a_comprehension_announces_its_iterable_but_no_call_of_its_own(expression: str) -> None:
    recorder = recorded(f"def f(row): return {expression}", [1, 2], announced=nothing)
    assert recorder.of("iterate") == [("iterate", [1, 2])]
    assert [event[1] for event in recorder.of("call", "call_with")] == ([list] if "list" in expression else [])


@pytest.mark.parametrize(
    "expression",
    ["[*row]", "[0, *row]", "{*row}", "(*row, 1)", "print_(0, *row)"],
)
def test_unpacking_into_a_display_announces_the_iterable(expression: str) -> None:
    recorder = recorded(f"def f(row, print_): return {expression}", [1, 2], lambda *a: a)
    assert recorder.of("iterate") == [("iterate", [1, 2])]


def test_unpacking_into_names_announces_the_iterable() -> None:
    recorder = recorded("def f(row): a, b = row; c, *d = row; return a, b, c, d", [1, 2])
    assert recorder.events == [("iterate", [1, 2]), ("iterate", [1, 2])]


def test_unpacking_a_mapping_announces_it() -> None:
    recorder = recorded("def f(box, g): return {**box}, g(1, **box)", {"a": 1}, lambda *a, **k: (a, k))
    assert recorder.of("iterate") == [("iterate", {"a": 1}), ("iterate", {"a": 1})]


def test_a_constant_that_is_unpacked_is_not_announced() -> None:
    assert recorded("def f(): return [1, 2, 3, 4]").events == []


def test_yield_from_announces_the_iterable() -> None:
    assert recorded("def f(row): yield from row", [1, 2]).events == [("iterate", [1, 2])]


# Calls


def test_a_call_without_arguments_announces_its_callable() -> None:
    assert recorded("def f(g): return g()", int).events == [("call", int)]


def test_a_call_announces_its_first_argument() -> None:
    assert recorded("def f(g): return g('7', base=8)", int).events == [("call_with", int, "7")]


def test_a_call_with_only_a_named_argument_announces_that() -> None:
    assert recorded("def f(g): return g(x=3)", dict).events == [("call_with", dict, 3)]


def test_a_method_call_announces_the_bound_method() -> None:
    thing = Thing()
    recorder = recorded("def f(thing): return thing.method(), thing.method(1, 2, k=3), thing.method(k=4)", thing)
    assert recorder.of("call", "call_with") == [
        ("call", thing.method),
        ("call_with", thing.method, 1),
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
    assert recorder.events == [("call_with", max, 1)]


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
        import contextlib

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
    called = [event[1] for event in recorder.of("call", "call_with") if event[1] is not super]
    base = function.__globals__["Base"].method
    assert [method.__func__ for method in called] == [base, base]


def test_an_immediately_called_lambda_works() -> None:
    recorded("def f(): return (lambda x: x + 1)(2), (lambda: 3)()")


# Closures


def test_a_closure_variable_that_changes_announces_its_cell() -> None:
    source = """
        def f():
            count = 0
            def add():
                nonlocal count
                count += 1
            add()
            add()
            return count, add.__closure__[0]
    """
    function = compiled(source)
    recorder = Recorder()
    rewritten(function, recorder)
    count, cell = function()
    assert count == 2
    cells = recorder.of("load_cell", "store_cell")
    assert [(kind, name) for kind, name, _ in cells if name == "count"] == [
        ("store_cell", "count"),
        *[("load_cell", "count"), ("store_cell", "count")] * 2,
        ("load_cell", "count"),
    ]
    assert all(operand is cell for _, _, operand in cells)


def cell_events(body: str) -> list[tuple[str, str]]:
    recorder = recorded("def f(p=3, *a):\n" + textwrap.indent(textwrap.dedent(body), "    "))
    return [event[:2] for event in recorder.of("load_cell", "store_cell", "delete_cell")]


def test_a_variable_written_before_its_capture_is_settled() -> None:
    assert cell_events("x = 1\nx += 1\ndef g(): return x, p\nreturn g()") == []


def test_a_variable_written_after_its_capture_is_announced() -> None:
    assert cell_events("def g(): return x\nx = 1\nreturn g()") == [("store_cell", "x"), ("load_cell", "x")]


def test_a_parameter_written_again_after_its_capture_is_announced() -> None:
    assert cell_events("def g(): return p\np = 1\nreturn g()") == [("store_cell", "p"), ("load_cell", "p")]


def test_a_variable_captured_in_a_loop_that_writes_it_is_announced() -> None:
    events = cell_events("gs = []\nfor x in (1, 2): gs.append(lambda: x)\nreturn [g() for g in gs]")
    assert events.count(("store_cell", "x")) == 2 and events.count(("load_cell", "x")) == 2


def test_a_variable_written_by_a_closure_inside_a_closure_is_announced() -> None:
    events = cell_events("x = 1\ndef g():\n  def h():\n    nonlocal x\n    x = 2\n  h()\ng()\nreturn x")
    assert events == [("store_cell", "x"), ("store_cell", "x"), ("load_cell", "x")]


def test_a_variable_that_is_deleted_after_its_capture_is_announced() -> None:
    events = cell_events("x = 1\ndef g(): return x\ndel x\nreturn g()")
    assert events == [("store_cell", "x"), ("delete_cell", "x"), ("load_cell", "x")]


def test_a_caught_exception_that_a_closure_sees_is_announced() -> None:
    events = cell_events("try: 1 / 0\nexcept Exception as e:\n  g = lambda: str(e)\n  return g()")
    assert ("delete_cell", "e") in events


def test_a_variable_of_the_same_name_in_an_unrelated_closure_stays_settled() -> None:
    source = (
        "x = 1\ndef g(): return x\ndef h():\n  x = 2\n  def i():\n    nonlocal x\n    x = 3\n  i()\nh()\nreturn g()"
    )
    assert cell_events(source) == [("store_cell", "x"), ("store_cell", "x")]


def test_a_free_variable_whose_owner_is_not_rewritten_is_announced() -> None:
    function = compiled("def outer():\n  x = 1\n  def f(): return x\n  return f\nf = outer()")
    recorder = Recorder()
    rewritten(function, recorder)
    assert function() == 1
    assert recorder.events == [("load_cell", "x", function.__closure__[0])]


def test_the_class_cell_is_never_announced() -> None:
    function = compiled("class C:\n  def f(self): return __class__\nf = C.f")
    recorder = Recorder()
    rewritten(function, recorder)
    assert function(None) is function.__globals__["C"] and recorder.events == []


def test_a_comprehension_variable_captured_by_lambdas_works() -> None:
    cell_events("x = 5\ngs = [lambda: x for x in range(3)]\nreturn [g() for g in gs], x")


def test_a_variable_free_and_local_at_once_works() -> None:
    cell_events(
        """
        x, z = 1, 2
        def g():
            y = [x for x in range(3)]
            def h(): return x, z
            return h(), x, y
        return g()
        """
    )


# Which names


def test_a_name_that_is_not_to_be_announced_is_reported_as_loaded() -> None:
    recorder = Recorder()
    function = compiled("def f(thing): return thing.x, thing.y, value\nvalue = 1")
    result = rewritten(function, recorder, lambda name: name == "y")
    assert function(Thing(x=1, y=2)) == (1, 2, 1)
    assert [event[:2] for event in recorder.events] == [("load_attribute", "y")]
    assert result.loaded_names == {"x", "value"} and result.stored_names == frozenset()


def test_a_name_that_the_code_itself_stores_is_announced() -> None:
    recorder = Recorder()
    function = compiled("def f(thing):\n  def inner(): thing.x = 1\n  inner()\n  return thing.x")
    result = rewritten(function, recorder, nothing)
    function(Thing())
    assert [event[:2] for event in recorder.of("load_attribute", "store_attribute")] == [
        ("store_attribute", "x"),
        ("load_attribute", "x"),
    ]
    assert result.stored_names == {"x"} and result.loaded_names == frozenset()


def test_sites_of_nested_code_are_counted() -> None:
    recorder = Recorder()
    function = compiled("def f(thing):\n  x = lambda: thing.x\n  class C:\n    def m(self): return thing.y")
    result = rewritten(function, recorder)
    assert {(site.kind, site.name, site.function) for site in result.sites} == {
        ("load_attribute", "x", "f.<locals>.<lambda>"),
        ("load_attribute", "y", "f.<locals>.C.m"),
    }


# Otherwise the same

CONSTRUCTS = {
    "try in try": """
        def f(log=None):
            log = []
            try:
                try:
                    log.append(1)
                    1 / 0
                except ZeroDivisionError as error:
                    log.append(str(error))
                    raise KeyError(2) from error
                finally:
                    log.append(3)
            except KeyError as error:
                log.append(error.args[0])
            else:
                log.append('else')
            finally:
                log.append(4)
            return log
    """,
    "finally overrides return": """
        def f():
            for i in range(3):
                try: return i
                finally:
                    if i == 1: break
                    continue
            return 'end', i
    """,
    "exception cleanup state": """
        def f():
            import sys
            try:
                try: raise ValueError(1)
                finally:
                    try: raise KeyError(2)
                    except KeyError: pass
                    finally: x = sys.exception() if hasattr(sys, 'exception') else sys.exc_info()[1]
            except ValueError as e:
                return str(e), str(x), e.__context__
    """,
    "exception groups": """
        def f():
            log = []
            try:
                raise ExceptionGroup('g', [ValueError(1), KeyError(2), TypeError(3)])
            except* ValueError as group:
                log.append(str(group.exceptions))
            except* (KeyError, TypeError) as group:
                log.append(len(group.exceptions))
            return log
    """,
    "exception groups that are not caught": """
        def f():
            try:
                raise ExceptionGroup('g', [ValueError(1), KeyError(2)])
            except* ValueError:
                pass
    """,
    "with": """
        import contextlib
        @contextlib.contextmanager
        def manager(log, name, swallow):
            log.append('enter ' + name)
            try: yield name
            except Exception as error:
                log.append(str(error))
                if not swallow: raise
            finally: log.append('exit ' + name)
        def f():
            log = []
            for fail in (False, True):
                with manager(log, 'a', True) as a, manager(log, 'b', False) as b:
                    log.append(a + b)
                    if fail: raise ValueError('body')
            return log
    """,
    "match": """
        class Point:
            __match_args__ = ('x', 'y')
            def __init__(self, x, y): self.x, self.y = x, y
        def one(value):
            match value:
                case Point(0, y=yy): return 'axis', yy
                case Point(x, y) if x == y: return 'diagonal', x
                case {'kind': kind, **rest}: return kind, rest
                case [first, *others]: return first, others
                case str() | bytes(): return 'text'
                case None: return 'none'
                case _: return 'other'
        def f(): return [one(v) for v in (Point(0, 2), Point(3, 3), {'kind': 1, 'z': 2}, [1, 2, 3], 'x', None, 4)]
    """,
    "generator": """
        def inner(n):
            total = 0
            while total < n:
                got = yield total
                total += got or 1
            return 'done'
        def f():
            result = yield from inner(3)
            yield result
            g = inner(10)
            next(g)
            yield g.send(5)
            g.close()
            try: g.throw(KeyError('k'))
            except KeyError as error: yield str(error)
    """,
    "coroutine": """
        import asyncio
        class Manager:
            async def __aenter__(self): await asyncio.sleep(0); return self
            async def __aexit__(self, *error): return error[0] is KeyError
        async def numbers(n):
            for i in range(n):
                await asyncio.sleep(0)
                yield i
        async def f():
            total = [x async for x in numbers(3) if x]
            async for x in numbers(2): total.append(await asyncio.sleep(0, x))
            else: total.append('else')
            async with Manager() as manager:
                total.append(type(manager).__name__)
                raise KeyError
            return total, sum([x async for x in numbers(4)]), await asyncio.gather(asyncio.sleep(0, 1))
    """,
    "class body": """
        def f(y=2):
            z = 3
            class Inner(dict, metaclass=type):
                a = y
                b = [a + z for _ in range(2)]
                def method(self, other=z): return super().get(other), self.a, z, __class__.__name__
                @property
                def p(self): return self.b
                @classmethod
                def c(cls): return cls.__qualname__
            inner = Inner({3: 4})
            return inner.method(), inner.p, Inner.c()
    """,
    "f-string and walrus": """
        def f(x=3.14159):
            if (n := len(str(x))) > 3 and [last := d for d in str(x)]:
                return f'{x:.{n - 5}f} {x!r:>10} {n=} {last}'
    """,
    "comprehensions": """
        def f():
            table = [[i * j for j in range(3) if j] for i in range(3)]
            sets = {k: [*v] for k, v in enumerate(table)}, {x for row in table for x in row}
            return table, sets, sum(x for x in (1, 2))
    """,
    "recursion": """
        def f(n=6):
            def fib(k): return k if k < 2 else fib(k - 1) + fib(k - 2)
            return fib(n)
    """,
    "arguments of all kinds": """
        def f():
            def g(a, /, b, *c, d, e=5, **h): return a, b, c, d, e, h
            return g(1, 2, 3, d=4), g(*[1, 2], **{'d': 3, 'z': 4}), g(1, b=2, d=3), g(1, *(2, 3), d=4, **{'e': 6})
    """,
    "wrong arguments": """
        def f():
            def g(a): pass
            g(1,
              2)
    """,
    "traceback lines": """
        def f(row=(1, 2)):
            total = 0
            for x in row:
                total += (
                    x
                    + row[x + 5]
                )
    """,
    "missing attribute": "def f():\n  x = 1\n  x.nothing(\n    2)",
    "missing global": "def f():\n  return (1 +\n    nothing)",
    "chained comparison": "def f(x=3): return 1 < x < 5 < len('123456'), 1 < x > 4, not 1 < x",
    "unpacking": "def f():\n  a, (b, *c), *d = 1, (2, 3, 4), 5\n  x = [a]; x[0], x[1:] = 7, [8]\n  return a, b, c, d, x",
    "global import": "def f():\n  import os.path as p, sys\n  from json import dumps as d\n  return d([p.sep])",
    "lambda default": "def f(): return [(lambda x, i=i: x * i)(2) for i in range(3)]",
    "del": "def f():\n  x = {1: 2, 3: 4}; y = [1, 2, 3]\n  del x[1], y[0], y[1:]\n  del y[0]\n  return x, y",
}


@pytest.mark.parametrize("source", CONSTRUCTS.values(), ids=CONSTRUCTS.keys())
def test_rewritten_code_does_what_it_did(source: str) -> None:
    recorded(source)


NEW_CONSTRUCTS = {
    "type parameters": """
        def f():
            def first[T](row: list[T], default=1, *, other=2) -> T: return row[0], default, other
            class Box[T]:
                def get[U](self, value: U = 3) -> U: return value, T
            type Alias[T] = dict[str, T]
            return first([5]), Box[int]().get()[0], str(Alias.__name__)
    """,
    "bound type parameters": """
        def f():
            def decorate(g): return g
            @decorate
            def first[T: (int, str), *Ts, **P](x=1): return x
            @decorate
            class C[T](list): pass
            return first(), C([1])
    """,
}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a syntax of Python 3.12")
@pytest.mark.parametrize("source", NEW_CONSTRUCTS.values(), ids=NEW_CONSTRUCTS.keys())
def test_rewritten_code_with_type_parameters_does_what_it_did(source: str) -> None:
    recorded(source)


OUTSIDE = [
    *("co_name", "co_qualname", "co_filename", "co_firstlineno", "co_flags", "co_names"),
    *("co_varnames", "co_cellvars", "co_freevars", "co_nlocals"),
    *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount"),
]


def positions(code: types.CodeType) -> list[Any]:
    """The positions of the instructions in order, without repetitions, which insertions cause."""
    found: list[Any] = []
    for position in code.co_positions():
        if not found or found[-1] != position:
            found.append(position)
    return found


@pytest.mark.parametrize("source", CONSTRUCTS.values(), ids=CONSTRUCTS.keys())
def test_rewritten_code_keeps_its_outside(source: str) -> None:
    function = compiled(source)
    before = function.__code__
    after = rewritten(function, Recorder()).code
    assert after is not before
    for attribute in OUTSIDE:
        assert getattr(after, attribute) == getattr(before, attribute)
    assert positions(after) == positions(before)
    assert function.__doc__ is None


def test_positions_survive_wide_and_long_code() -> None:
    lines = [f"  x.attribute_{i} = {'' if i % 3 else ' ' * 200}x.attribute_{i} + (\n\n  y.z({i}))" for i in range(300)]
    function = compiled("def f(x, y):\n" + "\n".join(lines))
    before = function.__code__
    assert positions(rewritten(function, Recorder()).code) == positions(before)


def test_a_loop_too_long_for_a_short_jump_works() -> None:
    body = "".join(f"    if n == {i}: box[{i}] = thing.x; continue\n" for i in range(400))
    recorder = recorded(f"def f(thing, box):\n  for n in range(0, 400, 7):\n{body}  return box", Thing(x=1), {})
    assert len(recorder.of("store_item")) == len(range(0, 400, 7))


def test_an_exception_of_a_hook_is_seen_by_the_handlers_around() -> None:
    source = """
        def f(thing, log):
            try:
                with thing:
                    thing.x
            except RuntimeError as error:
                log.append(str(error))
            finally:
                log.append('finally')
            return log
    """

    class Manager:
        x = 1

        def __enter__(self) -> None:
            pass

        def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
            log.append(f"exit {error}")

    log: list[str] = []
    recorder = Recorder()
    recorder.raising["load_attribute"] = RuntimeError("hook")
    function = compiled(source)
    # only x: the hook must not stop log.append
    rewritten(function, recorder, lambda name: name == "x")
    assert function(Manager(), log) == ["exit hook", "hook", "finally"]


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("load_attribute", "thing.x"),
        ("store_item", "row[0] = 1"),
        ("load_item", "row[0:1]"),
        ("contains", "1 in row"),
        ("call", "len()"),
        ("call_with", "len(row)"),
        ("call_unpacked", "len(*row)"),
        ("load_global", "len"),
    ],
)
def test_an_exception_of_a_hook_stands_at_the_line_of_its_instruction(kind: str, statement: str) -> None:
    recorder = Recorder()
    recorder.raising[kind] = RuntimeError("hook")
    function = compiled(f"def f(thing, row):\n  a = 1\n  b = 2\n  {statement}\n  c = 3")
    rewritten(function, recorder)
    with pytest.raises(RuntimeError) as caught:
        function(Thing(), [1])
    assert caught.value.__traceback__ is not None
    assert traceback.extract_tb(caught.value.__traceback__)[1].lineno == 4
    assert recorder.sites[-1].line == 4


def test_a_site_knows_its_place() -> None:
    recorder = Recorder()
    function = compiled("\n\nclass C:\n  def f(self, x):\n    return x.y\nf = C.f")
    [site] = rewritten(function, recorder).sites
    assert (site.kind, site.name, site.filename, site.line, site.function, site.shared) == (
        "load_attribute",
        "y",
        "compiled.py",
        5,
        "C.f",
        False,
    )


def test_lines_are_traced_as_before() -> None:
    source = """
        def f(thing, row):
            total = 0
            for x in row:
                if x in row:
                    total += thing.x
                else:
                    total -= 1
            while total > 2: total -= row[0]
            return total
    """

    def trace(function: Any) -> list[int]:
        lines: list[int] = []

        def local(frame: types.FrameType, event: str, argument: object) -> Any:
            if frame.f_code.co_name == "f" and event == "line":
                lines.append(frame.f_lineno)
            return local

        old = sys.gettrace()
        sys.settrace(local)
        try:
            function(Thing(x=3), [1, 2])
        finally:
            sys.settrace(old)
        return lines

    function = compiled(source)
    rewritten(function, Recorder())
    assert trace(function) == trace(compiled(source))


def test_annotations_can_still_be_evaluated() -> None:
    function = compiled("def f():\n  def g(a: int, *b: str) -> list[int]: pass\n  return g.__annotations__")
    expected = function()
    rewritten(function, Recorder())
    assert function() == expected


def test_code_that_cannot_be_rewritten_says_which() -> None:
    def broken() -> None:
        pass

    code = broken.__code__.replace(co_code=broken.__code__.co_code[:2] + bytes((255, 255)))
    with pytest.raises(CannotRewrite, match="broken"):
        rewrite(code, Recorder().hooks(), namespace={}, announced=everything)
