"""Who could wake a thread that waits for files: nobody but this process, if they are pipes and sockets of its own.

So waits an event loop that has nothing to do, and a thread of `multiprocessing.pool`: for a pipe, or a pair of sockets,
into which other threads write to wake it. Where those are all blocked, nobody will.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
from typing import Any

from racekit.runtime import originals

_PROCESSES = "/proc"
_SOON = 10.0
_CREDENTIALS = struct.Struct("3i")  # process, user, group


def only_this_process_can_wake(awaited: Any) -> bool:
    """Whether no other process has the other ends of what a selector waits for; False also where nobody can tell.

    The semaphores of `multiprocessing` are shared with child processes.
    """
    try:
        if type(awaited) is originals.ProcessLockType:
            return not _children()
        own = _files_of("self")
        others = {file for child in _children() for file in _files_of(child).values()}
        return all(_is_of_this_process(key.fd, own, others) for key in awaited.get_map().values())
    except OSError:
        return False


def a_signal_is_due() -> bool:
    """Whether this process has set a timer that ends soon. (A test's time limit is one, too, but a long one.)"""
    return any(0 < signal.getitimer(timer)[0] < _SOON for timer in (signal.ITIMER_REAL, signal.ITIMER_PROF))


def _is_of_this_process(descriptor: int, own: dict[int, str], others: set[str]) -> bool:
    file = own.get(descriptor, "")
    if file.startswith("pipe:"):
        return file not in others and any(found == file and _is_written_to(end) for end, found in own.items())
    if file.startswith("socket:"):
        # A child that has none of our sockets does not have the other end either, whichever of them that is.
        return others.isdisjoint(own.values()) and _is_end_of_own_pair(descriptor)
    return False


def _is_written_to(descriptor: int) -> bool:
    with open(f"{_PROCESSES}/self/fdinfo/{descriptor}", encoding="ascii") as lines:
        flags = next(line for line in lines if line.startswith("flags:"))
    return int(flags.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY


def _is_end_of_own_pair(descriptor: int) -> bool:
    """Whether it is one of two sockets that this process has made by `socket.socketpair`."""
    with socket.socket(fileno=os.dup(descriptor)) as end:
        if end.family != socket.AF_UNIX or end.getsockname() or end.getpeername():
            return False
        made_by, _, _ = _CREDENTIALS.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        return bool(made_by == os.getpid())


def _files_of(process: str) -> dict[int, str]:
    """What the descriptors of a process refer to, such as ``pipe:[4711]``."""
    directory = f"{_PROCESSES}/{process}/fd"
    files: dict[int, str] = {}
    for name in os.listdir(directory):
        try:
            files[int(name)] = os.readlink(f"{directory}/{name}")
        except FileNotFoundError:
            continue  # such as that of the list itself
    return files


def _children() -> list[str]:
    found: list[str] = []
    for thread in os.listdir(f"{_PROCESSES}/self/task"):
        with open(f"{_PROCESSES}/self/task/{thread}/children", encoding="ascii") as children:
            found += children.read().split()
    return found
