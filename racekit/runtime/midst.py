"""C code, or a library, that runs watched code in its midst: what it does after that is a step of its own.

`functools.lru_cache` looks for a result, has it computed, and keeps it; `list.sort` calls its key function for each
item; a generator that threads share runs until it yields. Meanwhile other threads may come. So where such a place takes
part in conflicts, the Python code announces that it returns, and with that what the C code is going to touch next.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from gc import get_referents
from types import CodeType, FrameType, FunctionType, MethodDescriptorType, MethodType, WrapperDescriptorType
from typing import Any

from racekit.dependence import WHOLE
from racekit.runtime.announcing import access_item, announces_leaving, let_through, touch
from racekit.runtime.call_site import is_watched
from racekit.runtime.containers import BUILT_IN, HEAP_TYPE, keys_with_methods
from racekit.runtime.library_objects import kept_by
from racekit.runtime.originals import get_ident
from racekit.runtime.places import PLACES
from racekit.runtime.reachable import SCALARS, Touch
from racekit.runtime.turn import TURN
from racekit.watch.opcodes import SUBSCRIPTS
from racekit.watch.site import Site


def leave(site: Site) -> None:
    """A function whose caller may be written in C is about to return, or a generator to yield."""
    if get_ident() != TURN.ident and let_through(None):
        return
    frame = sys._getframe(1)
    shared = TURN.scheduler.generators.get(id(frame))
    if shared is not None:
        _go_on(*shared)
    elif frame.f_back is not None:
        found = _interrupted(frame.f_back)
        if found is not None:
            _go_on(*found)


def goes_back_to(caller: FrameType) -> None:
    """A function written in C is about to return to C code that `caller` runs."""
    if get_ident() == TURN.ident:
        found = _interrupted(caller)
        if found is not None:
            touch(*found)


def _interrupted(caller: FrameType) -> tuple[list[Touch], Site] | None:
    """What C code that `caller` runs will touch once a function that it called returns, and where."""
    thread = TURN.thread
    if thread.in_midst:
        frame: FrameType | None = caller
        while frame is not None and not is_watched(frame.f_code):
            if frame.f_code is _RUN:
                return thread.in_midst[-1]
            frame = frame.f_back
    if id(caller) in thread.subscripts and caller.f_code.co_code[caller.f_lasti] in SUBSCRIPTS:
        announced_at, touched, site = thread.subscripts[id(caller)]
        if announced_at < caller.f_lasti <= announced_at + _FROM_ANNOUNCEMENT:
            return touched, site
    return None


_FROM_ANNOUNCEMENT = 40
"""How many bytes of code there are at most from the call of a hook to the instruction that it announces."""


def _go_on(touched: list[Touch], site: Site) -> None:
    TURN.thread.breakable = True
    touch(touched, site)


def run_in_midst(callable: Callable[..., Any], touched: list[Touch], site: Site) -> Callable[..., Any]:
    """What does the same as `callable`, which calls functions that announce being left, and then touches these."""

    def run(*args: Any, **kwargs: Any) -> Any:
        thread = TURN.thread
        thread.in_midst.append((touched, site))
        try:
            return callable(*args, **kwargs)
        finally:
            thread.in_midst.pop()

    return run


_RUN = next(each for each in run_in_midst.__code__.co_consts if isinstance(each, CodeType) and each.co_name == "run")


# --- functions that are called back -----------------------------------------------------------------------------------

_AT_ONCE = frozenset({"sorted", "submit", "partial"})
"""Functions that have read their arguments before they call any."""


def calls_back(
    callable: Any, arguments: Iterable[Any], touched: list[Touch], site: Site, *, surely: bool = False
) -> Any:
    """What to call instead of a function written in C that touches these and may call some of its arguments.

    surely: it does, and they announce themselves that they return.
    """
    if not site.shared or getattr(callable, "__name__", "") in _AT_ONCE:
        return callable
    codes = [code for each in _functions(arguments) if (code := _computing(each)) is not None]
    codes += _methods_of(_compared(callable, arguments))
    for code in codes:
        announces_leaving(code)
    return run_in_midst(callable, touched, site) if codes or surely else callable


def may_be_called(callable: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a call may call: its arguments, or what is kept where it can be reached, as a decorator's function is."""
    if type(callable) in BUILT_IN:
        return arguments
    return (*arguments, *kept_by(callable))


def _functions(arguments: Iterable[Any]) -> Iterator[Any]:
    for argument in arguments:
        if type(argument) in (map, filter):
            yield from get_referents(argument)
        else:
            yield argument


# --- keys and items that are hashed and compared ----------------------------------------------------------------------

_UNBOUND = frozenset({MethodDescriptorType, WrapperDescriptorType})
_BY_KEY = frozenset(
    {
        *("get", "setdefault", "pop", "add", "discard", "remove"),
        *("__contains__", "__getitem__", "__setitem__", "__delitem__"),
    }
)
_BY_COMPARISON = frozenset({"remove", "index", "count", "sort", "__contains__"})
_FUNCTIONS = frozenset(
    {
        *("insort_left", "insort_right", "bisect_left", "bisect_right", "min", "max"),
        *("heappush", "heappop", "heapify", "heapreplace", "heappushpop"),
    }
)
COMPARING = _BY_KEY | _BY_COMPARISON | _FUNCTIONS
"""Names of methods and functions that may call methods of keys or items before they have done what they are for."""


def _compared(callable: Any, arguments: Iterable[Any]) -> Iterable[object]:
    """What a function written in C may hash or compare."""
    name, owner = getattr(callable, "__name__", ""), getattr(callable, "__self__", None)
    if type(callable) in _UNBOUND:
        owner, *arguments = arguments or (None,)
    if issubclass(type(owner), dict | set):
        return (*tuple(arguments)[:1], *keys_with_methods(owner)) if name in _BY_KEY else ()
    if issubclass(type(owner), list | deque):
        return (owner, *arguments) if name in _BY_COMPARISON else ()
    return arguments if name in _FUNCTIONS else ()


def looks_for(compared: Iterable[object], touched: list[Touch], site: Site, frame: FrameType) -> None:
    """`frame` is about to look for an item, and so touches these, also after each comparison with one of `compared`."""
    codes = _methods_of(compared)
    for code in codes:
        announces_leaving(code)
    if codes:
        TURN.thread.subscripts[id(frame)] = frame.f_lasti, touched, site


def _methods_of(compared: Iterable[object]) -> list[CodeType]:
    """The code of methods, written in Python, by which these objects and those in them are hashed and compared."""
    kinds: set[type] = set()
    for each in compared:
        kinds.add(type(each))
        if type(each) in _SEQUENCES:
            kinds.update(map(type, each))  # type: ignore[call-overload]
    kinds -= _WITHOUT_METHODS
    methods = [getattr(kind, name) for kind in kinds if kind.__flags__ & HEAP_TYPE for name in _COMPARISONS]
    return [method.__code__ for method in methods if type(method) is FunctionType]


_SEQUENCES = frozenset({list, tuple, deque})
_WITHOUT_METHODS = _SEQUENCES | SCALARS
_COMPARISONS = ("__hash__", "__eq__", "__lt__", "__gt__")


# --- caches -----------------------------------------------------------------------------------------------------------


def call_cached(callable: Any, cached: Any, arguments: tuple[Any, ...], site: Site, *, all_shown: bool = True) -> Any:
    """What to call instead of `callable`, a `functools.lru_cache` or a method of one, with these arguments.

    all_shown: there are no others. What a full cache drops depends on who used it before.
    """
    part: object = arguments if all_shown and all(type(each) in SCALARS for each in arguments) else WHOLE
    limit = cached.cache_parameters()["maxsize"]
    if limit is not None:
        if cached.cache_info().currsize >= limit and not PLACES.order_matters:
            PLACES.order_matters = PLACES.grown = True
        if PLACES.order_matters:
            part = WHOLE
    kept = [Touch(cached, part, "write")]
    computing = _computing(cached.__wrapped__)
    if not site.shared or computing is None:
        touch(kept, site)
        return callable
    announces_leaving(computing)
    touch(kept if limit is not None and part is WHOLE else [Touch(cached, part, "read")], site)
    return run_in_midst(callable, kept, site)


def _computing(function: Any) -> CodeType | None:
    """The last Python code that runs before the result of `function` is there."""
    if issubclass(type(function), partial):
        return _computing(function.func)
    if type(function) is MethodType:
        return _computing(function.__func__)
    if issubclass(type(function), type):
        made_by = [
            vars(base)[name] for name in ("__init__", "__new__") for base in function.__mro__ if name in vars(base)
        ]
        return next((each.__code__ for each in made_by if isinstance(each, FunctionType)), None)
    return function.__code__ if type(function) is FunctionType else None


# --- default items ----------------------------------------------------------------------------------------------------


def load_default(container: Any, key: Any, site: Site, frame: FrameType) -> None:
    """`frame` is about to ask a defaultdict for an item, which a function of the user may have to make."""
    factory = container.default_factory
    if not (site.shared and type(factory) is FunctionType):
        access_item(container, key, site, "add")
        return
    announces_leaving(factory.__code__)
    access_item(container, key, site, "read")
    TURN.thread.subscripts[id(frame)] = frame.f_lasti, [Touch(container, key, "write")], site
