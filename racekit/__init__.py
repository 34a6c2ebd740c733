"""racekit makes races happen: it runs a threaded test under the schedules that matter, and replays what it finds."""

from racekit.errors import BadArgument, Deadlock, Livelock, RaceFailure, RacekitError, ScheduleMismatch
from racekit.explore import Execution, Exploration, Outcome, explore, replay
from racekit.failure import Failure
from racekit.schedule import Schedule

__all__ = [
    "BadArgument",
    "Deadlock",
    "Execution",
    "Exploration",
    "Failure",
    "Livelock",
    "Outcome",
    "RaceFailure",
    "RacekitError",
    "Schedule",
    "ScheduleMismatch",
    "explore",
    "replay",
]
