"""Which attributes and globals a piece of code stores or deletes, found without taking it apart."""

from __future__ import annotations

from types import CodeType

from racekit.watch import opcodes

CELLS = "variables of enclosing functions"
"""What stands among the names for storing a `cell_contents`."""


EQUALITY = "an __eq__ of keys"
"""What stands among the names for defining how objects are compared."""


def stored_names(code: CodeType, *, of_module: bool = False) -> frozenset[str]:
    """The names that `code` stores or deletes, and the code nested in it; of_module: its own names are globals."""
    names: set[str] = set()
    if code.co_names:
        raw = code.co_code
        operations = raw[::2]
        for opcode in opcodes.NAME_WRITES | opcodes.MODULE_WRITES if of_module else opcodes.NAME_WRITES:
            at = operations.find(opcode)
            while at >= 0:
                names.add(code.co_names[_argument(raw, at) >> opcodes.NAME_SHIFT[opcode]])
                at = operations.find(opcode, at + 1)
    for constant in code.co_consts:
        if type(constant) is CodeType:
            names |= stored_names(constant)
    if code.co_name == "__eq__":
        names.add(EQUALITY)
    if "cell_contents" in names:
        names.add(CELLS)
    return frozenset(names)


def _argument(raw: bytes, at: int) -> int:
    """The argument of the instruction at code unit `at`, with those before it that extend it."""
    argument, shift = raw[2 * at + 1], 8
    while at and raw[2 * at - 2] == opcodes.EXTENDED_ARG:
        at -= 1
        argument |= raw[2 * at + 1] << shift
        shift += 8
    return argument
