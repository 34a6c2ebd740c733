"""Every error that racekit raises, and the exceptions that stand for what it found."""

from __future__ import annotations


class RacekitError(Exception):
    """Base of the errors that tell a user what to change."""


class BadArgument(RacekitError, ValueError):
    """An option, a body or a token that cannot be used; the message names the cause and the fix."""


class ScheduleMismatch(RacekitError):
    """A schedule that the body did not follow to its end; the message says where it stopped fitting."""


class NeverReached(RacekitError, AssertionError):
    """A place at which nothing happened while an injection was active, so that the test is not what it seems to be."""


class NestedExploration(RacekitError, RuntimeError):
    """`explore` was called by a body that is itself being explored."""


class UnsupportedInterpreter(RacekitError, RuntimeError):
    """A Python on which racekit cannot see what code does; the message says what is different."""


class InternalError(RacekitError, RuntimeError):
    """A fault of racekit itself, never of the code under test."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} This is a fault of racekit, not of your code: please report it with this message.")


class RaceFailure(AssertionError):
    """What an explored test raises when an execution failed without an exception of its own.

    `failure` is the `racekit.Failure` that it reports.
    """

    def __init__(self, message: str, failure: object = None) -> None:
        super().__init__(message)
        self.failure = failure


class Deadlock(RaceFailure):
    """No thread could run any more."""


class ForbiddenOutcome(RaceFailure):
    """The body returned a value that is not among the `outcomes` allowed."""


class Livelock(RaceFailure):
    """The threads kept running without an end in sight."""


class DataRaceFound(RaceFailure):
    """Accesses that nothing orders, where such races are errors."""


class Inconsistent(RaceFailure):
    """What concurrent calls gave, no sequential order of them gives."""


class ExecutionAborted(BaseException):
    """Unwinds the threads of an execution that is over. Private: never caught by name, never printed."""
