"""Where on the stack a call finds its callable and its first argument.

A call instruction takes a callable, a self slot that may hold NULL, and arguments. What the self slot holds decides
which value is called (before 3.13) and which is the first argument, and the instruction does not say. But the compiler
fills the slot in few ways, so following the stack through the function tells: PUSH_NULL and the global loads push NULL,
and so do method loads once they are rewritten into plain ones. Anything else is a value, as with a decorator and the
function that it takes.
"""

from __future__ import annotations

import dis
from typing import NamedTuple

from racekit.watch import opcodes
from racekit.watch.insertion import Instruction

_VALUE, _NULL, _OWN = range(3)  # what a stack slot is known to hold; _OWN: a callable that is the compiler's own

_PAIR = (_NULL, _VALUE) if opcodes.NULL_FIRST else (_VALUE, _NULL)
_ENTERS = opcodes.numbers("BEFORE_WITH", "BEFORE_ASYNC_WITH", "LOAD_SPECIAL")  # push a context manager's own method
_OWN_MAKERS = opcodes.numbers(
    "MAKE_FUNCTION",
    "SET_FUNCTION_ATTRIBUTE",
    "LOAD_BUILD_CLASS",
    "LOAD_ASSERTION_ERROR",
    "LOAD_COMMON_CONSTANT",
)
_CALLS = {opcodes.PRECALL if opcodes.PRECALL >= 0 else opcodes.CALL: 0, opcodes.CALL_KW: 1}
_CALL_RESULTS = opcodes.numbers("CALL", "CALL_KW", "CALL_FUNCTION_EX")


class Call(NamedTuple):
    """Depths on the stack, 1 being its top, and the number of arguments; `first` is 0 for a call without any."""

    callable: int
    first: int
    arguments: int


def find_calls(instructions: list[Instruction]) -> dict[int, Call]:
    """The calls that the source makes, by the index of the instruction.

    Left out is what only the compiler calls: comprehensions, class bodies, `__exit__`, AssertionError; and
    CALL_FUNCTION_EX, whose stack never varies.
    """
    calls: dict[int, Call] = {}
    seen: set[int] = set()
    waiting: list[tuple[int, list[int]]] = [(0, [])]
    while waiting:
        index, stack = waiting.pop()
        while index not in seen:
            seen.add(index)
            instruction = instructions[index]
            opcode = instruction.opcode
            handler = instruction.handler
            if handler is not None and handler.target not in seen:
                waiting.append((handler.target, stack[: handler.depth] + [_VALUE] * (1 + handler.lasti)))
            if opcode in _CALLS:
                call = _shape(stack, instruction.argument, _CALLS[opcode])
                if call is not None:
                    calls[index] = call
            target = instruction.target
            if target >= 0 and opcode not in opcodes.UNFOLLOWED_JUMPS and target not in seen:
                branch = stack.copy()
                _apply(instruction, branch, jump=True)
                waiting.append((target, branch))
            if opcode in opcodes.FINAL:
                break
            _apply(instruction, stack, jump=False)
            index += 1
    return calls


def _shape(stack: list[int], arguments: int, above: int) -> Call | None:
    """What a call with `arguments` finds, `above` of its operands lying on top of them."""
    bottom = arguments + above + 2
    lower, upper = stack[-bottom], stack[1 - bottom]
    first = bottom - 2 if arguments else 0
    if opcodes.NULL_FIRST:
        if lower == _NULL:
            return Call(bottom - 1, first, arguments) if upper == _VALUE else None
        return Call(bottom, bottom - 1, arguments + 1) if lower == _VALUE else None
    if lower != _VALUE:
        return None
    return Call(bottom, first, arguments) if upper == _NULL else Call(bottom, bottom - 1, arguments + 1)


def _apply(instruction: Instruction, stack: list[int], jump: bool) -> None:
    """Do to `stack` what the instruction does."""
    opcode, argument = instruction.opcode, instruction.argument
    if opcode == opcodes.PUSH_NULL:
        stack.append(_NULL)
    elif opcode == opcodes.COPY:
        stack.append(stack[-argument])
    elif opcode == opcodes.SWAP:
        stack[-1], stack[-argument] = stack[-argument], stack[-1]
    elif opcode == opcodes.LOAD_GLOBAL:
        stack.extend(_PAIR if argument & 1 else (_VALUE,))
    elif opcode == opcodes.LOAD_SUPER_ATTR:
        stack[-3:] = _PAIR if argument & 1 else (_VALUE,)
    elif opcodes.is_method_load(opcode, argument):
        stack[-1:] = _PAIR
    elif opcode in _ENTERS:
        stack[-1:] = (_OWN, _VALUE)
    else:
        effect = dis.stack_effect(opcode, argument if opcode in opcodes.HAS_ARGUMENT else None, jump=jump)
        if effect > 0:
            stack.extend([_VALUE] * effect)
        elif effect < 0:
            del stack[effect:]
        if opcode in _OWN_MAKERS:
            stack[-1] = _OWN
        elif opcode in _CALL_RESULTS:
            stack[-1] = _VALUE
