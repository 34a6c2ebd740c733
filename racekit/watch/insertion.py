"""Put instructions into a code object, and leave everything else in it as it was.

Nothing but jumps is decoded and built again: other instructions are copied as bytes, and the tables of positions and of
exception handlers only have their offsets moved. So an instruction that is new in some Python comes through unharmed,
names, variables and constants keep their places, and each entry of a table keeps its stack depth and its columns. What
is put before an instruction has that instruction's position and handlers, and a jump to the instruction runs it too.
"""

from __future__ import annotations

import dis
import re
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import NamedTuple

from racekit.watch import opcodes


class Handler(NamedTuple):
    """One entry of a code object's exception table. `start` and `end` count code units, as in `Instruction`."""

    start: int
    end: int
    target: int
    depth: int
    lasti: bool


class Instruction:
    """One instruction: prefixes from `start`, itself `at`, then caches, all before `end`; counted in code units."""

    __slots__ = ("argument", "at", "end", "handler", "opcode", "start", "target")

    def __init__(self, opcode: int, argument: int, start: int, at: int, end: int) -> None:
        self.opcode = opcode
        self.argument = argument
        self.start = start
        self.at = at
        self.end = end
        self.target = -1  # index of the instruction it may jump to
        self.handler: Handler | None = None

    def __repr__(self) -> str:
        return f"<{dis.opname[self.opcode]} {self.argument} at {self.start}>"


def decode(code: CodeType) -> list[Instruction]:
    """The instructions of `code`, with jump targets as indices and with the handler that covers each."""
    raw = code.co_code
    operations, arguments = raw[::2], raw[1::2]
    extended, cache, jumps = opcodes.EXTENDED_ARG, opcodes.CACHE, opcodes.JUMPS
    found: list[Instruction] = []
    index_at: dict[int, int] = {}
    unit, units = 0, len(operations)
    while unit < units:
        start, opcode, argument = unit, operations[unit], arguments[unit]
        while opcode == extended:
            unit += 1
            opcode, argument = operations[unit], argument << 8 | arguments[unit]
        at = unit
        unit += 1
        while unit < units and operations[unit] == cache:
            unit += 1
        index_at[start] = len(found)
        found.append(Instruction(opcode, argument, start, at, unit))
    for instruction in found:
        if instruction.opcode in jumps:
            distance = instruction.argument
            if instruction.opcode in opcodes.BACKWARD_JUMPS:
                distance = -distance
            instruction.target = index_at[instruction.end + distance]
    for handler in read_handlers(code.co_exceptiontable):
        handler = handler._replace(target=index_at[handler.target])
        for index in range(index_at[handler.start], len(found)):
            if found[index].start >= handler.end:
                break
            found[index].handler = handler
    return found


def insert(
    code: CodeType,
    instructions: list[Instruction],
    *,
    before: Mapping[int, bytes],
    instead: Mapping[int, bytes],
    constants: tuple[object, ...],
    extra_stack: int,
) -> CodeType:
    """`code` with bytes put before some of its `instructions`, given by index, and other bytes in place of some.

    `constants` replaces `co_consts`; `extra_stack` is how many more stack slots the new instructions need.
    """
    raw = code.co_code
    prefixes = [before.get(index, b"") for index in range(len(instructions))]
    bodies = [
        instead[index] if index in instead else raw[2 * instruction.start : 2 * instruction.end]
        for index, instruction in enumerate(instructions)
    ]
    offsets = _place(instructions, prefixes, bodies)
    moved = _moved(instructions, prefixes, offsets)
    return code.replace(
        co_code=b"".join(piece for pair in zip(prefixes, bodies, strict=True) for piece in pair),
        co_consts=constants,
        co_stacksize=code.co_stacksize + extra_stack,
        co_linetable=_move_positions(code.co_linetable, moved),
        co_exceptiontable=b"".join(
            _write_handler(
                handler._replace(start=moved[handler.start], end=moved[handler.end], target=moved[handler.target])
            )
            for handler in read_handlers(code.co_exceptiontable)
        ),
    )


def _place(instructions: list[Instruction], prefixes: list[bytes], bodies: list[bytes]) -> list[int]:
    """Build the jumps among `bodies` again; where each instruction starts, with its prefix, and where the last ends."""
    jumps = [(index, instruction) for index, instruction in enumerate(instructions) if instruction.target >= 0]
    while True:  # a jump that gets longer moves what is behind it, which may make other jumps longer
        offsets = [0]
        for prefix, body in zip(prefixes, bodies, strict=True):
            offsets.append(offsets[-1] + (len(prefix) + len(body)) // 2)
        grown = False
        for index, instruction in jumps:
            distance = abs(offsets[instruction.target] - offsets[index + 1])
            jump = _jump(instruction, distance, len(bodies[index]))
            grown = grown or len(jump) > len(bodies[index])
            bodies[index] = jump
        if not grown:
            return offsets


def _jump(instruction: Instruction, distance: int, size: int) -> bytes:
    """The jump over `distance` units, in no fewer bytes than `size`, so that sizes only ever grow."""
    jump = opcodes.encode(instruction.opcode, distance) + bytes(2 * (instruction.end - instruction.at - 1))
    return bytes((opcodes.EXTENDED_ARG, 0)) * ((size - len(jump)) // 2) + jump


def _moved(instructions: list[Instruction], prefixes: list[bytes], offsets: list[int]) -> list[int]:
    """Where each old code unit is now; that of an instruction's first unit is where its prefix starts."""
    moved: list[int] = []
    for instruction, prefix, start, end in zip(instructions, prefixes, offsets, offsets[1:], strict=False):
        moved.append(start)
        units = instruction.end - instruction.start
        if units > 1:
            body = start + len(prefix) // 2
            kept = min(body + units, end)
            moved += range(body + 1, kept)
            moved += [end] * (body + units - kept)
    moved.append(offsets[-1])
    return moved


def read_handlers(table: bytes) -> Iterator[Handler]:
    """The entries of a `co_exceptiontable`; the target counts code units, too."""
    numbers: list[int] = []
    value = 0
    for byte in table:
        value = value << 6 | byte & 63
        if not byte & 64:
            numbers.append(value)
            value = 0
    for at in range(0, len(numbers), 4):
        start, length, target, depth = numbers[at : at + 4]
        yield Handler(start, start + length, target, depth >> 1, bool(depth & 1))


def _write_handler(handler: Handler) -> bytes:
    depth = handler.depth << 1 | handler.lasti
    written = bytearray()
    for value in (handler.start, handler.end - handler.start, handler.target, depth):
        digits = [value & 63]
        while value := value >> 6:
            digits.append(value & 63 | 64)
        written += bytes(reversed(digits))
    written[0] |= 128  # marks the start of an entry
    return bytes(written)


def _move_positions(table: bytes, moved: list[int]) -> bytes:
    """A `co_linetable` whose entries cover what became of the code units that they covered."""
    written = bytearray()
    unit = 0
    for entry in _ENTRY.findall(table):
        length = (entry[0] & 7) + 1
        size = moved[unit + length] - moved[unit]
        unit += length
        if size == length:
            written += entry
            continue
        kind, payload = entry[0] >> 3 & 15, entry[1:]
        while size > 0:
            written.append(128 | kind << 3 | min(size, 8) - 1)
            written += payload
            size -= 8
            kind, payload = _same_line(kind, payload)
    return bytes(written)


_ENTRY = re.compile(rb"[\x80-\xff][\x00-\x7f]*")
"""One entry of a `co_linetable`: its first byte, and what belongs to it."""


def _same_line(kind: int, payload: bytes) -> tuple[int, bytes]:
    """The form that repeats a position without stepping to another line once more."""
    if kind in (11, 12):  # one or two lines on, with columns
        return 10, payload
    if kind == 13:  # any number of lines on, without columns
        return kind, b"\0"
    if kind == 14:  # any number of lines on, then the rest
        step = 1
        while payload[step - 1] & 64:
            step += 1
        return kind, b"\0" + payload[step:]
    return kind, payload
