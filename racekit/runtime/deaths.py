"""Objects that are known by weak references: whether they live is something that threads share, too.

An object dies where its last reference goes, be it a variable of a function, and nobody can tell before. So a death is
found out when it has happened: it belongs to the step that it happened in. Whoever asks for the object in another
thread conflicts with that, and then not all interleavings can have been run.
"""

from __future__ import annotations

from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, WeakMethod, finalize, ref

from racekit.dependence import WHOLE
from racekit.runtime import originals
from racekit.runtime.announcing import belongs_to_step, touch
from racekit.runtime.call_site import call_site
from racekit.runtime.conflicts import WEAK_CONTAINERS
from racekit.runtime.named_attributes import site_of_caller
from racekit.runtime.reachable import Touch
from racekit.runtime.turn import TURN
from racekit.runtime.waits import describe_death
from racekit.watch.swap import Swaps, announcing_code

if TYPE_CHECKING:
    from racekit.runtime.baton import Scheduler


def expect_death(obj: object, reference: object = None) -> None:
    """Watched code has this weak reference to `obj`, by default the one without a callback."""
    known_objects = TURN.scheduler.weakly_known
    try:
        reference = ref(obj) if reference is None else reference
        _, references = known_objects.setdefault(id(obj), (ref(obj, _died), []))
    except TypeError:
        return
    if all(known is not reference for known in references):
        references.append(reference)


def ask(reference: Any) -> None:
    """Watched code is about to ask for the object behind a weak reference."""
    found = reference()
    if found is not None:
        expect_death(found.__self__ if isinstance(reference, WeakMethod) else found, reference)
    elif TURN.several and id(reference) not in TURN.scheduler.dead:
        _note(reference)


def _died(watching: ReferenceType[Any]) -> None:
    scheduler: Scheduler | None = TURN.scheduler
    if scheduler is None:
        return
    for identity, (mine, references) in list(scheduler.weakly_known.items()):
        if mine is watching:
            del scheduler.weakly_known[identity]
            for reference in references:
                scheduler.dead[id(reference)] = reference
                _changed(reference)


def _removed(_: Any, container: Any) -> None:
    """A weak container is about to lose an item that died; watched code may not know the container at all."""
    owner, scheduler = container(), TURN.scheduler
    if owner is not None and scheduler and id(owner) in scheduler.conflicts.objects:
        _changed(owner)


def _is_asked(finalizer: Any, _: Any) -> None:
    _touch(finalizer, "read")


def _ends(finalizer: Any, dead: Any) -> None:
    """It is called, or detached: by somebody, or because its object is `dead`."""
    if dead is None:
        _touch(finalizer, "write")
    else:
        _changed(finalizer)


def _touch(finalizer: Any, operation: str) -> None:
    if originals.get_ident() == TURN.ident and not TURN.thread.atomic:
        site = site_of_caller("call", "")
        if site is not None and (TURN.several or site.shared):
            touch([Touch(finalizer, WHOLE, operation)], site)


def _changed(thing: object) -> None:
    if originals.get_ident() == TURN.ident and TURN.several and not TURN.scheduler.aborting:
        _note(thing)
        site = site_of_caller("call", "")
        if site is not None:
            belongs_to_step([Touch(thing, WHOLE, "write")], site)


def _note(thing: object) -> None:
    scheduler = TURN.scheduler
    record = scheduler.conflicts.record(thing)
    scheduler.deaths += ((record, describe_death(TURN.thread, call_site())),)


class Removals:
    """Has weak containers tell what they lose because it died, and finalizers whether they still wait for that."""

    def __init__(self, swaps: Swaps) -> None:
        self._swaps = swaps

    def begin(self) -> None:
        """From here on, until the swaps are undone."""
        for function, code in (*_making_containers_that_tell(), *_finalizers_that_tell()):
            self._swaps.swap(function, code)

    def tell_of(self, container: Any) -> None:
        """The same for one that was made before."""
        remove = container._remove
        telling = _TELLING.get(remove.__code__)
        if telling is not None:
            self._swaps.swap(remove, telling)


_TELLING: dict[CodeType, CodeType] = {}
"""For each function that removes what died from a weak container: its code, and the same that tells."""


@cache
def _making_containers_that_tell() -> tuple[tuple[FunctionType, CodeType], ...]:
    codes = []
    for kind in WEAK_CONTAINERS:
        make: Any = vars(kind)["__init__"]
        for constant in make.__code__.co_consts:
            if isinstance(constant, CodeType) and "remove" in constant.co_name:
                _TELLING[constant] = announcing_code(constant, _removed)
        constants = tuple(
            _TELLING.get(each, each) if isinstance(each, CodeType) else each for each in make.__code__.co_consts
        )
        codes.append((make, make.__code__.replace(co_consts=constants)))
    return tuple(codes)


@cache
def _finalizers_that_tell() -> tuple[tuple[FunctionType, CodeType], ...]:
    methods: Any = vars(finalize)
    hooks = {
        methods["alive"].fget: _is_asked,
        methods["peek"]: _is_asked,
        methods["detach"]: _ends,
        methods["__call__"]: _ends,
    }
    return tuple((method, announcing_code(method.__code__, hook)) for method, hook in hooks.items())
