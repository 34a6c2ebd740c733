"""Properties for Hypothesis: it generates what threads do, while racekit decides when they do it."""

from racekit.linearize import Blocks
from racekit.properties.concurrent import concurrent, invariant, operation

__all__ = ["Blocks", "concurrent", "invariant", "operation"]
