"""Making a used OS thread as good as new: no `threading.local` data, no trace function, no other state of its own.

CPython has no function for that short of ending the thread. Up to 3.12 a thread's `threading.local` data hangs on the
dict of its thread state; since then on two objects that the thread state refers to. Where in the thread state those are
is found by looking at what an access changes, and tried out; if that does not work, `CAN_SCRUB` is False and threads
are not used twice.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Any

from racekit.runtime import originals

_WORDS = 64  # the thread state is larger than this on every supported version

_thread_state = ctypes.pythonapi.PyThreadState_Get
_thread_state.restype = ctypes.c_void_p
_thread_state.argtypes = []
_thread_state_dict = ctypes.pythonapi.PyThreadState_GetDict
_thread_state_dict.restype = ctypes.c_void_p  # a borrowed reference, which py_object would take for a new one
_thread_state_dict.argtypes = []
_decrement = ctypes.pythonapi.Py_DecRef
_decrement.restype = None
_decrement.argtypes = [ctypes.c_void_p]


def _words() -> Any:
    return (ctypes.c_size_t * _WORDS).from_address(_thread_state() or 0)


class ThreadState:
    """What the OS thread that makes this keeps for itself."""

    __slots__ = ("_dictionary", "_words")

    def __init__(self) -> None:
        self._dictionary: Any = ctypes.cast(_thread_state_dict(), ctypes.py_object).value
        self._words = _words()

    def scrub(self) -> None:
        """Forget all of it; only that thread may call this."""
        sys.settrace(None)
        sys.setprofile(None)
        if self._dictionary:
            self._dictionary.clear()
        for index in _LOCAL_KEYS:
            reference = self._words[index]
            if reference:
                self._words[index] = 0
                _decrement(reference)


def _in_new_thread(work: Any) -> Any:
    results: list[Any] = []
    ended = originals.allocate_lock()
    originals.lock_acquire(ended)

    def run() -> None:
        try:
            results.append(work())
        finally:
            originals.lock_release(ended)

    originals.start_new_thread(run, ())
    originals.lock_acquire(ended)
    return results[0] if results else None


def _find_local_keys() -> tuple[int, ...]:
    _thread_state_dict()
    before = list(_words())
    threading.local().used = True
    return tuple(index for index, word in enumerate(_words()) if word and not before[index])


class _Counted(threading.local):
    def __init__(self) -> None:
        self.uses = 0


def _scrubbing_works() -> bool:
    state, plain, counted = ThreadState(), threading.local(), _Counted()
    for _ in range(3):
        if hasattr(plain, "used") or counted.uses:
            return False
        plain.used = True
        counted.uses += 1
        state.scrub()
    return not hasattr(plain, "used")


_LOCAL_KEYS: tuple[int, ...] = ()
if sys.version_info >= (3, 13):
    _LOCAL_KEYS = _in_new_thread(_find_local_keys) or ()
    if len(_LOCAL_KEYS) > 2:
        _LOCAL_KEYS = ()
CAN_SCRUB = bool(_in_new_thread(_scrubbing_works))
