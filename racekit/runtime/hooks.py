"""The hooks that watched code calls: shared accesses and calls, just before they happen."""

from __future__ import annotations

from racekit.runtime import originals
from racekit.runtime.announcing import let_through
from racekit.runtime.attributes import (
    load_attribute,
    load_cell,
    load_changing,
    load_global,
    match_class,
    namespace,
    store_attribute,
    store_cell,
    store_class,
    store_global,
)
from racekit.runtime.calls import call, call_many, call_unpacked, call_with
from racekit.runtime.items import (
    advance,
    compare,
    contains,
    iterate,
    load_item,
    operate,
    operate_in_place,
    show,
    store_item,
    truth,
    unpack,
)
from racekit.runtime.midst import hand_over, leave
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import turn_back
from racekit.watch.hooks import Hooks
from racekit.watch.site import Site

_get_ident = originals.get_ident


def loop(site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(None):
        return
    thread = TURN.thread
    thread.breakable = True
    turn_back(TURN.scheduler, thread, site)


HOOKS = Hooks(
    load_attribute=load_attribute,
    load_changing=load_changing,
    store_attribute=store_attribute,
    store_class=store_class,
    delete_attribute=store_attribute,
    load_global=load_global,
    store_global=store_global,
    delete_global=store_global,
    load_cell=load_cell,
    store_cell=store_cell,
    delete_cell=store_cell,
    load_item=load_item,
    store_item=store_item,
    delete_item=store_item,
    contains=contains,
    iterate=iterate,
    unpack=unpack,
    advance=advance,
    truth=truth,
    match_class=match_class,
    call=call,
    call_with=call_with,
    call_many=call_many,
    call_unpacked=call_unpacked,
    loop=loop,
    operate=operate,
    operand=show,
    operate_in_place=operate_in_place,
    compare=compare,
    show=show,
    namespace=namespace,
    leave=leave,
    hand_over=hand_over,
)
