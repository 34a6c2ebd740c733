"""The hooks for calls: what is called is told, and may be replaced."""

from __future__ import annotations

import os
from collections import defaultdict
from functools import partial, reduce
from operator import attrgetter, methodcaller
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any
from weakref import ReferenceType, WeakKeyDictionary

from racekit.runtime import containers, originals
from racekit.runtime.announcing import access_item, let_through, order_is_read, touch
from racekit.runtime.attributes import ask_class
from racekit.runtime.call_site import is_watched
from racekit.runtime.callbacks import TAKING_FUNCTIONS, hands_over, may_touch, takes_functions, with_stand_ins
from racekit.runtime.conflicts import ITEMS
from racekit.runtime.deaths import ask, expect_death
from racekit.runtime.files import DESCRIPTOR_FUNCTIONS, PATH_FUNCTIONS
from racekit.runtime.footprints import Cached, reads_arguments, touches
from racekit.runtime.format_fields import read_fields
from racekit.runtime.going_through import ONLY_ITERATORS
from racekit.runtime.items import unpack
from racekit.runtime.library_objects import effect, is_library_class
from racekit.runtime.midst import COMPARING, call_cached, calls_back, may_be_called
from racekit.runtime.named_attributes import site_at
from racekit.runtime.reachable import SCALARS, Touch
from racekit.runtime.turn import TURN
from racekit.watch.site import Site

_get_ident = originals.get_ident

REPLACED_CALLABLES: dict[int, Any] = {}
"""By the id of a built-in function, or of a method such as `object.__setattr__`, what is called instead."""

REPLACED_METHODS: dict[type, dict[str, Any]] = {}
"""Methods of built-in types that are under control, for bound methods that were made before."""


def call(callable: Any, site: Site) -> Any:
    kind = type(callable)
    if kind in _IN_PYTHON and _is_watched_itself(callable, kind):
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    return _call_built_in(callable, (), site)


def call_with(callable: Any, first: Any, site: Site) -> Any:
    kind = type(callable)
    if kind in _IN_PYTHON and _is_watched_itself(callable, kind):
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    return _call_built_in(callable, (first,), site)


def call_many(callable: Any, arguments: Any, site: Site) -> Any:
    kind = type(callable)
    if kind in _IN_PYTHON and _is_watched_itself(callable, kind):
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    return _call_built_in(callable, arguments, site)


def call_unpacked(callable: Any, arguments: Any, site: Site) -> Any:
    if type(arguments) is not tuple:
        unpack(arguments, site)
    kind = type(callable)
    if kind in _IN_PYTHON and _is_watched_itself(callable, kind):
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    known = type(arguments) in (tuple, list)
    if not known and may_touch(callable):
        return _announced_when_called(callable, site)
    called = _call_built_in(callable, tuple(arguments) if known else (), site)
    by_name = takes_functions(callable) and callable is not defaultdict  # key=, which is not among them
    return with_announcements(called, site) if by_name else called


def _announced_when_called(callable: Any, site: Site) -> Any:
    """What to call instead of a function written in C whose arguments are known only then."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return _call_built_in(callable, (*args, *kwargs.values()), site)(*args, **kwargs)

    return call


_IN_PYTHON = frozenset({FunctionType, MethodType})


def _is_watched_itself(callable: Any, kind: type) -> bool:
    """Whether a function or a method is Python code that tells itself what it does, or does nothing that matters."""
    if kind is FunctionType:
        function = callable
    else:
        function = callable.__func__
        if type(function) is not FunctionType:
            return False
    return is_watched(function.__code__) or (function not in containers.PYTHON_METHODS and not effect(function))


def _call_built_in(callable: Any, arguments: tuple[Any, ...], site: Site, *, by_watched: bool = True) -> Any:
    """by_watched: watched code is the caller, so that another thread may come in before."""
    if _get_ident() != TURN.ident and let_through(None):
        return callable
    if by_watched:
        TURN.thread.breakable = True
    kind = type(callable)
    if kind is BuiltinFunctionType or kind is containers.BUILTIN_METHOD:
        owner = callable.__self__
        methods = containers.METHODS.get(type(owner))
        if methods is None:
            of_class = type(owner) is type
            replaced = REPLACED_METHODS.get(owner if of_class else type(owner))
            if replaced is not None and callable.__name__ in replaced:
                method = replaced[callable.__name__]
                return method.__get__(None, owner) if of_class else method.__get__(owner)
            replacement = REPLACED_CALLABLES.get(id(callable))
            if replacement is not None:
                return replacement
            if (type(owner) is ModuleType or type(owner) in SCALARS) and _touches_nothing(callable, arguments):
                return callable
            if type(owner) is str and callable.__name__ in ("format", "format_map"):
                read_fields(owner, arguments, site)
        elif not arguments or type(arguments[-1]) in SCALARS:
            name = callable.__name__
            what, by_key = methods.get(name, _UNKNOWN)
            if by_key or (what and len(arguments) < 2):
                if TURN.several or site.shared:
                    key = arguments[0] if by_key and arguments else ITEMS
                    if site.shared and name in COMPARING:
                        callable = calls_back(callable, arguments, [Touch(owner, key, what)], site)
                    access_item(owner, key, site, what)
                if not by_key and name not in containers.BLIND_TO_ORDER:
                    order_is_read(owner)
                return callable
    elif kind is partial:
        return _call_partial(callable, arguments, site)
    elif kind is attrgetter:
        return _attribute_getter(callable)
    elif kind is methodcaller:
        return _method_caller(callable, site)
    elif kind is Cached or (kind is MethodType and type(callable.__func__) is Cached):
        return _call_cached(callable, arguments, site) if TURN.several or site.shared else callable
    elif kind is WrapperDescriptorType:
        replacement = REPLACED_CALLABLES.get(id(callable))
        if replacement is not None:
            return replacement
    elif kind is MethodWrapperType:
        replacement = REPLACED_CALLABLES.get(id(vars(callable.__objclass__).get(callable.__name__)))
        if replacement is not None:
            return partial(replacement, callable.__self__)
    elif kind is FunctionType:
        if callable.__closure__ is None and _never_change(arguments):
            return callable
    elif kind is type or issubclass(kind, type):
        if id(callable) in TAKING_FUNCTIONS and callable is not defaultdict:
            return _call_type(callable, arguments, site)
        if _only_makes_an_object(callable):
            return callable
    elif issubclass(kind, ReferenceType):
        ask(callable)
    elif kind is staticmethod:
        return callable  # a function, which is watched itself, or stands for one written in C
    if callable is vars and arguments:
        TURN.scheduler.conflicts.name_items(arguments[0])
    elif callable is globals:
        TURN.scheduler.conflicts.name_items(site.namespace)
    elif (callable is type or callable is isinstance) and arguments:
        ask_class(arguments[0], site_at(site, "load_attribute", "__class__"))
    handed_over = hands_over(callable, arguments)
    called = callable
    if TURN.several or site.shared or TURN.scheduler.conflicts.unordered:
        touched = list(touches(callable, arguments))
        touch(touched, site)
        if site.shared and touched:
            called = calls_back(callable, may_be_called(callable, arguments), touched, site, surely=handed_over)
    return with_announcements(called, site) if handed_over else called


def _only_makes_an_object(kind: type) -> bool:
    """Whether to call a class touches nothing that is known so far: `__init__` is watched itself."""
    known = _makes_only_an_object.get(kind)
    if known is None:
        reads = kind is type or kind in ONLY_ITERATORS or reads_arguments(kind) or is_library_class(kind)
        known = _makes_only_an_object[kind] = not reads
    return known


_makes_only_an_object: WeakKeyDictionary[type, bool] = WeakKeyDictionary()

_UNKNOWN = "", False
"""What a method does to a container that is not known."""


def _call_type(kind: Any, arguments: tuple[Any, ...], site: Site) -> Any:
    """A type is called that calls what is among its arguments later, or that of weak references."""
    if kind is ReferenceType and arguments:
        expect_death(arguments[0])
    if TURN.several or site.shared:
        touch(list(touches(kind, arguments)), site)
    return with_announcements(kind, site) if hands_over(kind, arguments) else kind


def _announce(function: Any, arguments: tuple[Any, ...], site: Site) -> Any:
    """C code is about to call a function that is written in C, too; returns what it shall call."""
    return _call_built_in(function, arguments, site, by_watched=False)


def with_announcements(callable: Any, site: Site) -> Any:
    """What to call instead of `callable`, which calls functions among its arguments, now or later."""
    return with_stand_ins(callable, site, _announce)


def _call_partial(callable: Any, arguments: tuple[Any, ...], site: Site) -> Any:
    function = callable.func
    called = _announce(function, (*callable.args, *arguments), site)
    return callable if called is function else partial(called, *callable.args, **callable.keywords)


def _call_cached(callable: Any, arguments: tuple[Any, ...], site: Site) -> Any:
    if type(callable) is MethodType:
        return call_cached(callable, callable.__func__, (callable.__self__, *arguments), site)
    return call_cached(callable, callable, arguments, site)


def _touches_nothing(function: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether a function has only arguments that never change, and touches nothing else either."""
    return id(function) not in _TOUCHING_MORE and _never_change(arguments)


def _never_change(arguments: tuple[Any, ...]) -> bool:
    return SCALARS.issuperset(map(type, arguments))


_TOUCHING_MORE = frozenset({*PATH_FUNCTIONS, *DESCRIPTOR_FUNCTIONS, id(globals), id(print), id(os.getcwd)})


def _attribute_getter(getter: Any) -> Any:
    """What does the same as an `attrgetter`, and announces it."""
    load = REPLACED_CALLABLES[id(getattr)]
    names = [name.split(".") for name in getter.__reduce__()[1]]

    def get(obj: Any, /) -> Any:
        values = tuple(reduce(load, path, obj) for path in names)
        return values if len(values) > 1 else values[0]

    return get


def _method_caller(caller: Any, site: Site) -> Any:
    """What does the same as a `methodcaller`, and announces it."""
    load = REPLACED_CALLABLES[id(getattr)]
    made_by, args = caller.__reduce__()
    kwargs = {}
    if isinstance(made_by, partial):
        args, kwargs = (*made_by.args, *args), made_by.keywords
    name, *args = args

    def call(obj: Any, /) -> Any:
        method = load(obj, name)
        return _announce(method, (*args, *kwargs.values()), site)(*args, **kwargs)

    return call
