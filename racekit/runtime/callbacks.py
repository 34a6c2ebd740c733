"""Functions written in C that other C code calls, as in `map(setattr, ...)`: nothing that is watched calls them.

So where watched code hands one over to be called, it hands over a function written in Python instead, which announces
what the other one touches, and calls it.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import operator
import sys
import weakref
from collections import defaultdict
from collections.abc import Callable
from types import (
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    NoneType,
    WrapperDescriptorType,
)
from typing import Any

from racekit.runtime import containers
from racekit.runtime.midst import goes_back_to
from racekit.runtime.reachable import SCALARS
from racekit.watch.site import Site

Announce = Callable[[Any, tuple[Any, ...], Site], Any]
"""Announces a call of a function with these arguments; returns what is to be called instead."""

TAKING_FUNCTIONS = frozenset(
    map(
        id,
        (
            *(map, filter, sorted, min, max, iter, defaultdict, functools.reduce, operator.call),
            *(itertools.accumulate, itertools.dropwhile, itertools.takewhile, itertools.filterfalse),
            *(itertools.groupby, itertools.starmap, weakref.ref),
            *(bisect.bisect_left, bisect.bisect_right, bisect.insort_left, bisect.insort_right),
        ),
    )
)
"""The ids of functions and types that are written in C and call functions that are their arguments."""
_METHODS_TAKING_FUNCTIONS = frozenset({"sort", "sub", "subn"})
"""Those of lists and of regular expressions."""

_OF_OTHERS = frozenset(
    {functools.partial, operator.attrgetter, operator.itemgetter, operator.methodcaller, type(functools.cache(int))}
)
_UNBOUND = frozenset({MethodDescriptorType, WrapperDescriptorType})
_CALLABLES = _OF_OTHERS | _UNBOUND | containers.BUILT_IN | {MethodWrapperType}
_OF_THEIR_CALLER = (eval, exec, globals, locals, vars, dir, __import__)
_TOUCH_NOTHING = frozenset(
    map(id, (*_OF_THEIR_CALLER, abs, callable, chr, hash, id, isinstance, issubclass, ord, round))
)
_TAKE_CONTAINERS = frozenset({"join", "format", "format_map", "__contains__", "__format__", "__mod__"})
"""Methods of what never changes that read the containers that are their arguments."""


def takes_functions(callable: Any) -> bool:
    """Whether it is written in C and calls functions that are its arguments."""
    if id(callable) in TAKING_FUNCTIONS:
        return True
    return type(callable) in containers.BUILT_IN and callable.__name__ in _METHODS_TAKING_FUNCTIONS


def hands_over(callable: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether it is written in C and calls what is among these arguments, some of which may touch something then."""
    if not arguments or not takes_functions(callable):
        return False
    if callable is defaultdict:
        return type(arguments[0]) is not type and may_touch(arguments[0])  # a type is given nothing that it could touch
    return any(map(may_touch, arguments))


def may_touch(function: Any) -> bool:
    """Whether it is written in C, and may touch its arguments or what it is a method of when it is called."""
    kind = type(function)
    if kind is type:
        return id(function) in containers.READERS
    if kind is MethodType:
        inner = function.__func__
        return type(inner) is not FunctionType or inner in containers.PYTHON_METHODS
    if kind not in _CALLABLES or id(function) in _TOUCH_NOTHING:
        return False
    if kind in _OF_OTHERS:
        return True
    owner = function.__objclass__ if kind in _UNBOUND else type(function.__self__)
    return owner not in SCALARS or owner is NoneType or function.__name__ in _TAKE_CONTAINERS


def with_stand_ins(callable: Any, site: Site, announce: Announce) -> Any:
    """What does the same as `callable`, and hands over others for the functions written in C that are its arguments."""

    def replaced(argument: Any) -> Any:
        return stand_in(argument, site, announce) if may_touch(argument) else argument

    def call(*args: Any, **kwargs: Any) -> Any:
        return callable(*map(replaced, args), **{name: replaced(value) for name, value in kwargs.items()})

    return call


def stand_in(function: Any, site: Site, announce: Announce) -> Any:
    """What does the same as `function`, and announces at `site` that it does."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = announce(function, (*args, *kwargs.values()), site)(*args, **kwargs)
        goes_back_to(sys._getframe(1))
        return result

    return call
