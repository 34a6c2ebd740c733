"""Finding a line of a function, and putting a call before or after its statement."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Callable, Iterator
from types import CodeType
from typing import NamedTuple

from racekit.errors import BadArgument
from racekit.watch.insertion import Instruction, decode, insert
from racekit.watch.opcodes import NULL_FIRST, encode, encode_call, number, numbers

_BOUND_TO_OTHERS = numbers(
    "RESUME", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR", "NOT_TAKEN", "END_FOR", "POP_ITER"
)
"""Instructions that belong to a function's beginning or to the jump before them: nothing may come in between."""
_JUMPS = numbers("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "NOP")
_RETURNS = numbers("RETURN_VALUE", "RETURN_CONST")
_CONSTANTS = numbers("LOAD_CONST", "LOAD_CONST_IMMORTAL", "LOAD_COMMON_CONSTANT")
_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_COMPOUND = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


class Statement(NamedTuple):
    """The lines of one statement (of a compound one: of its header), and whether the place is behind it."""

    first: int
    last: int
    after: bool
    text: str
    entered_by: frozenset[int] = frozenset()
    """For a loop or `with`, whose line also stands behind its end: instructions of which its beginning has one."""


def find_statement(code: CodeType, place: str | int | re.Pattern[str], *, after: bool) -> Statement:
    """The statement of `code` that `place` means: a source fragment, a pattern, or a line number.

    A number is that of a line of the file if it lies within the function, and else counts from the `def` line.
    Raises BadArgument when no line or several lines match.
    """
    function = _function_node(code)
    lines = _lines(code, function)
    matching = sorted({_header(node)[0] for node in _statements(function) if _matches(node, lines, place, function)})
    word = "after" if after else "before"
    if len(matching) != 1:
        found = "no line" if not matching else f"{len(matching)} lines"
        candidates = matching or sorted(lines)
        listing = "\n".join(f"  {line}: {lines[line].strip()}" for line in candidates if lines[line].strip())
        shown = place.pattern if isinstance(place, re.Pattern) else place
        raise BadArgument(
            f"{word}={shown!r} matches {found} of {code.co_qualname}: "
            f"write what stands on exactly one of these, or its number.\n{listing}"
        )
    node = next(node for node in _statements(function) if _header(node)[0] == matching[0])
    first, last = _header(node)
    text = lines[first].strip()
    if after and isinstance(node, _LEAVING):
        raise BadArgument(
            f"after={place!r} means line {first} of {code.co_qualname}, `{text}`, which leaves: use before=."
        )
    if after and isinstance(node, _COMPOUND):
        body = node.cases[0].body if isinstance(node, ast.Match) else node.body
        first, last = _header(body[0])
        return Statement(first, last, False, text, _entered_by(body[0]))
    return Statement(first, last, after, text, _entered_by(node))


def _entered_by(node: ast.stmt) -> frozenset[int]:
    if isinstance(node, ast.For | ast.AsyncFor):
        return numbers("GET_ITER", "GET_AITER")
    if isinstance(node, ast.With | ast.AsyncWith):
        return numbers("BEFORE_WITH", "BEFORE_ASYNC_WITH", "LOAD_SPECIAL")
    return frozenset()


def _function_node(code: CodeType) -> ast.FunctionDef | ast.AsyncFunctionDef:
    source = "".join(linecache.getlines(code.co_filename))
    if not source:
        raise BadArgument(
            f"The source of {code.co_qualname} ({code.co_filename}) cannot be read, so it has no lines to choose from."
        )
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    raise BadArgument(
        f"{code.co_qualname} is not a function with a `def` in {code.co_filename}: only those have lines."
    )


def _lines(code: CodeType, function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[int, str]:
    last = function.end_lineno or function.lineno
    return {line: linecache.getline(code.co_filename, line) for line in range(function.lineno, last + 1)}


def _statements(function: ast.AST) -> Iterator[ast.stmt]:
    """The statements of the function itself, in order, without those of functions and classes inside it."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _statements(node)


def _header(node: ast.stmt) -> tuple[int, int]:
    last = node.end_lineno or node.lineno
    if isinstance(node, _COMPOUND):
        body = node.cases[0].pattern.lineno if isinstance(node, ast.Match) else node.body[0].lineno
        last = max(node.lineno, body - 1)
    return node.lineno, last


def _matches(node: ast.stmt, lines: dict[int, str], place: str | int | re.Pattern[str], function: ast.AST) -> bool:
    first, last = _header(node)
    if isinstance(place, int):
        wanted = place if place in lines else getattr(function, "lineno", 0) + place
        return first <= wanted <= last
    text = "".join(lines[line] for line in range(first, last + 1))
    return place in text if isinstance(place, str) else place.search(text) is not None


def insert_call(code: CodeType, statement: Statement, callback: Callable[[], object]) -> CodeType:
    """`code` with a call of `callback` before the statement, or right after it."""
    instructions = decode(code)
    positions = list(code.co_positions())
    lines = [positions[instruction.at][0] for instruction in instructions]
    inside = [
        line is not None and statement.first <= line <= statement.last and instruction.opcode not in _BOUND_TO_OTHERS
        for line, instruction in zip(lines, instructions, strict=True)
    ]
    constants = (*code.co_consts, callback)
    load = encode(number("LOAD_CONST"), len(code.co_consts))
    null = encode(number("PUSH_NULL"))
    call = (null + load if NULL_FIRST else load + null) + encode_call(0) + encode(number("POP_TOP"))
    before: dict[int, bytes] = {}
    instead: dict[int, bytes] = {}
    for start, end in _runs(inside):
        opcodes = {instruction.opcode for instruction in instructions[start:end]}
        if statement.entered_by and opcodes.isdisjoint(statement.entered_by):
            continue
        if not statement.after:
            before[start] = call
            continue
        last = _last_effective(instructions, start, end)
        if last is not None:
            instruction = instructions[last]
            instead[last] = code.co_code[2 * instruction.start : 2 * instruction.end] + call
    return insert(code, instructions, before=before, instead=instead, constants=constants, extra_stack=3)


def _runs(inside: list[bool]) -> Iterator[tuple[int, int]]:
    start: int | None = None
    for index, is_inside in enumerate([*inside, False]):
        if is_inside and start is None:
            start = index
        elif not is_inside and start is not None:
            yield start, index
            start = None


def _last_effective(instructions: list[Instruction], start: int, end: int) -> int | None:
    """The last instruction of the statement itself: behind it may come a jump, or the end of the function."""
    index = end - 1
    while index >= start and instructions[index].opcode in _JUMPS | _RETURNS:
        returns = instructions[index].opcode in _RETURNS
        index -= 1
        if returns and index >= start and instructions[index].opcode in _CONSTANTS:
            index -= 1
    return index if index >= start else None
