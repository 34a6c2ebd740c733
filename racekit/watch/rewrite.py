"""Rewrite a code object so that it announces its shared accesses and its calls just before they happen.

An announcement is a call of a hook, put before the instruction with copies of that instruction's operands. It leaves
the stack as it found it, stands at the same position, and raises into the same handlers. So frames, tracebacks,
coverage and debuggers see the original function, except that a hook may block or raise where the instruction stood.

A hook and its site are constants, and the hook is called with its first operand in the self slot: `LOAD_CONST hook;
COPY operand; LOAD_CONST site; CALL`. That form means the same on every Python, whether a call's NULL lies below or
above its callable, and the interpreter specializes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import CodeType
from typing import Any

from racekit.watch import opcodes
from racekit.watch.announcements import ANNOUNCEMENTS, ELEMENTS, OF_MODULES, TOP, TOP_TWO
from racekit.watch.calls import Call, find_calls
from racekit.watch.cells import IMPLICIT, local_names, settled_cells, written_cells
from racekit.watch.hooks import CHANGED_BY_METHODS, Hooks
from racekit.watch.insertion import Instruction, decode, insert
from racekit.watch.opcodes import encode, encode_call, number
from racekit.watch.site import Site
from racekit.watch.stored_names import CELLS, stored_names


class CannotRewrite(ValueError):
    """A code object that cannot be rewritten; the cause says why."""


@dataclass(frozen=True)
class Rewritten:
    """A rewritten code object, and what it announces. All of it counts the code nested in it, too."""

    code: CodeType
    sites: tuple[Site, ...]
    dependent_names: frozenset[str]
    """Attributes and globals whose loads it announces only if other code stores them."""


def rewrite(
    code: CodeType,
    hooks: Hooks,
    *,
    namespace: dict[str, Any],
    announced: Callable[[str], bool],
    every_attribute: bool = False,
    of_module: bool = False,
) -> Rewritten:
    """Rewrite `code`, and the code nested in it, to call `hooks`.

    `namespace` is the `__globals__` of its function. Loads of attributes and globals are announced if the code itself
    stores that name, or if `announced` says so; with `every_attribute`, all loads of attributes are.
    of_module: the names that `code` itself uses are those of its globals.
    """
    try:
        unit = _Unit(code)
        rewriting = _Rewriting(hooks, namespace, announced, stored_names(code, of_module=of_module), every_attribute)
        rewriting.module = code if of_module else None
        rewritten = rewriting.rewrite(unit, frozenset())
    except Exception as error:
        raise CannotRewrite(f"{code.co_qualname} ({code.co_filename}:{code.co_firstlineno}): {error!r}") from error
    return Rewritten(rewritten, tuple(rewriting.sites), frozenset(rewriting.dependent))


def leaving(code: CodeType) -> str:
    """What stands among the names that are announced for `code` telling when it is left."""
    return f"{code.co_qualname} ({code.co_filename}:{code.co_firstlineno})"


_EXTRA_STACK = 6  # what an announcement has on the stack at most, but for that of a call: hook, operands, site


class _Unit:
    """A code object taken apart, with those nested in it."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.instructions = decode(code)
        self.children: dict[int, _Unit] = {
            index: _Unit(constant) for index, constant in enumerate(code.co_consts) if isinstance(constant, CodeType)
        }
        self.written_inside: set[str] = {name for child in self.children.values() for name in child.written_outside}
        self.written_outside: set[str] = self.written_inside.union(written_cells(code, self.instructions)) & set(
            code.co_freevars
        )

    def name(self, instruction: Instruction) -> str:
        """The attribute or global that an instruction with a name is about."""
        return self.code.co_names[instruction.argument >> opcodes.NAME_SHIFT[instruction.opcode]]


class _Rewriting:
    """The rewriting of a code object and of those nested in it."""

    def __init__(
        self,
        hooks: Hooks,
        namespace: dict[str, Any],
        announced: Callable[[str], bool],
        stored: frozenset[str],
        every_attribute: bool,
    ) -> None:
        self.hooks = hooks
        self.namespace = namespace
        self.announced = announced
        self.stored = stored
        self.every_attribute = every_attribute
        self.module: CodeType | None = None
        self.dependent: set[str] = set()
        self.sites: list[Site] = []

    def rewrite(self, unit: _Unit, settled: frozenset[str]) -> CodeType:
        """The new code of `unit`; `settled` are closure variables from outside whose value does not change."""
        body = _Body(self, unit, settled)
        for index, child in unit.children.items():
            body.constants[index] = self.rewrite(child, body.settled)
        return body.rewrite()


class _Body:
    """The rewriting of one code object."""

    def __init__(self, rewriting: _Rewriting, unit: _Unit, settled: frozenset[str]) -> None:
        self.rewriting = rewriting
        self.unit = unit
        self.settled = (settled & frozenset(unit.code.co_freevars)).union(
            settled_cells(unit.code, unit.instructions, unit.written_inside)
        )
        self.constants: list[object] = list(unit.code.co_consts)
        self.hook_constants: dict[str, bytes] = {}
        self.before: dict[int, bytes] = {}
        self.instead: dict[int, bytes] = {}
        self.extra_stack = _EXTRA_STACK
        self.lines = _lines(unit.code)

    def rewrite(self) -> CodeType:
        unit = self.unit
        cell_names = local_names(unit.code)
        targets = {instruction.target for instruction in unit.instructions}
        for index, instruction in enumerate(unit.instructions):
            opcode = instruction.opcode
            if opcode in opcodes.CELL_ACCESSES:
                name = cell_names[instruction.argument]
                if name not in IMPLICIT and (name not in self.settled or self.is_announced(CELLS)):
                    cell = encode(opcodes.LOAD_CLOSURE, instruction.argument)
                    self.announce(index, opcodes.CELL_ACCESSES[opcode], name, cell, 1)
            elif opcode == opcodes.CALL_FUNCTION_EX:
                self.announce_unpacked(index)
            elif opcode in opcodes.NAME_SHIFT:
                self.announce_name(index)
            elif opcode in ANNOUNCEMENTS and (opcode != opcodes.BINARY_OP or self.is_subscript(instruction)):
                kind, operands, count = ANNOUNCEMENTS[opcode]
                awaits = opcode == opcodes.SEND and unit.code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR)
                if not awaits and not (opcode in ELEMENTS and self.follows_constant(index, targets)):
                    self.announce_stored_items(index, targets)
                    self.announce(index, kind, "", operands, count)
            if opcode in opcodes.FORMATS and not (
                opcode == opcodes.FORMAT_VALUE and instruction.argument & opcodes.WITH_FORMAT
            ):
                self.announce(index, "show", "", TOP, 1)
            if opcode in opcodes.OPERATORS and not (
                self.goes_with_no_container(index, targets) or self.is_subscript(instruction)
            ):
                self.announce_operator(index, targets)
            if opcode in opcodes.TRUTH_TESTS and (
                index in targets or unit.instructions[index - 1].opcode not in opcodes.TRUTHS
            ):
                self.announce(index, "truth", "", TOP, 1)
            if opcodes.is_method_load(opcode, instruction.argument):
                self.instead[index] = _plain_load(unit.code, instruction)
        for index, call in find_calls(unit.instructions).items():
            self.announce_call(index, call)
        self.announce_leaving()
        return insert(
            unit.code,
            unit.instructions,
            before=self.before,
            instead=self.instead,
            constants=tuple(self.constants),
            extra_stack=self.extra_stack,
        )

    def is_subscript(self, instruction: Instruction) -> bool:
        return instruction.opcode == opcodes.BINARY_OP and instruction.argument == opcodes.SUBSCRIPT

    def announce_leaving(self) -> None:
        """Announce that the function is left, if that is to be."""
        code, known = self.unit.code, self.rewriting
        if code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
            return
        name = leaving(code)
        known.dependent.add(name)
        announced = known.announced(name)
        gives_parts = opcodes.YIELDS if code.co_flags & CO_GENERATOR else frozenset()
        hands_over = opcodes.HANDING_OVER if code.co_name == "__iter__" else gives_parts
        for index, instruction in enumerate(self.unit.instructions):
            if instruction.opcode in hands_over:
                self.announce(index, "hand_over", "", TOP, 1)
            if announced and (instruction.opcode in opcodes.LEAVES or instruction.opcode in gives_parts):
                self.announce(index, "leave", "", b"", 0)

    def announce_operator(self, index: int, targets: set[int]) -> None:
        instruction = self.unit.instructions[index]
        if instruction.opcode == opcodes.BINARY_OP and instruction.argument in opcodes.IN_PLACE:
            self.announce(index, "operate_in_place", "", TOP_TWO, 2)
        elif self.follows_constant(index, targets):
            self.announce(index, "operand", "", encode(opcodes.COPY, 3), 1)
        else:
            kind = "operate" if instruction.opcode == opcodes.BINARY_OP else "compare"
            self.announce(index, kind, "", TOP_TWO, 2)

    def follows_constant(self, index: int, targets: set[int]) -> bool:
        """Whether the last operand of the instruction is a constant of the code."""
        return index not in targets and self.unit.instructions[index - 1].opcode in opcodes.CONSTANTS

    def goes_with_no_container(self, index: int, targets: set[int]) -> bool:
        """Whether the second operand of an operator is a constant, and such that the first one never is a container."""
        if not self.follows_constant(index, targets):
            return False
        instruction, last = self.unit.instructions[index], self.unit.instructions[index - 1]
        kind = type(self.unit.code.co_consts[last.argument]) if last.opcode == opcodes.LOAD_CONST else int
        if kind is bytes or instruction.opcode != opcodes.BINARY_OP:
            return kind is not bytes
        operator = instruction.argument
        if kind is int:
            return operator not in opcodes.REPEATS
        return operator not in opcodes.IN_PLACE or kind not in (str, tuple)

    def announce_stored_items(self, index: int, targets: set[int]) -> None:
        """Announce that the elements of something are put into a slice."""
        opcode, last = self.unit.instructions[index].opcode, self.unit.instructions[index - 1]
        if opcode == opcodes.STORE_SLICE:
            self.announce(index, "unpack", "", encode(opcodes.COPY, 5), 1)
        elif opcode == opcodes.STORE_SUBSCR and index not in targets:
            constant = self.unit.code.co_consts[last.argument] if last.opcode == opcodes.LOAD_CONST else None
            if last.opcode == opcodes.BUILD_SLICE or type(constant) is slice:  # a constant since 3.14
                self.announce(index, "unpack", "", encode(opcodes.COPY, 4), 1)

    def announce_name(self, index: int) -> None:
        """Announce an access to an attribute or a global if that name is to be."""
        instruction = self.unit.instructions[index]
        name, known = self.unit.name(instruction), self.rewriting
        if name in ("__dict__", "__globals__") and instruction.opcode == opcodes.LOAD_ATTR:
            self.announce(index, "namespace", "", TOP, 1)
        elif name == "__class__" and instruction.opcode == opcodes.STORE_ATTR:
            self.announce(index, "store_class", "", TOP_TWO, 2)
        kind, operands, count = ANNOUNCEMENTS.get(instruction.opcode, ("", b"", 0))
        if self.unit.code is known.module:
            kind = kind or OF_MODULES.get(instruction.opcode, "")
        if kind == "load_attribute" and name in CHANGED_BY_METHODS:
            self.announce(index, "load_changing", name, operands, count)
            return
        wanted = known.every_attribute and kind == "load_attribute"
        if kind and (wanted or self.is_announced(name)):
            self.announce(index, kind, name, operands, count)

    def is_announced(self, name: str) -> bool:
        """Whether some code is known to store this name."""
        known = self.rewriting
        if name in known.stored:
            return True
        known.dependent.add(name)
        return known.announced(name)

    def announce(self, index: int, kind: str, name: str, operands: bytes, count: int) -> None:
        """Call the hook `kind` with `count` copied operands, and drop its result."""
        site = self.site(index, kind, name)
        call = self.hook(kind) + operands + site + encode_call(count) + encode(opcodes.POP_TOP)
        self.before[index] = self.before.get(index, b"") + call

    def announce_call(self, index: int, call: Call) -> None:
        """Replace a callable by what the hook makes of it."""
        operands, hook = encode(opcodes.COPY, call.callable + 1), "call"
        if call.arguments == 1:
            operands, hook = operands + encode(opcodes.COPY, call.first + 2), "call_with"
        elif call.arguments:
            shown = call.arguments
            self.extra_stack = max(self.extra_stack, 2 + shown)
            operands += encode(opcodes.COPY, call.first + 2) * shown + encode(number("BUILD_TUPLE"), shown)
            hook = "call_many"
        if index and self.unit.instructions[index - 1].opcode == opcodes.KW_NAMES:
            index -= 1  # it names the arguments of the very next call, which must not be the hook's
        self.replace_callable(index, hook, operands, call.callable)

    def announce_unpacked(self, index: int) -> None:
        """The same for CALL_FUNCTION_EX; since 3.14 it always has a slot for keywords."""
        instruction = self.unit.instructions[index]
        keywords = instruction.argument & 1 if opcodes.CALL_FUNCTION_EX in opcodes.HAS_ARGUMENT else 1
        arguments = 1 + keywords
        callable_ = arguments + (1 if opcodes.NULL_FIRST else 2)
        operands = encode(opcodes.COPY, callable_ + 1) + encode(opcodes.COPY, arguments + 2)
        self.replace_callable(index, "call_unpacked", operands, callable_)

    def replace_callable(self, index: int, hook: str, operands: bytes, depth: int) -> None:
        site = self.site(index, "call", "")
        count = 1 if hook == "call" else 2
        put = encode(opcodes.SWAP, depth + 1) + encode(opcodes.POP_TOP)
        self.before[index] = self.hook(hook) + operands + site + encode_call(count) + put

    def hook(self, kind: str) -> bytes:
        """The instruction that pushes a hook."""
        if kind not in self.hook_constants:
            self.hook_constants[kind] = self.push(getattr(self.rewriting.hooks, kind))
        return self.hook_constants[kind]

    def site(self, index: int, kind: str, name: str) -> bytes:
        """The instruction that pushes a new site."""
        code, rewriting = self.unit.code, self.rewriting
        line = self.lines[self.unit.instructions[index].at]
        site = Site(kind, name, code.co_filename, line, code.co_qualname, rewriting.namespace)
        rewriting.sites.append(site)
        return self.push(site)

    def push(self, constant: object) -> bytes:
        self.constants.append(constant)
        return encode(opcodes.LOAD_CONST, len(self.constants) - 1)


def _plain_load(code: CodeType, instruction: Instruction) -> bytes:
    """Instead of a method load: the attribute, and NULL where a call expects the object that a method is called on."""
    raw, start, at, end = code.co_code, instruction.start, instruction.at, instruction.end
    if instruction.opcode == opcodes.LOAD_METHOD:
        load = encode(opcodes.LOAD_ATTR, instruction.argument)
    else:  # the lowest bit of the argument made it a method load
        load = raw[2 * start : 2 * at + 1] + bytes((raw[2 * at + 1] & 254,)) + raw[2 * at + 2 : 2 * end]
    return load + encode(opcodes.PUSH_NULL) + (encode(opcodes.SWAP, 2) if opcodes.NULL_FIRST else b"")


def _lines(code: CodeType) -> list[int]:
    """The line of each code unit, 0 where there is none."""
    lines: list[int] = []
    for start, end, line in code.co_lines():
        lines.extend([line or 0] * ((end - start) // 2))
    return lines
