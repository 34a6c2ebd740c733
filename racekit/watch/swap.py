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

_PLACEHOLDER = "racekit"
_MARK = object()


def forwarding_code(code: CodeType, target: Callable[..., Any]) -> CodeType:
    """Code with the signature of `code` that passes its arguments to `target` and returns what that returns.

    That of a generator or coroutine function is one, too. Asynchronous generators cannot be forwarded: ValueError.
    """
    if code.co_flags & inspect.CO_ASYNC_GENERATOR:
        raise ValueError(f"{code.co_qualname} is an asynchronous generator")
    template = _template(
        code.co_posonlyargcount,
        code.co_argcount,
        code.co_kwonlyargcount,
        bool(code.co_flags & inspect.CO_VARARGS),
        bool(code.co_flags & inspect.CO_VARKEYWORDS),
        code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE),
        code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount],
        len(code.co_freevars),
    )
    count, constants = template.co_nlocals, template.co_consts
    placeholder = constants.index(_PLACEHOLDER)
    before, after = constants[:placeholder], constants[placeholder + 1 :]
    return template.replace(
        co_varnames=code.co_varnames[:count],
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
    positional_only: int,
    positional: int,
    keyword_only: int,
    star: bool,
    star_star: bool,
    kind: int,
    keywords: tuple[str, ...],
    free: int,
) -> CodeType:
    names = [f"p{i}" for i in range(positional)]
    parameters: list[str] = list(names)
    if positional_only:
        parameters.insert(positional_only, "/")
    passed = list(names)
    if star:
        parameters.append("*star")
        passed.append("*star")
    elif keyword_only:
        parameters.append("*")
    parameters += [f"k{i}" for i in range(keyword_only)]
    passed += [f"**{{{name!r}: k{i}}}" for i, name in enumerate(keywords)]
    if star_star:
        parameters.append("**double")
        passed.append("**double")
    call = f"{_PLACEHOLDER!r}({', '.join(passed)})"
    if kind & inspect.CO_GENERATOR:
        source = f"def stub({', '.join(parameters)}): return (yield from {call})"
    elif kind & inspect.CO_COROUTINE:
        source = f"async def stub({', '.join(parameters)}): return await {call}"
    else:
        source = f"def stub({', '.join(parameters)}): return {call}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        module = compile(source, "<racekit>", "exec")
    stub = next(constant for constant in module.co_consts if isinstance(constant, CodeType))
    if not free:
        return stub
    # Whoever looks at the frame's variables must find the cells of the closure in it.
    cells = encode(number("COPY_FREE_VARS"), free)
    stub = stub.replace(co_freevars=tuple(f"f{i}" for i in range(free)))
    return insert(stub, decode(stub), before={0: cells}, instead={}, constants=stub.co_consts, extra_stack=0)


def copy_of(function: FunctionType, code: CodeType | None = None) -> FunctionType:
    """A function that runs `code` (by default the function's own) with everything else as in `function`."""
    copy = FunctionType(
        code or function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__ = function.__qualname__
    return copy


class Swaps:
    """The functions whose code was swapped, and what it was before."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[FunctionType, CodeType]] = {}

    def swap(self, function: FunctionType, code: CodeType) -> None:
        self._before.setdefault(id(function), (function, function.__code__))
        function.__code__ = code

    def before(self, function: FunctionType) -> CodeType:
        """The function's own code."""
        return self._before.get(id(function), (function, function.__code__))[1]

    def undo(self) -> None:
        """Give every function its own code again."""
        for function, code in self._before.values():
            function.__code__ = code
        self._before.clear()
