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
from itertools import islice
from types import (
    CodeType,
    FrameType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import Any

from racekit.dependence import WHOLE
from racekit.runtime.announcing import access_item, announces_leaving, let_through, touch
from racekit.runtime.call_site import is_watched
from racekit.runtime.called_from_c import code_called_from_c
from racekit.runtime.containers import BUILT_IN, keys_with_methods
from racekit.runtime.going_through import ONLY_ITERATORS, is_iterator, reads, sources
from racekit.runtime.library_objects import is_library_object, is_project_object, kept_by
from racekit.runtime.originals import get_ident
from racekit.runtime.places import PLACES
from racekit.runtime.reachable import SCALARS, Touch, own_attributes
from racekit.runtime.turn import TURN
from racekit.watch.opcodes import CALLERS, ITERATIONS, TURNS
from racekit.watch.scope import is_project_file, is_racekit
from racekit.watch.site import Site
from racekit.watch.swap import is_forwarding


def leave(site: Site) -> None:
    """A function whose caller may be written in C is about to return, or a generator to yield."""
    if get_ident() != TURN.ident and let_through(None):
        return
    frame = sys._getframe(1)
    caller, generators = frame.f_back, TURN.scheduler.generators
    shared = generators.get(id(frame))
    if shared is None and generators and caller is not None and is_forwarding(caller.f_code):
        shared = generators.get(id(caller))  # it stands for the generator, which was made by the first call of all
    interrupted = _interrupted(caller)
    if shared is not None and interrupted is not None:
        (generator,), (touched, at) = shared[0], interrupted
        _go_on([generator, *(each for each in touched if each.obj is not generator.obj)], at)
    elif (found := shared or interrupted) is not None:
        _go_on(*found)


def hand_over(value: Any, site: Site) -> None:
    """A generator is about to yield this, or `__iter__` to return it; C code will go through it without a word."""
    if type(value) in SCALARS or (get_ident() != TURN.ident and let_through(None)):
        return
    caller = sys._getframe(1).f_back
    while caller is not None and not is_watched(caller.f_code) and _stands_between(caller.f_code):
        caller = caller.f_back
    if caller is None or not is_watched(caller.f_code) or caller.f_code.co_code[caller.f_lasti] in _IN_PYTHON:
        return
    found = list(sources(value) if type(value) in ONLY_ITERATORS else reads(value))
    if found and (TURN.several or site.shared):
        touch(found, site)


def _stands_between(code: CodeType) -> bool:
    return is_forwarding(code) or is_racekit(code.co_filename)


_IN_PYTHON = TURNS | ITERATIONS
"""Instructions that hand over what they get to Python code, which tells itself what it does with it."""


def goes_back_to(caller: FrameType) -> None:
    """A function written in C is about to return to C code that `caller` runs."""
    if get_ident() == TURN.ident:
        found = _interrupted(caller)
        if found is not None:
            touch(*found)


def _interrupted(caller: FrameType | None) -> tuple[list[Touch], Site] | None:
    """What C code that `caller` runs will touch once a function that it called returns, and where."""
    thread = TURN.thread
    if not (thread.in_midst or thread.announced):
        return None
    while caller is not None and not is_watched(caller.f_code):
        if caller.f_code is _RUN:
            return thread.in_midst[-1]
        caller = caller.f_back
    if caller is not None and id(caller) in thread.announced and caller.f_code.co_code[caller.f_lasti] in CALLERS:
        announced_at, touched, site = thread.announced[id(caller)]
        if announced_at < caller.f_lasti <= announced_at + _FROM_ANNOUNCEMENT:
            return touched, site
    return None


_FROM_ANNOUNCEMENT = 100
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
"""Functions that have read their arguments before they call any, unless these are iterators."""

_CALLING_NOTHING = frozenset(
    {"append", "appendleft", "popleft", "popitem", "clear", "copy", "reverse", "keys", "values", "items", "len"}
)
"""Functions and methods that run no Python code before they have done what they are for."""


def calls_back(
    callable: Any, arguments: tuple[Any, ...], touched: list[Touch], site: Site, *, surely: bool = False
) -> Any:
    """What to call instead of a function written in C that touches these and may call Python code.

    surely: it does, and they announce themselves that they return.
    """
    if not site.shared:
        return callable
    if type(callable) in _WITH_NAMES:
        name = callable.__name__
        if name in _CALLING_NOTHING or (name in _AT_ONCE and not any(is_iterator(type(each)) for each in arguments)):
            return callable
        arguments += tuple(_compared(callable, name, arguments))
    codes = code_called_from_c(arguments)
    for code in codes:
        announces_leaving(code)
    return run_in_midst(callable, touched, site) if codes or surely else callable


def may_be_called(callable: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a call may call: its arguments, or what is kept where it can be reached, as a decorator's function is."""
    if type(callable) in BUILT_IN:
        return arguments
    return (*arguments, *_of_project_within(kept_by(callable)))


def _of_project_within(kept: Iterable[Any]) -> Iterator[Any]:
    """The project's functions, classes and objects among these, or kept by objects of libraries among these."""
    waiting, seen = list(kept), set[int]()
    for obj in waiting:  # which grows meanwhile
        if type(obj) in SCALARS or id(obj) in seen:
            continue
        seen.add(id(obj))
        code = _computing(obj)
        if (
            type(obj) in ONLY_ITERATORS
            or is_project_object(obj)
            or (code is not None and is_project_file(code.co_filename))
        ):
            yield obj
        elif len(waiting) < _MOST_LOOKED_THROUGH:
            waiting += islice(_parts(obj), _MOST_LOOKED_THROUGH)


_MOST_LOOKED_THROUGH = 200


def _parts(obj: Any) -> Iterable[Any]:
    kind = type(obj)
    if issubclass(kind, dict):
        return dict.values(obj)
    if kind in (list, tuple, set, frozenset, deque):
        return obj  # type: ignore[no-any-return]
    return (own_attributes(obj) or {}).values() if is_library_object(obj) else ()


# --- keys and items that are hashed and compared ----------------------------------------------------------------------

_UNBOUND = frozenset({MethodDescriptorType, WrapperDescriptorType})
_WITH_NAMES = BUILT_IN | _UNBOUND | {MethodWrapperType}
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


def _compared(callable: Any, name: str, arguments: tuple[Any, ...]) -> Iterable[object]:
    """What is in a container that a method of its own, written in C, may hash or compare."""
    owner = arguments[0] if type(callable) in _UNBOUND and arguments else getattr(callable, "__self__", None)
    if issubclass(type(owner), dict | set):
        return keys_with_methods(owner) if name in _BY_KEY else ()
    return (owner,) if issubclass(type(owner), list | deque) and name in _BY_COMPARISON else ()


def calls_in_midst(objects: Iterable[object], touched: list[Touch], site: Site, frame: FrameType) -> None:
    """The next instruction of `frame` touches these, also after each call of a method of one of `objects`."""
    codes = code_called_from_c(objects)
    for code in codes:
        announces_leaving(code)
    if codes:
        TURN.thread.announced[id(frame)] = frame.f_lasti, touched, site


def stores_slice(touched: list[Touch], frame: FrameType) -> None:
    """The next instruction of `frame` touches these, too, as the last thing."""
    announced = TURN.thread.announced.get(id(frame))
    if announced is not None and announced[0] < frame.f_lasti <= announced[0] + _FROM_ANNOUNCEMENT:
        TURN.thread.announced[id(frame)] = announced[0], [*announced[1], *touched], announced[2]


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
    TURN.thread.announced[id(frame)] = frame.f_lasti, [Touch(container, key, "write")], site
