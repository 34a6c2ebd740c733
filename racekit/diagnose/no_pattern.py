"""Where no pattern fits: the error itself, and what differs from the nearest execution that passes."""

from __future__ import annotations

from racekit.diagnose.difference import difference_in_words
from racekit.failure import Diagnosis, Failure
from racekit.user_values import message_of


def no_pattern(failure: Failure) -> Diagnosis:
    """`ValueError in worker: bad; it passes if ...`."""
    error = failure.exception
    if error is None:
        sentence = failure.outcome
    else:
        message = message_of(error).strip().partition("\n")[0]
        sentence = f"{type(error).__name__} in {failure.thread}" + (f": {message}" if message else "")
    difference, events = difference_in_words(failure)
    in_thread = error is not None and failure.thread != next(iter(failure.trace.threads), failure.thread)
    return Diagnosis(
        "exception in a thread" if in_thread else "",
        f"{sentence}; {difference}" if difference else sentence,
        events,
    )
