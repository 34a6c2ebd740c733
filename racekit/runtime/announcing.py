"""What a hook does once it knows what the watched code is about to touch: this is the hot path.

A hook first makes sure that its thread holds the baton; then an access at a place that takes part in conflicts is a
scheduling point, and any other one is only checked for a conflict.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, GeneratorType
from typing import Any

from racekit.runtime import containers
from racekit.runtime.conflicts import ITEMS
from racekit.runtime.library_objects import effect_of_special, used_with
from racekit.runtime.out_of_turn import out_of_turn
from racekit.runtime.places import PLACES
from racekit.runtime.reachable import Touch
from racekit.runtime.turn import TURN
from racekit.watch.rewrite import leaving
from racekit.watch.site import Site


def let_through(touched: object) -> bool:
    thread = out_of_turn(touched, in_watched_code=True)
    return thread is None or thread.unwinding


def step(site: Site, operation: str, obj: object, name: object) -> None:
    scheduler, thread = TURN.scheduler, TURN.thread
    if scheduler.every_access or (scheduler.after_calls and thread.breakable):
        thread.breakable = False
        scheduler.step(thread, site, operation, obj, name)
    else:
        thread.fresh = False


def shared_access(obj: object, name: object, site: Site, operation: str) -> None:
    scheduler, thread = TURN.scheduler, TURN.thread
    if scheduler.every_access:
        scheduler.step(thread, site, operation, obj, name)
    else:
        step(site, operation, obj, name)
    number = scheduler.conflicts.access(obj, name, site, operation == "write")
    scheduler.trace.append((thread.id, site, operation, (number, name)))


def touch(touched: list[Touch], site: Site) -> None:
    """One step that touches all of these: it counts once, however many they are."""
    if not touched:
        return
    if site.shared:
        _step_to(touched, site)
    _touched(touched, site)


def touch_what_is_there(find: Callable[[], list[Touch]], site: Site) -> None:
    """The same for what is found once the thread has its turn again."""
    touched = find()
    if touched and site.shared:
        _step_to(touched, site)
        touched = find()
    _touched(touched, site)


def belongs_to_step(touched: list[Touch], site: Site) -> None:
    """The step that is under way at `site` has touched these, too; nobody could tell before."""
    _touched(touched, site)
    TURN.thread.counts[site.position] -= 1


def _step_to(touched: list[Touch], site: Site) -> None:
    first = next((each for each in touched if each.what != "read"), touched[0])
    step(site, "read" if first.what == "read" else "write", first.obj, first.part)


def _touched(touched: list[Touch], site: Site) -> None:
    scheduler, thread = TURN.scheduler, TURN.thread
    for index, (obj, key, what, sees_order, named) in enumerate(touched):
        if named:
            scheduler.conflicts.name_items(obj)
        operation, part = (what, key) if containers.methods_of(obj) is None else _settled(obj, key, what)
        if operation == "use":
            operation = "write"
            scheduler.conflicts.uses(obj)
        number = scheduler.conflicts.access(obj, part, site, operation == "write")
        if site.shared:
            scheduler.trace.append((thread.id, site, operation, (number, part)))
        if index:
            thread.counts[site.position] -= 1
        if sees_order and part is ITEMS:
            order_is_read(obj)
        if site.shared and type(obj) is GeneratorType:
            goes_on(obj, site)


def goes_on(generator: Any, site: Site) -> None:
    """A thread is about to have a generator go on that others share: from here on it tells when it yields."""
    announces_leaving(generator.gi_code)
    if not generator.gi_running:
        TURN.scheduler.generators[id(generator.gi_frame)] = [Touch(generator, ITEMS, "write")], site


def announces_leaving(code: CodeType) -> None:
    """From here on, in the next execution at the latest, `code` tells when it is left."""
    TURN.scheduler.conflicts.stores(leaving(code))


def alone(site: Site) -> None:
    """An access while no other thread could run: it only counts, so that positions are the same in each schedule."""
    thread = TURN.thread
    thread.looked = True
    counts, position = thread.counts, site.position
    counts[position] = counts.get(position, 0) + 1


def may_run_code(*operands: object) -> None:
    """An operator, a comparison or a loop calls methods of its operands: of classes that are written in Python, too."""
    if TURN.scheduler.after_calls:
        for operand in operands:
            if type(operand).__flags__ & containers.HEAP_TYPE or type(operand) is GeneratorType:
                TURN.thread.breakable = True


def access_item(container: Any, key: object, site: Site, what: str) -> None:
    """`what`, as in `containers.METHODS`, is about to be done to an item, or to all of them."""
    if TURN.scheduler.after_calls:
        may_run_code(container, key)
    if containers.methods_of(container) is None:
        viewed = containers.of(container)
        if viewed is not None:
            access_item(viewed, ITEMS if type(container) is memoryview else key, site, what)
        elif TURN.several and (does := _effect_of_special(container, key)):
            touch(list(used_with(container, "read" if what == "read" else does)), site)
        elif not TURN.several and site.kind != "call":
            alone(site)  # as where the site is not shared
        return
    if site.shared:
        _shared_item(container, key, site, what)
    else:
        TURN.scheduler.conflicts.access(container, key, site, containers.effect(container, what, key) == "write")


def _effect_of_special(container: Any, key: object) -> str:
    return (
        effect_of_special(container, "__getitem__") or (key is ITEMS and effect_of_special(container, "__iter__")) or ""
    )


def _shared_item(container: Any, key: object, site: Site, what: str) -> None:
    """Which item that is, and whether it is changed, is known when the thread has its turn again."""
    step(site, "read" if what == "read" else "write", container, containers.part(container, key))
    operation, part = _settled(container, key, what)
    number = TURN.scheduler.conflicts.access(container, part, site, operation == "write")
    TURN.scheduler.trace.append((TURN.thread.id, site, operation, (number, part)))


def _settled(container: Any, key: object, what: str) -> tuple[str, object]:
    """What is really done now, and to which part of the container."""
    operation, part = containers.effect(container, what, key), containers.part(container, key)
    if operation == "write" and containers.is_new_key(container, part):
        if PLACES.order_matters:
            part = ITEMS
        TURN.scheduler.conflicts.inserts(container)
    return operation, part


def order_is_read(container: object) -> None:
    conflicts = TURN.scheduler.conflicts
    if conflicts.unordered:
        conflicts.order_is_read(container)
