"""Tests of CPython that rightly come out differently, each with the reason."""

from __future__ import annotations

REWRITTEN: dict[str, str] = {}
"""Test -> why it notices that code is rewritten."""

_JOINABLE = (
    "starts threads by _thread.start_joinable_thread, which is for `threading` alone; that is under control itself"
)
_SIGNALS = "interrupts the main thread, which ends an exploration as Ctrl-C does"

CONTROLLED: dict[str, str] = {
    "test_thread.*.test_join_from_self": _JOINABLE,
    "test_thread.*.test_join_then_self_join": _JOINABLE,
    "test_thread.*.test_unraisable_exception": "an exception that ends a thread is a failure here, not a warning",
    "test_queue.*.test_shutdown*_all_methods_in_many_threads": "a stress test with 65,536 messages",
    "test_threading.InterruptMainTests.*": _SIGNALS,
}
"""Pattern of tests -> why they cannot run, or come out differently, under control."""
