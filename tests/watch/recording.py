"""Rewrite small functions and write down what they announce."""

from __future__ import annotations

import asyncio
import textwrap
import traceback
import types
import warnings
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from racekit.watch.hooks import Hooks
from racekit.watch.rewrite import Rewritten, rewrite
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
    """Every attribute and global, but not that functions are left."""
    return name.isidentifier()


def nothing(name: str) -> bool:
    return False


def rewritten(function: Any, recorder: Recorder, announced: Callable[[str], bool] = everything) -> Rewritten:
    result = rewrite(function.__code__, recorder.hooks(), namespace=function.__globals__, announced=announced)
    function.__code__ = result.code
    return result


def compiled(source: str, name: str = "f", **namespace: Any) -> Any:
    namespace["__name__"] = "compiled"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # since 3.14 the compiler finds fault with leaving a `finally`
        code = compile(textwrap.dedent(source), "compiled.py", "exec")
    exec(code, namespace)
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


def positions(code: types.CodeType) -> list[Any]:
    """The positions of the instructions in order, without repetitions, which insertions cause."""
    found: list[Any] = []
    for position in code.co_positions():
        if not found or found[-1] != position:
            found.append(position)
    return found
