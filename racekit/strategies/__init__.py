"""Which schedule to try next: one strategy a file.

A strategy sees thread ids and what each thread is about to do, never a thread.
"""

from __future__ import annotations

from racekit.options import Options
from racekit.strategies.auto import Auto
from racekit.strategies.bounded import Bounded
from racekit.strategies.directed import Directed
from racekit.strategies.dpor import Dpor
from racekit.strategies.pct import Pct
from racekit.strategies.pos import Pos
from racekit.strategies.protocol import Strategy
from racekit.strategies.random_walk import RandomWalk
from racekit.strategies.surw import Surw
from racekit.strategies.urw import Urw

__all__ = ["Strategy", "make_strategy"]


def make_strategy(options: Options) -> Strategy:
    """The strategy that `options` name."""
    match options.strategy:
        case "bounded":
            return Bounded(options.preemptions)
        case "directed":
            return Directed()
        case "dpor":
            return Dpor()
        case "pct":
            return Pct(options.seed, options.depth)
        case "pos":
            return Pos(options.seed)
        case "random":
            return RandomWalk(options.seed)
        case "surw":
            return Surw(options.seed)
        case "urw":
            return Urw(options.seed)
        case _:
            return Auto(options)
