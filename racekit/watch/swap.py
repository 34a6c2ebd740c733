"""Swapping the code of functions for a time.

A function object keeps its identity: whoever holds it, in whatever variable or bound method, runs the new code.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from racekit.watch.insertion import decode, insert
from racekit.watch.opcodes import LOAD_CONST, POP_TOP, encode, encode_call, number

_SIGNATURE_AND_KIND = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_GENERATOR | inspect.CO_COROUTINE
_PLACEHOLDER = "racekit"
_MARK = object()


def forwarding_code(code: CodeType, target: Callable[..., Any]) -> CodeType:
    """Code with the signature of `code` that passes its arguments to `target` and returns what that returns.

    That of a generator or coroutine function is one, too. Asynchronous generators cannot be forwarded: ValueError.
    """
    if code.co_flags & inspect.CO_ASYNC_GENERATOR:
        raise ValueError(f"{code.co_qualname} is an asynchronous generator")
    positional, variables = code.co_argcount, code.co_varnames
    template, count, before, after = _template(
        code.co_posonlyargcount,
        positional,
        code.co_flags & _SIGNATURE_AND_KIND,
        variables[positional : positional + code.co_kwonlyargcount],
        len(code.co_freevars),
    )
    return template.replace(
        co_varnames=variables[:count],
        co_freevars=code.co_freevars,
        co_consts=(*before, target, *after, _MARK),
        co_name=code.co_name,
        co_qualname=code.co_qualname,
        co_filename=code.co_filename,
        co_firstlineno=code.co_firstlineno,
    )


def announcing_code(code: CodeType, hook: Callable[[Any, Any], object]) -> CodeType:
    """`code` that first calls `hook` with its first two arguments, of which the second may be missing: None."""
    instructions = decode(code)
    begins = next(index for index, each in enumerate(instructions) if each.opcode == _RESUME) + 1
    first = b"".join(_load_argument(code, index) for index in range(min(code.co_argcount, 2)))
    constants = (*code.co_consts, hook, None)
    if code.co_argcount < 2:
        first += encode(LOAD_CONST, len(constants) - 1)
    announcement = encode(LOAD_CONST, len(constants) - 2) + first + encode_call(1) + encode(POP_TOP)
    return insert(code, instructions, before={begins: announcement}, instead={}, constants=constants, extra_stack=4)


_RESUME = number("RESUME")


def _load_argument(code: CodeType, index: int) -> bytes:
    is_cell = code.co_varnames[index] in code.co_cellvars
    return encode(number("LOAD_DEREF") if is_cell else number("LOAD_FAST"), index)


def is_forwarding(code: CodeType) -> bool:
    """Whether `code` was made by `forwarding_code`."""
    return bool(code.co_consts) and code.co_consts[-1] is _MARK


@cache
def _template(
    positional_only: int, positional: int, flags: int, keywords: tuple[str, ...], free: int
) -> tuple[CodeType, int, tuple[Any, ...], tuple[Any, ...]]:
    """Forwarding code, the number of its variables, and its constants before and after the target."""
    names = [f"p{i}" for i in range(positional)]
    parameters: list[str] = list(names)
    if positional_only:
        parameters.insert(positional_only, "/")
    passed = list(names)
    if flags & inspect.CO_VARARGS:
        parameters.append("*star")
        passed.append("*star")
    elif keywords:
        parameters.append("*")
    parameters += [f"k{i}" for i in range(len(keywords))]
    passed += [f"**{{{name!r}: k{i}}}" for i, name in enumerate(keywords)]
    if flags & inspect.CO_VARKEYWORDS:
        parameters.append("**double")
        passed.append("**double")
    call = f"{_PLACEHOLDER!r}({', '.join(passed)})"
    if flags & inspect.CO_GENERATOR:
        source = f"def stub({', '.join(parameters)}): return (yield from {call})"
    elif flags & inspect.CO_COROUTINE:
        source = f"async def stub({', '.join(parameters)}): return await {call}"
    else:
        source = f"def stub({', '.join(parameters)}): return {call}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        module = compile(source, "<racekit>", "exec")
    stub = next(constant for constant in module.co_consts if isinstance(constant, CodeType))
    if free:
        # Whoever looks at the frame's variables must find the cells of the closure in it.
        cells = encode(number("COPY_FREE_VARS"), free)
        stub = stub.replace(co_freevars=tuple(f"f{i}" for i in range(free)))
        stub = insert(stub, decode(stub), before={0: cells}, instead={}, constants=stub.co_consts, extra_stack=0)
    placeholder = stub.co_consts.index(_PLACEHOLDER)
    return stub, stub.co_nlocals, stub.co_consts[:placeholder], stub.co_consts[placeholder + 1 :]


def copy_of(function: FunctionType, code: CodeType | None = None) -> FunctionType:
    """A function that runs `code` (by default the function's own) with everything else as in `function`."""
    copy = FunctionType(
        code or function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__ = function.__qualname__
    return copy


_WRAPPED: dict[int, tuple[FunctionType, CodeType, CodeType]] = {}
"""By its id: a function, the code that it had, and the code that it has when it is wrapped."""


class Swaps:
    """The functions whose code was swapped, and what it was before."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[FunctionType, CodeType]] = {}

    def swap(self, function: FunctionType, code: CodeType) -> None:
        self._before.setdefault(id(function), (function, function.__code__))
        function.__code__ = code

    def wrap(self, function: FunctionType, wrapper: Callable[[FunctionType], Callable[..., Any]]) -> None:
        """Have `function` do what `wrapper` makes of a copy of it, which is the same each time: it is made once."""
        code = function.__code__
        wrapped = _WRAPPED.get(id(function))
        if wrapped is None or wrapped[1] is not code:
            wrapped = function, code, forwarding_code(code, wrapper(copy_of(function)))
            _WRAPPED[id(function)] = wrapped
        self.swap(function, wrapped[2])

    def before(self, function: FunctionType) -> CodeType:
        """The function's own code."""
        return self._before.get(id(function), (function, function.__code__))[1]

    def undo(self) -> None:
        """Give every function its own code again."""
        for function, code in self._before.values():
            function.__code__ = code
        self._before.clear()
