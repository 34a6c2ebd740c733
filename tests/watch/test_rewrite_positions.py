"""Where rewritten code seems to stand: lines, columns, handlers, names."""

from __future__ import annotations

import sys
import textwrap
import traceback
import types
from typing import Any

import pytest
from recording import Recorder, Thing, compiled, positions, rewritten

from racekit.watch.insertion import decode, insert


def test_inserting_nothing_changes_nothing() -> None:
    for function in (insert, decode, traceback.print_exc, textwrap.TextWrapper._split_chunks, pytest.main):
        code = function.__code__
        same = insert(code, decode(code), before={}, instead={}, constants=code.co_consts, extra_stack=0)
        assert same == code
        assert same.co_linetable == code.co_linetable and same.co_exceptiontable == code.co_exceptiontable


def test_positions_survive_wide_and_long_code() -> None:
    lines = [f"  x.attribute_{i} = {'' if i % 3 else ' ' * 200}x.attribute_{i} + (\n\n  y.z({i}))" for i in range(300)]
    function = compiled("def f(x, y):\n" + "\n".join(lines))
    before = function.__code__
    assert positions(rewritten(function, Recorder()).code) == positions(before)


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
