"""What rewritten code calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import CellType
from typing import Any

from racekit.watch.site import Site

CHANGED_BY_METHODS = frozenset({"cell_contents", "closed", "in_transaction", "lastrowid", "rowcount", "total_changes"})
"""Attributes of variables, files and databases, which change without anybody storing them."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What rewritten code calls, just before the instruction and with its operands.

    The hooks for calls return what shall be called instead; what the others return is dropped. Plain functions are
    the fastest.
    """

    load_attribute: Callable[[Any, Site], object]
    load_changing: Callable[[Any, Site], object]
    """Before an attribute is loaded whose name is among `CHANGED_BY_METHODS`."""
    store_attribute: Callable[[Any, Site], object]
    store_class: Callable[[Any, Any, Site], object]
    """Before `__class__` is stored, besides: the new class, and the object."""
    delete_attribute: Callable[[Any, Site], object]
    load_global: Callable[[Site], object]
    store_global: Callable[[Site], object]
    delete_global: Callable[[Site], object]
    load_cell: Callable[[CellType, Site], object]
    store_cell: Callable[[CellType, Site], object]
    delete_cell: Callable[[CellType, Site], object]
    load_item: Callable[[Any, Any, Site], object]
    store_item: Callable[[Any, Any, Site], object]
    delete_item: Callable[[Any, Any, Site], object]
    contains: Callable[[Any, Any, Site], object]
    iterate: Callable[[Any, Site], object]
    unpack: Callable[[Any, Site], object]
    """Before all elements of something are taken, to be unpacked or put into something else."""
    advance: Callable[[Any, Site], object]
    """Before each turn of a `for` loop or a `yield from`, with the iterator; since 3.15 with the list gone through."""
    truth: Callable[[Any, Site], object]
    """Before something that may not be a bool is asked for its truth."""
    match_class: Callable[[Any, Any, tuple[str, ...], Site], object]
    """Before a class pattern reads attributes: the subject, the class, and the names of attributes that it gives."""
    call: Callable[[Any, Site], Any]
    """A call without arguments."""
    call_with: Callable[[Any, Any, Site], Any]
    """A call with one argument, which is the second operand (whether it is passed by name or not)."""
    call_many: Callable[[Any, tuple[Any, ...], Site], Any]
    """A call with several arguments; the second operand is a tuple of them."""
    call_unpacked: Callable[[Any, Any, Site], Any]
    """A call like `f(*args)` or `f(**kwargs)`; the second operand is the iterable of positional arguments."""
    loop: Callable[[Site], object]
    operate: Callable[[Any, Any, Site], object]
    """Before a binary operator, unless the second operand is a constant."""
    operand: Callable[[Any, Site], object]
    """Before an operator or a comparison with a constant that may go with a container: the first operand."""
    operate_in_place: Callable[[Any, Any, Site], object]
    """Before an operator such as `+=`, unless the second operand is a constant that goes with no container."""
    compare: Callable[[Any, Any, Site], object]
    """Before a comparison, unless the second operand is a constant."""
    show: Callable[[Any, Site], object]
    """Before an f-string makes text of something."""
    namespace: Callable[[Any, Site], object]
    """Before `__dict__` or `__globals__` is loaded from something."""
    leave: Callable[[Site], object]
    """Before a function returns or raises, or a generator yields, if `leaving` of its code is announced."""
    hand_over: Callable[[Any, Site], object]
    """Before a generator yields something, or `__iter__` returns it."""
