"""A place in watched code that announces what it is about to do."""

from __future__ import annotations

from typing import Any

_LETTERS = {"call": "c", "loop": "c"}
_numbers: dict[tuple[int, str, str], int] = {}
_positions: list[tuple[int, str, str]] = []


def position_number(line: int, letter: str, name: str) -> int:
    """The number under which events at this position are counted (see `racekit.schedule.Position`)."""
    key = line, letter, name
    number = _numbers.get(key)
    if number is None:
        number = _numbers[key] = len(_positions)
        _positions.append(key)
    return number


def numbered_position(number: int) -> tuple[int, str, str]:
    """Line, letter and name of the position with this number."""
    return _positions[number]


class Site:
    """One announcing instruction: what it does, to which name, and where it stands in the source.

    `kind` is one of ``load_attribute``, ``store_attribute``, ``delete_attribute``, ``load_global``, ``store_global``,
    ``delete_global``, ``load_cell``, ``store_cell``, ``delete_cell``, ``load_item``, ``store_item``, ``delete_item``,
    ``contains``, ``iterate``, ``unpack``, ``advance``, ``truth``, ``match_class``, ``call`` and ``loop``. `name` is
    that of the attribute or variable, or empty; `line` is 0 where the compiler recorded none; `function` is a qualified
    name; `namespace` holds the globals of the function. `position` is the number of its position. `shared` belongs to
    whoever listens: it starts as False and nothing here reads it.

    Two sites are the same only if they are the same object.
    """

    __slots__ = ("filename", "function", "kind", "line", "name", "namespace", "position", "shared")

    def __init__(
        self, kind: str, name: str, filename: str, line: int, function: str, namespace: dict[str, Any]
    ) -> None:
        self.kind = kind
        self.name = name
        self.filename = filename
        self.line = line
        self.function = function
        self.namespace = namespace
        letter = _LETTERS.get(kind) or ("w" if kind.startswith(("store", "delete")) else "r")
        self.position = position_number(line, letter, name)
        self.shared = False

    def __repr__(self) -> str:
        what = f"{self.kind} {self.name}".rstrip()
        return f"<Site {what} at {self.filename}:{self.line} in {self.function}>"
