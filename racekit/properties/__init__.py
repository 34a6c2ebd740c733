"""Properties for Hypothesis: it generates what threads do, while racekit decides when they do it."""

from racekit.linearize import Blocks
from racekit.properties.machines import concurrently
from racekit.properties.objects import concurrent, invariant, operation
from racekit.properties.schedules import DrawnSchedule, schedules

__all__ = ["Blocks", "DrawnSchedule", "concurrent", "concurrently", "invariant", "operation", "schedules"]
