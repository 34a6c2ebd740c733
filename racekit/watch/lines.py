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
from racekit.watch.opcodes import FINAL, NULL_FIRST, encode, encode_call, number, numbers

_BOUND_TO_OTHERS = numbers(
    "RESUME",
    "COPY_FREE_VARS",
    "MAKE_CELL",
    "RETURN_GENERATOR",
    "PUSH_EXC_INFO",
    "NOT_TAKEN",
    "END_FOR",
    "POP_ITER",
)
"""Instructions that belong to a function's beginning or to the jump before them: nothing may come in between."""
_ENDS = numbers("RETURN_VALUE", "RETURN_CONST", "RERAISE")
"""What ends a function behind its last statement, or behind that of a `finally`."""
_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Point = tuple[int, int]
"""A line and a column, as bytes."""


class Statement(NamedTuple):
    """Where in the source one statement is (of a compound one: its header), and whether the place is behind it."""

    start: Point
    end: Point
    after: bool
    text: str
    entered_by: frozenset[int] = frozenset()
    """For a loop or `with`, whose line also stands behind its end: instructions of which its beginning has one."""

    @property
    def line(self) -> int:
        return self.start[0]

    def covers(self, line: int | None, column: int | None) -> bool:
        """Whether code from there belongs to it. (Python was perhaps told not to keep columns.)"""
        if line is None or column is None:
            return line is not None and self.start[0] <= line < self.end[0] + (self.end[1] > 0)
        return self.start <= (line, column) < self.end


# --- from a place in the source to a statement -----------------------------------------------------------------------


def find_statement(code: CodeType, place: str | int | re.Pattern[str], *, after: bool) -> Statement:
    """The statement of `code` that `place` means: a source fragment, a pattern, or a line number.

    A number is that of a line of the file if it lies within the function, and else counts from the `def` line. A line
    that opens a block stands for what it evaluates itself; behind it is inside the block.
    Raises BadArgument when no statement or several match.
    """
    function = _function_node(code)
    source = [line.encode() for line in linecache.getlines(code.co_filename)]
    candidates = [(node, _text(node, source)) for node in _statements(function)]
    matching = [(node, text) for node, text in candidates if _matches(node, text, place, function)]
    word = "after" if after else "before"
    if len(matching) != 1:
        found = f"{len(matching) or 'no'} line{'s' if len(matching) > 1 else ''}"
        listing = "\n".join(f"  {node.lineno}: {text.splitlines()[0]}" for node, text in matching or candidates)
        shown = place.pattern if isinstance(place, re.Pattern) else place
        raise BadArgument(
            f"{word}={shown!r} matches {found} of {code.co_qualname}: "
            f"write what stands on exactly one of these, or its number.\n{listing}"
        )
    node, text = matching[0]
    text = text.splitlines()[0]
    if after and isinstance(node, _LEAVING):
        raise BadArgument(
            f"after={place!r} means line {node.lineno} of {code.co_qualname}, `{text}`, which leaves: use before=."
        )
    block = _block(node)
    if after and block is not None:
        return Statement(*_span(block), False, text, _entered_by(block))
    return Statement(*_span(node), after, text, _entered_by(node))


def _function_node(code: CodeType) -> Function:
    source = "".join(linecache.getlines(code.co_filename))
    if not source:
        raise BadArgument(
            f"The source of {code.co_qualname} ({code.co_filename}) cannot be read, so it has no lines to choose from."
        )
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _FUNCTIONS) and node.name == code.co_name and _start(node)[0] == code.co_firstlineno:
            return node
    raise BadArgument(
        f"{code.co_qualname} is not a function with a `def` in {code.co_filename}: only those have lines."
    )


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements of a function itself, in order, without its docstring and those of functions inside it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt) and not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            yield child
        if not isinstance(child, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            yield from _statements(child)


def _block(node: ast.stmt) -> ast.stmt | None:
    """The first statement of the block that a compound statement opens."""
    if isinstance(node, ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.TryStar):
        return node.body[0]
    return node.cases[0].body[0] if isinstance(node, ast.Match) else None


def _start(node: ast.stmt) -> Point:
    decorators = node.decorator_list if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) else []
    return min([(node.lineno, node.col_offset), *((found.lineno, found.col_offset) for found in decorators)])


def _span(node: ast.stmt) -> tuple[Point, Point]:
    block = _block(node)
    if isinstance(node, ast.Match):
        return _start(node), (node.cases[0].pattern.lineno, 0)
    if block is not None:
        line, column = _start(block)
        return _start(node), (line, column if line == node.lineno else 0)
    return _start(node), (node.end_lineno or node.lineno, node.end_col_offset or 0)


def _text(node: ast.stmt, source: list[bytes]) -> str:
    """What stands there, with a comment that ends the line."""
    (first, begin), (last, end) = _span(node)
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        last, end = node.lineno, len(source[node.lineno - 1])
    lines = source[first - 1 : last]
    comment = lines[-1][end:] if lines[-1][end:].lstrip().startswith(b"#") else b""
    lines[-1] = lines[-1][:end] + comment
    lines[0] = lines[0][begin:]
    return b"".join(lines).decode().strip()


def _matches(node: ast.stmt, text: str, place: str | int | re.Pattern[str], function: Function) -> bool:
    if isinstance(place, int):
        last = function.end_lineno or function.lineno
        line = place if function.lineno <= place <= last else function.lineno + place
        return node.lineno <= line < node.lineno + len(text.splitlines())
    return place in text if isinstance(place, str) else place.search(text) is not None


def _entered_by(node: ast.stmt) -> frozenset[int]:
    if isinstance(node, ast.For | ast.AsyncFor):
        return numbers("GET_ITER", "GET_AITER")
    if isinstance(node, ast.With | ast.AsyncWith):
        return numbers("BEFORE_WITH", "BEFORE_ASYNC_WITH", "LOAD_SPECIAL")
    return frozenset()


# --- from a statement to a call --------------------------------------------------------------------------------------


def insert_call(code: CodeType, statement: Statement, callback: Callable[[], object]) -> CodeType:
    """`code` with a call of `callback` before the statement, or right after it.

    Raises BadArgument for a statement without code, or behind which the call would not always be reached.
    """
    instructions = decode(code)
    inside = _inside(code, instructions, statement)
    load = encode(number("LOAD_CONST"), len(code.co_consts))
    null = encode(number("PUSH_NULL"))
    call = (null + load if NULL_FIRST else load + null) + encode_call(0) + encode(number("POP_TOP"))
    before: dict[int, bytes] = {}
    instead: dict[int, bytes] = {}
    if not statement.after:
        before = dict.fromkeys(_beginnings(instructions, inside, statement.entered_by), call)
    else:
        entries = _entries(instructions, inside)
        for index in _ways_out(instructions, inside, entries):
            instruction = instructions[index]
            if instruction.target >= 0 and instruction.opcode not in FINAL:
                raise BadArgument(
                    f"Behind line {statement.line} of {code.co_qualname}, `{statement.text}`, the code goes on in "
                    "several ways: use before= with the line that follows."
                )
            if instruction.opcode in FINAL and index not in entries:
                before[index] = call
                continue
            if instruction.opcode in FINAL:  # other code, which has not come through the statement, goes this way too
                index -= 1
                instruction = instructions[index]
            instead[index] = code.co_code[2 * instruction.start : 2 * instruction.end] + call
    if not before and not instead:
        raise BadArgument(
            f"Line {statement.line} of {code.co_qualname}, `{statement.text}`, does nothing when it is reached: "
            "use another line."
        )
    constants = (*code.co_consts, callback)
    return insert(code, instructions, before=before, instead=instead, constants=constants, extra_stack=3)


def _inside(code: CodeType, instructions: list[Instruction], statement: Statement) -> list[bool]:
    """Which instructions belong to the statement. One without a line belongs to what it goes on to."""
    positions = list(code.co_positions())
    found: list[bool] = []
    following = False
    for instruction in reversed(instructions):
        line, _, column, _ = positions[instruction.at]
        if line is not None:
            following = statement.covers(line, column)
        elif instruction.opcode in FINAL:
            following = False
        found.append(following)
    return found[::-1]


def _entries(instructions: list[Instruction], inside: list[bool]) -> set[int]:
    """The instructions inside that the code outside goes on to. (The compiler copies a `finally`, for one.)"""
    entries: set[int] = set()
    falls = True
    for index, instruction in enumerate(instructions):
        if inside[index]:
            if falls:
                entries.add(index)
            falls = False
            continue
        falls = instruction.opcode not in FINAL
        goes_to = {instruction.target, instruction.handler.target if instruction.handler is not None else -1}
        entries.update(target for target in goes_to if target >= 0 and inside[target])
    return entries


def _beginnings(instructions: list[Instruction], inside: list[bool], entered_by: frozenset[int]) -> Iterator[int]:
    """Where the statement begins; not where the code outside comes back to the midst of it, as in a loop."""
    entries = _entries(instructions, inside)
    for start in sorted(entries):
        if start > 0 and inside[start - 1] and instructions[start - 1].opcode not in FINAL:
            continue
        end = start
        while end < len(inside) and inside[end]:
            end += 1
        opcodes = {instruction.opcode for instruction in instructions[start:end]}
        if entered_by and opcodes.isdisjoint(entered_by):
            continue
        while start < end and instructions[start].opcode in _BOUND_TO_OTHERS:
            start += 1
        if start < end:
            yield start


def _ways_out(instructions: list[Instruction], inside: list[bool], entries: set[int]) -> Iterator[int]:
    """The instructions by which control leaves the statement when it is done."""
    reached: set[int] = set()
    todo = list(entries)
    while todo:
        index = todo.pop()
        if index in reached:
            continue
        reached.add(index)
        instruction = instructions[index]
        next_ones = [instruction.target] if instruction.target >= 0 else []
        if instruction.opcode not in FINAL:
            next_ones.append(index + 1)
        if instruction.opcode in _ENDS or any(not inside[next_one] for next_one in next_ones):
            yield index
        todo += [next_one for next_one in next_ones if inside[next_one]]
