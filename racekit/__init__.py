"""racekit makes races happen: it runs a threaded test under the schedules that matter, and replays what it finds."""

from types import ModuleType

from racekit import interpreter  # noqa: F401 - first of all
from racekit.assertions import assert_deadlock, assert_lost_update, assert_outcomes, assert_race_free, raises
from racekit.diagnose.data_races import DataRace
from racekit.errors import (
    BadArgument,
    DataRaceFound,
    Deadlock,
    ForbiddenOutcome,
    Inconsistent,
    InternalError,
    Livelock,
    NestedExploration,
    NeverReached,
    RaceFailure,
    RacekitError,
    ScheduleMismatch,
    UnsupportedInterpreter,
)
from racekit.explore import explore, replay
from racekit.failure import Diagnosis, Failure
from racekit.inject import InjectionTimeout
from racekit.race import race
from racekit.results import Execution, Exploration, Outcome
from racekit.schedule import Schedule
from racekit.script import Race, inject
from racekit.serializable import assert_serializable
from racekit.side_by_side import StillRunning, together

__all__ = [
    "BadArgument",
    "DataRace",
    "DataRaceFound",
    "Deadlock",
    "Diagnosis",
    "Execution",
    "Exploration",
    "Failure",
    "ForbiddenOutcome",
    "Inconsistent",
    "InjectionTimeout",
    "InternalError",
    "Livelock",
    "NestedExploration",
    "NeverReached",
    "Outcome",
    "Race",
    "RaceFailure",
    "RacekitError",
    "Schedule",
    "ScheduleMismatch",
    "StillRunning",
    "UnsupportedInterpreter",
    "assert_deadlock",
    "assert_lost_update",
    "assert_outcomes",
    "assert_race_free",
    "assert_serializable",
    "explore",
    "inject",
    "race",
    "raises",
    "replay",
    "together",
]


def __getattr__(name: str) -> ModuleType:
    """`racekit.properties`, which imports Hypothesis, is only imported by who uses it."""
    if name != "properties":
        raise AttributeError(f"module 'racekit' has no attribute {name!r}")
    import racekit.properties

    return racekit.properties
