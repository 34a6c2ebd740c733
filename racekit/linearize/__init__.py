"""Histories of concurrent calls, and the search for a sequential order that explains them."""

from racekit.linearize.history import BLOCKED, Blocked, Call, History, Operation, Outcome, Raised, Returned, outcome_of
from racekit.linearize.model import Blocks, Modelled
from racekit.linearize.search import Meaning, Nearest, explanation, nearest
from racekit.linearize.values import Identities, Renaming, same

__all__ = [
    "BLOCKED",
    "Blocked",
    "Blocks",
    "Call",
    "History",
    "Identities",
    "Meaning",
    "Modelled",
    "Nearest",
    "Operation",
    "Outcome",
    "Raised",
    "Renaming",
    "Returned",
    "explanation",
    "nearest",
    "outcome_of",
    "same",
]
