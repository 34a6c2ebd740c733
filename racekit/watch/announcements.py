"""What instructions are announced as: the name of the hook, the copying of its operands, and how many they are."""

from __future__ import annotations

from racekit.watch import opcodes
from racekit.watch.opcodes import encode, number

TOP = encode(opcodes.COPY, 2)  # below the hook
TOP_TWO = encode(opcodes.COPY, 3) * 2
_SLICE = encode(opcodes.COPY, 4) * 3 + encode(opcodes.BUILD_SLICE, 2)

ANNOUNCEMENTS: dict[int, tuple[str, bytes, int]] = {
    number("LOAD_ATTR"): ("load_attribute", TOP, 1),
    number("LOAD_METHOD"): ("load_attribute", TOP, 1),
    number("STORE_ATTR"): ("store_attribute", TOP, 1),
    number("DELETE_ATTR"): ("delete_attribute", TOP, 1),
    number("LOAD_GLOBAL"): ("load_global", b"", 0),
    number("STORE_GLOBAL"): ("store_global", b"", 0),
    number("DELETE_GLOBAL"): ("delete_global", b"", 0),
    number("BINARY_SUBSCR"): ("load_item", TOP_TWO, 2),
    opcodes.BINARY_OP: ("load_item", TOP_TWO, 2),  # as SUBSCRIPT only
    number("STORE_SUBSCR"): ("store_item", TOP_TWO, 2),
    number("DELETE_SUBSCR"): ("delete_item", TOP_TWO, 2),
    number("BINARY_SLICE"): ("load_item", _SLICE, 2),
    number("STORE_SLICE"): ("store_item", _SLICE, 2),
    number("CONTAINS_OP"): ("contains", encode(opcodes.COPY, 2) + encode(opcodes.COPY, 4), 2),
    number("MATCH_CLASS"): ("match_class", encode(opcodes.COPY, 4) * 3, 3),
    number("MATCH_KEYS"): ("iterate", encode(opcodes.COPY, 3), 1),  # below the hook and the keys
    number("GET_LEN"): ("iterate", TOP, 1),
    opcodes.SEND: ("advance", encode(opcodes.COPY, 1 + opcodes.RECEIVER_DEPTH), 1),
    number("FOR_ITER"): ("advance", encode(opcodes.COPY, 1 + opcodes.ITERATOR_DEPTH), 1),
    **dict.fromkeys(opcodes.ITERATIONS, ("iterate", TOP, 1)),
    **dict.fromkeys(opcodes.UNPACKINGS, ("unpack", TOP, 1)),
    **dict.fromkeys(opcodes.LOOPS, ("loop", b"", 0)),
}

ELEMENTS = opcodes.ITERATIONS | opcodes.UNPACKINGS
OF_MODULES = {
    number("LOAD_NAME"): "load_global",
    number("STORE_NAME"): "store_global",
    number("DELETE_NAME"): "delete_global",
}
