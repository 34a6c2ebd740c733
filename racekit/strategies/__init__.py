"""Which schedule to try next: one strategy a file.

A strategy sees thread ids and what each thread is about to do, never a thread.
"""

from __future__ import annotations

from racekit.options import Options
from racekit.strategies.auto import Auto
from racekit.strategies.bounded import Bounded
from racekit.strategies.dpor import Dpor
from racekit.strategies.protocol import Strategy
from racekit.strategies.random_walk import RandomWalk

__all__ = ["Strategy", "make_strategy"]


def make_strategy(options: Options) -> Strategy:
    """The strategy that `options` name."""
    if options.strategy == "bounded":
        return Bounded(options.preemptions)
    if options.strategy == "dpor":
        return Dpor()
    if options.strategy == "random":
        return RandomWalk(options.seed)
    return Auto(options)
