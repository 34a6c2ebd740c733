"""Which closure variables can change while another thread sees them.

A variable that its owner only writes before any closure has captured its cell, and that no closure writes, is settled:
whoever can see the cell finds the same value for ever, so reading it is nobody's business.
"""

from __future__ import annotations

from types import CodeType

from racekit.watch import opcodes
from racekit.watch.insertion import Instruction

IMPLICIT = frozenset({"__class__", "__classdict__", "__conditional_annotations__"})
"""Cells that the compiler makes for itself."""


def local_names(code: CodeType) -> list[str]:
    """The names behind the indices with which instructions denote local and closure variables."""
    return [*code.co_varnames, *(name for name in code.co_cellvars if name not in code.co_varnames), *code.co_freevars]


def written_cells(code: CodeType, instructions: list[Instruction]) -> set[str]:
    """The closure variables that this code writes or deletes."""
    names = local_names(code)
    return {names[each.argument] for each in instructions if each.opcode in opcodes.CELL_WRITES}


def settled_cells(code: CodeType, instructions: list[Instruction], written_inside: set[str]) -> frozenset[str]:
    """The variables of `code` that stay as they are once they are captured; `written_inside` are closures' writes."""
    names = local_names(code)
    owned = {names.index(name): name for name in code.co_cellvars if name not in written_inside}
    writes: dict[int, list[int]] = {}
    captures: dict[int, list[int]] = {}
    for index, instruction in enumerate(instructions):
        if instruction.argument in owned:
            if instruction.opcode in opcodes.CELL_WRITES:
                writes.setdefault(instruction.argument, []).append(index)
            elif instruction.opcode in opcodes.CELL_CAPTURES:
                captures.setdefault(instruction.argument, []).append(index)
    return frozenset(
        name
        for variable, name in owned.items()
        if variable not in writes
        or (variable in captures and _reachable(instructions, captures[variable]).isdisjoint(writes[variable]))
    )


def _reachable(instructions: list[Instruction], starts: list[int]) -> set[int]:
    """The instructions that can run after one of `starts`, and these themselves."""
    seen: set[int] = set()
    waiting = list(starts)
    while waiting:
        index = waiting.pop()
        if index in seen:
            continue
        seen.add(index)
        instruction = instructions[index]
        if instruction.handler is not None:
            waiting.append(instruction.handler.target)
        if instruction.target >= 0:
            waiting.append(instruction.target)
        if instruction.opcode not in opcodes.FINAL:
            waiting.append(index + 1)
    return seen
