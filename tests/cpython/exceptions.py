"""Tests of CPython that rightly come out differently, each with the reason."""

from __future__ import annotations

REWRITTEN: dict[str, str] = {}
"""Test -> why it notices that code is rewritten."""

CONTROLLED: dict[str, str] = {}
"""Test, or the beginning of the names of several -> why it cannot run, or comes out differently, under control."""
