"""What racekit knows about CPython's bytecode, and how that differs between Python 3.11 and 3.15.

The differences are read off names and asked of the running compiler rather than listed by version: an instruction that
this interpreter lacks has the number -1, which no instruction has. What comes of that is tried out by `canary`.
"""

from __future__ import annotations

import dis


def number(name: str) -> int:
    """The number of the instruction `name` here, or -1 where there is none."""
    found = dis.opmap.get(name, -1)
    return found if found < 256 else -1  # larger numbers are the compiler's own, never seen in a code object


def numbers(*names: str) -> frozenset[int]:
    """The numbers of those of the named instructions that exist here."""
    return frozenset(map(number, names)) - {-1}


CACHE = number("CACHE")
EXTENDED_ARG = number("EXTENDED_ARG")
PUSH_NULL = number("PUSH_NULL")
POP_TOP = number("POP_TOP")
COPY = number("COPY")
SWAP = number("SWAP")
BUILD_SLICE = number("BUILD_SLICE")
LOAD_CONST = number("LOAD_CONST")
LOAD_ATTR = number("LOAD_ATTR")
STORE_ATTR = number("STORE_ATTR")
LOAD_GLOBAL = number("LOAD_GLOBAL")
LOAD_METHOD = number("LOAD_METHOD")  # 3.11 only: since then LOAD_ATTR with its lowest bit set
LOAD_SUPER_ATTR = number("LOAD_SUPER_ATTR")  # since 3.12
PRECALL = number("PRECALL")  # 3.11 only, always directly before CALL
CALL = number("CALL")
CALL_KW = number("CALL_KW")  # since 3.13
KW_NAMES = number("KW_NAMES")  # before 3.13, always directly before PRECALL or CALL
CALL_FUNCTION_EX = number("CALL_FUNCTION_EX")
BINARY_OP = number("BINARY_OP")
STORE_SUBSCR = number("STORE_SUBSCR")
STORE_SLICE = number("STORE_SLICE")  # since 3.12
SEND = number("SEND")

HAS_ARGUMENT = frozenset(getattr(dis, "hasarg", range(dis.HAVE_ARGUMENT, 256)))
"""Instructions with an argument (`dis.hasarg` came with 3.12)."""

JUMPS = frozenset(dis.hasjrel)
BACKWARD_JUMPS = frozenset(op for op in JUMPS if "BACKWARD" in dis.opname[op]) | (numbers("END_ASYNC_FOR") & JUMPS)
UNFOLLOWED_JUMPS = numbers("END_ASYNC_FOR")
"""Since 3.14 it carries a jump's argument, for `sys.monitoring` only."""

FINAL = numbers(
    "RETURN_VALUE",
    "RETURN_CONST",
    "RAISE_VARARGS",
    "RERAISE",
    "JUMP_FORWARD",
    "JUMP_BACKWARD",
    "JUMP_BACKWARD_NO_INTERRUPT",
)
"""Instructions after which the next one does not run."""

LOOPS = BACKWARD_JUMPS - numbers("JUMP_BACKWARD_NO_INTERRUPT", "END_ASYNC_FOR")
"""Backward jumps at which the interpreter lets other threads in; `await` loops are not among them."""

CELL_ACCESSES = {
    number(name): kind
    for name, kind in (
        ("LOAD_DEREF", "load_cell"),
        ("STORE_DEREF", "store_cell"),
        ("DELETE_DEREF", "delete_cell"),
    )
}
CELL_WRITES = numbers("STORE_DEREF", "DELETE_DEREF")
LOAD_CLOSURE = number("LOAD_CLOSURE") if number("LOAD_CLOSURE") >= 0 else number("LOAD_FAST")
"""Pushes a cell itself. Since 3.13 that is LOAD_FAST with the cell's index."""
CELL_CAPTURES = numbers("LOAD_CLOSURE", "LOAD_FAST", "LOAD_FAST_BORROW")

NAME_SHIFT = {
    number("LOAD_ATTR"): 0 if LOAD_METHOD >= 0 else 1,
    number("LOAD_METHOD"): 0,
    number("STORE_ATTR"): 0,
    number("DELETE_ATTR"): 0,
    number("LOAD_GLOBAL"): 1,
    number("STORE_GLOBAL"): 0,
    number("DELETE_GLOBAL"): 0,
    number("LOAD_NAME"): 0,
    number("STORE_NAME"): 0,
    number("DELETE_NAME"): 0,
}
"""By how many bits an argument is shifted to give an index into `co_names`."""
NAME_WRITES = numbers("STORE_ATTR", "DELETE_ATTR", "STORE_GLOBAL", "DELETE_GLOBAL")
MODULE_WRITES = numbers("STORE_NAME", "DELETE_NAME")
"""In the code of a module these write globals; in that of a class, its own names."""

ITERATIONS = numbers("GET_ITER", "GET_YIELD_FROM_ITER")
"""Instructions that begin to go through the elements of what is on top of the stack."""

UNPACKINGS = numbers("UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE")
"""Instructions that go through all of them."""

FORMATS = numbers("FORMAT_VALUE", "FORMAT_SIMPLE", "CONVERT_VALUE")
"""Instructions that make text of what is on top of the stack."""
FORMAT_VALUE = number("FORMAT_VALUE")
WITH_FORMAT = 4
"""The bit of FORMAT_VALUE's argument that says that a format lies on top instead."""

CONSTANTS = numbers("LOAD_CONST", "LOAD_SMALL_INT")

_GET_ITER = number("GET_ITER")
ITERATOR_DEPTH = 1 + dis.stack_effect(_GET_ITER, 0 if _GET_ITER in HAS_ARGUMENT else None)
"""Where FOR_ITER finds its iterator, 1 being the top of the stack. Since 3.15 an index, or NULL, lies above it."""
RECEIVER_DEPTH = 1 + (1 if number("GET_YIELD_FROM_ITER") >= 0 else ITERATOR_DEPTH)
"""The same for the SEND of a `yield from`: the value that is sent lies on top."""

TRUTH_TESTS = numbers("TO_BOOL") or numbers(
    "UNARY_NOT",
    "POP_JUMP_IF_TRUE",
    "POP_JUMP_IF_FALSE",
    "POP_JUMP_FORWARD_IF_TRUE",
    "POP_JUMP_FORWARD_IF_FALSE",
    "POP_JUMP_BACKWARD_IF_TRUE",
    "POP_JUMP_BACKWARD_IF_FALSE",
    "JUMP_IF_TRUE_OR_POP",
    "JUMP_IF_FALSE_OR_POP",
)
"""Instructions that ask what is on top of the stack for its truth. Since 3.13 one of its own does that."""

TRUTHS = numbers("COMPARE_OP", "CONTAINS_OP", "IS_OP", "UNARY_NOT")
"""Instructions that leave a truth value, which there is no need to ask again."""

LEAVES = numbers("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE")
YIELDS = numbers("YIELD_VALUE")
"""Instructions by which a function, or a generator, goes back to its caller."""
HANDING_OVER = numbers("RETURN_VALUE", "YIELD_VALUE")
"""Those of them that give it what is on top of the stack."""

OPERATORS = numbers("BINARY_OP", "COMPARE_OP")
"""Binary operators and comparisons; what they do is in the argument."""

SUBSCRIPT = 26 if number("BINARY_SUBSCR") < 0 else -1
"""The argument with which BINARY_OP subscripts, since 3.14."""


TURNS = numbers("FOR_ITER", "SEND")
"""Instructions that have an iterator go on."""

CALLERS = (
    UNPACKINGS
    | FORMATS
    | OPERATORS
    | TURNS
    | numbers("BINARY_SUBSCR", "BINARY_SLICE", "STORE_SUBSCR", "STORE_SLICE", "DELETE_SUBSCR", "CONTAINS_OP")
    | numbers("CALL_FUNCTION_EX")
)
"""Instructions that may call Python code before they have done what they are for."""


def is_method_load(opcode: int, argument: int) -> bool:
    """Does this instruction push a method and its object, ready to be called?"""
    if opcode == LOAD_ATTR:
        return NAME_SHIFT[LOAD_ATTR] == 1 and argument & 1 == 1
    return opcode == LOAD_METHOD or (opcode == LOAD_SUPER_ATTR and argument & 1 == 1)


def _arguments_of(*operators: str) -> frozenset[int]:
    """The arguments with which BINARY_OP stands for these operators."""
    found = set()
    for operator in operators:
        raw = compile(f"a {operator} b", "<racekit>", "exec").co_code
        found.add(next(raw[i + 1] for i in range(0, len(raw), 2) if raw[i] == BINARY_OP))
    return frozenset(found)


IN_PLACE = _arguments_of("+=", "-=", "*=", "/=", "//=", "%=", "**=", "@=", "&=", "|=", "^=", "<<=", ">>=")
"""Those with which it may change its first operand."""

REPEATS = _arguments_of("*", "*=")
"""Those with which a number as the second operand may go with a container as the first."""


def _ask_the_compiler() -> tuple[bool, dict[int, int]]:
    """Whether a call's NULL lies below its callable, and how many cache units follow each instruction of a call."""
    raw = compile("f(f.a)", "<racekit>", "eval").co_code
    order: list[int] = []
    caches: dict[int, int] = {}
    for opcode in raw[::2]:
        if opcode == CACHE:
            caches[order[-1]] += 1
        else:
            order.append(opcode)
            caches[opcode] = 0
    return PUSH_NULL in order and order.index(PUSH_NULL) < order.index(number("LOAD_NAME")), caches


NULL_FIRST, _CACHES = _ask_the_compiler()


def encode(opcode: int, argument: int = 0) -> bytes:
    """The bytes of one instruction, with the prefixes of a large argument and with its empty caches."""
    prefix = b""
    rest = argument >> 8
    while rest:
        prefix = bytes((EXTENDED_ARG, rest & 255)) + prefix
        rest >>= 8
    return prefix + bytes((opcode, argument & 255)) + bytes(2 * _CACHES.get(opcode, 0))


def encode_call(arguments: int) -> bytes:
    """The bytes that call what lies below a self slot and `arguments` more values."""
    precall = encode(PRECALL, arguments) if PRECALL >= 0 else b""
    return precall + encode(CALL, arguments)
