"""The programs by the names that the literature gives them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .programs.account import account
from .programs.arithmetic_prog import arithmetic_prog
from .programs.bluetooth_driver import bluetooth_driver
from .programs.bounded_buffer import bounded_buffer
from .programs.carter01 import carter01
from .programs.circular_buffer import circular_buffer
from .programs.deadlock01 import deadlock01
from .programs.din_phil import din_phil
from .programs.fsbench import fsbench
from .programs.lazy01 import lazy01
from .programs.phase01 import phase01
from .programs.queue import queue
from .programs.reorder import reorder
from .programs.safestack import safestack
from .programs.stack import stack
from .programs.stringbuffer import stringbuffer
from .programs.sync01 import sync01
from .programs.sync02 import sync02
from .programs.token_ring import token_ring
from .programs.twostage import twostage
from .programs.work_steal_queue import work_steal_queue
from .programs.wronglock import wronglock

Program = Callable[..., None]
"""Called without arguments it asserts; called with `check=` it passes on each condition that it would assert."""

SCORED: dict[str, Program] = {
    "account": account,
    "bluetooth_driver": bluetooth_driver,
    "carter01": carter01,
    "circular_buffer": circular_buffer,
    "deadlock01": deadlock01,
    "lazy01": lazy01,
    "queue": queue,
    "reorder_3": partial(reorder, 2, 1),
    "reorder_4": partial(reorder, 3, 1),
    "reorder_5": partial(reorder, 4, 1),
    "reorder_10": partial(reorder, 9, 1),
    "reorder_20": partial(reorder, 10, 10),
    "reorder_50": partial(reorder, 49, 1),
    "reorder_100": partial(reorder, 99, 1),
    "stack": stack,
    "stringbuffer": stringbuffer,
    "token_ring": token_ring,
    "twostage": partial(twostage, 1, 1),
    "twostage_20": partial(twostage, 19, 1),
    "twostage_50": partial(twostage, 49, 1),
    "twostage_100": partial(twostage, 99, 1),
    "work_steal_queue": work_steal_queue,
    "wronglock": partial(wronglock, 7),
    "wronglock_3": partial(wronglock, 3),
}
"""The programs that count: each has executions that fail and executions that do not."""

NOT_SCORED: dict[str, Program] = {
    "arithmetic_prog": arithmetic_prog,
    "bounded_buffer": bounded_buffer,
    **{f"din_phil{seats}": partial(din_phil, seats) for seats in range(2, 8)},
    "fsbench": fsbench,
    "phase01": phase01,
    "sync01": sync01,
    "sync02": sync02,
}
"""Programs that fail in each execution, or nearly each; `bounded_buffer` is of another suite (Inspect)."""

OPEN: dict[str, Program] = {"safestack": safestack}
"""Programs whose bug no strategy has found here yet."""

PROGRAMS = SCORED | NOT_SCORED | OPEN
