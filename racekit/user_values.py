"""Values and errors of the code under test: as texts, and compared, also where their own methods fail."""

from __future__ import annotations

import math
import re
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+>")


def text_of(value: object) -> str:
    """Its `repr`, without addresses, which differ each time; its type if that fails."""
    try:
        return _ADDRESS.sub(">", repr(value))
    except Exception:
        return f"<{type(value).__name__}>"


def message_of(error: BaseException | None) -> str:
    """What an error says; what its `str` raises if that fails."""
    try:
        return str(error)
    except Exception as failed:
        return f"<its __str__ raises {type(failed).__name__}>"


def error_in_words(error: BaseException) -> str:
    """Its type and the first line of what it says: `ValueError: bad`."""
    first = message_of(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def equal(one: Any, other: Any) -> bool:
    """Whether they are equal. Those whose comparison fails, or gives no truth value, are compared by their texts."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other):
        return True
    try:
        return bool(one == other)
    except Exception:
        return text_of(one) == text_of(other)


def is_known_as(value: object, key: object) -> bool:
    """Whether `key` stands for this value: the value itself, or its text where it cannot be hashed."""
    return equal(value, key) or text_of(value) == key
