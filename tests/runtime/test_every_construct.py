"""A lost update is found wherever Python lets one stand, and debuggers and frames see the code as it was written."""

from __future__ import annotations

import bdb
import io
import linecache
import pdb
import sys
import textwrap
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

import racekit

READ = "shared.value"
CONSTRUCTS = {
    "a generator": """
        def numbers():
            value = shared.value
            yield value
            shared.value = value + 1
        list(numbers())
    """,
    "a generator in a generator": """
        def inner():
            yield shared.value
        def outer():
            value = 0
            for value in inner(): pass
            shared.value = (yield from inner()) or value + 1
        list(outer())
    """,
    "a coroutine": """
        async def nothing(): pass
        async def add():
            value = shared.value
            await nothing()
            shared.value = value + 1
        try: add().send(None)
        except StopIteration: pass
    """,
    "an event loop": """
        import asyncio
        async def add(): shared.value += 1
        asyncio.run(add())
    """,
    "an asynchronous comprehension": """
        async def numbers():
            yield shared.value
        async def add(): [shared.value] = [x + 1 async for x in numbers()]
        try: add().send(None)
        except StopIteration: pass
    """,
    "an exception group": """
        try: raise ExceptionGroup('', [KeyError(shared.value), ValueError()])
        except* KeyError as group: shared.value = group.exceptions[0].args[0] + 1
        except* ValueError: pass
    """,
    "a finally": """
        def get():
            try: return shared.value
            finally: len('')
        shared.value = get() + 1
    """,
    "match": """
        match shared:
            case Shared(value) if value >= 0: shared.value = value + 1
    """,
    "match with a mapping": """
        match vars(shared):
            case {'value': value}: shared.value = value + 1
    """,
    "match with a name": """
        match shared:
            case Shared(value=value): shared.value = value + 1
    """,
    "with of several managers": """
        import contextlib
        @contextlib.contextmanager
        def read(): yield shared.value
        with read() as value, contextlib.nullcontext(), contextlib.suppress(KeyError):
            shared.value = value + 1
            raise KeyError
    """,
    "a comprehension": "[shared.value] = [shared.value + x for x in range(2) if x]",
    "a dict comprehension": "shared.value = {k: shared.value + 1 for k in 'k'}['k']",
    "a generator expression": "shared.value = sum(shared.value + x for x in (1,))",
    "a class body": """
        class Body:
            value = shared.value
            shared.value = value + 1
    """,
    "super()": """
        class Base:
            def get(self): return shared.value
        class Child(Base):
            def get(self): return super().get() + 1
        shared.value = Child().get()
    """,
    "a property": """
        class Front:
            @property
            def value(self): return shared.value
            @value.setter
            def value(self, value): shared.value = value
        Front().value += 1
    """,
    "an f-string": "shared.value = int(f'{shared.value + 1:d}')",
    "a walrus": "shared.value = value + 1 if (value := shared.value) >= 0 else None",
    "a lambda": "shared.value = (lambda: shared.value + 1)()",
    "a decorator": """
        def adds(function): return lambda: function() + 1
        @adds
        def get(): return shared.value
        shared.value = get()
    """,
    "a dataclass": """
        from dataclasses import dataclass
        @dataclass(slots=True)
        class Item:
            value: int
            def __post_init__(self): self.value += 1
        shared.value = Item(shared.value).value
    """,
    "a default argument": """
        def get(value=shared.value): return value + 1
        shared.value = get()
    """,
    "a chained assignment": "local = shared.value = shared.value + 1",
    "an import": "import string; shared.value = shared.value + len(string.digits) // 10",
    "getattr and setattr": "setattr(shared, 'value', getattr(shared, 'value') + 1)",
}
if sys.version_info >= (3, 12):
    CONSTRUCTS["type parameters"] = """
        def get[T: int](more: T) -> T: return shared.value + more
        class Box[T]:
            def put(self, value: T): shared.value = value
        type Alias[T] = Box[T]
        Alias.__value__[int]().put(get(1))
    """
if sys.version_info >= (3, 14):
    CONSTRUCTS["a t-string"] = "shared.value = t'{shared.value} and'.interpolations[0].value + 1"
    CONSTRUCTS["an annotation that is evaluated late"] = """
        class Late:
            value: shared.value
        shared.value = Late.__annotations__['value'] + 1
    """

numbers = count()


class Shared:
    __match_args__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


def made(source: str, name: str, **names: Any) -> Callable[..., Any]:
    """The function `name` of `source`, with lines that can be read, as those of a file can."""
    source = textwrap.dedent(source)
    filename = f"<construct {next(numbers)}>"
    linecache.cache[filename] = len(source), None, source.splitlines(True), filename
    namespace: dict[str, Any] = {"__name__": __name__, "__file__": __file__, "Shared": Shared, **names}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    function: Callable[..., Any] = namespace[name]
    return function


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_a_lost_update_is_found_in(construct: str) -> None:
    add = made(f"def add(shared):\n{textwrap.indent(textwrap.dedent(CONSTRUCTS[construct]), '    ')}", "add")

    def body() -> int:
        shared = Shared()
        threads = [threading.Thread(target=add, args=(shared,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return shared.value

    assert set(racekit.explore(body, strategy="random", executions=60, stop_on_failure=False).outcomes) == {1, 2}


def test_a_function_sees_its_own_frame() -> None:
    source = """
        import sys, inspect
        def look(argument):
            variable = argument + 1
            frame = sys._getframe()
            return frame.f_code.co_name, frame.f_lineno, dict(inspect.currentframe().f_locals), frame.f_trace
    """
    look = made(source, "look")

    def body() -> str:
        shown = look(1)
        return repr((*shown[:2], shown[2]["argument"], shown[2]["variable"]))

    assert list(racekit.explore(body, executions=2).outcomes) == ["('look', 6, 1, 2)"]


def test_a_debugger_shows_the_code_as_it_was_written() -> None:
    source = """
        def debugged(debugger, shared):
            first = shared.value
            debugger.set_trace()
            shared.value = first + 5
            return shared.value
    """
    debugged = made(source, "debugged")
    output = io.StringIO()

    def body() -> int:
        commands = io.StringIO("p first\nuntil 6\np shared.value\ncontinue\n")
        debugger = pdb.Pdb(stdin=commands, stdout=output, nosigint=True)
        debugger.prompt = ""
        return int(debugged(debugger, Shared()))

    before = sys.gettrace()
    found = racekit.explore(body, executions=2)
    sys.settrace(before)
    assert list(found.outcomes) == [5]
    lines = [line.strip() for line in output.getvalue().splitlines()]
    assert [line for line in lines if line in ("0", "-> return shared.value", "5")] == [
        *("0", "-> return shared.value", "5") * found.executions
    ]


TRACED = """
    def traced(shared):
        value = shared.value
        for number in range(2):
            value += number
        shared.value = value + (lambda: 1)()
        return shared.value
"""


def lines_of(traced: Callable[[Any], int], how: str) -> list[int]:
    """The lines at which a debugger that is told of each of them would stop."""
    lines: list[int] = []

    def trace(frame: Any, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != traced.__code__.co_filename:
            return None
        if event == "line":
            lines.append(frame.f_lineno)
        return trace

    def line(code: Any, number: int) -> None:
        if code.co_filename == traced.__code__.co_filename:
            lines.append(number)

    def body() -> None:
        shared = Shared()
        if how == "sys.settrace":
            sys.settrace(trace)
            try:
                traced(shared)
            finally:
                sys.settrace(before)
        else:
            sys.monitoring.use_tool_id(4, "a debugger")
            sys.monitoring.register_callback(4, sys.monitoring.events.LINE, line)
            sys.monitoring.set_events(4, sys.monitoring.events.LINE)
            try:
                traced(shared)
            finally:
                sys.monitoring.set_events(4, 0)
                sys.monitoring.free_tool_id(4)

    before = sys.gettrace()
    body()
    plain, lines[:] = lines[:], []
    assert racekit.explore(body, executions=2).ok
    assert lines[-len(plain) :] == plain  # before that, the first call of all shows that it has the function rewritten
    return plain


@pytest.mark.parametrize("how", ["sys.settrace", "sys.monitoring"])
def test_a_debugger_stops_at_the_same_lines(how: str) -> None:
    if how == "sys.monitoring" and sys.version_info < (3, 12):
        pytest.skip("sys.monitoring came with Python 3.12")
    assert lines_of(made(TRACED, "traced"), how)


def test_a_breakpoint_is_hit_in_each_thread() -> None:
    source = """
        def broken_into(shared):
            value = shared.value
            shared.value = value + 1
    """
    broken_into = made(source, "broken_into")
    stops: list[int] = []

    class Debugger(bdb.Bdb):
        def user_line(self, frame: Any) -> None:
            if self.break_here(frame):
                stops.append(frame.f_lineno)
            self.set_continue()

    def body() -> int:
        shared = Shared()

        def debugged() -> None:
            debugger = Debugger()
            debugger.set_break(broken_into.__code__.co_filename, 4)
            debugger.runcall(broken_into, shared)

        threads = [threading.Thread(target=debugged) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return shared.value

    found = racekit.explore(body, strategy="random", executions=20)
    assert set(found.outcomes) == {1, 2}
    assert stops == [4] * 2 * found.executions
