"""What an exploration took."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Effort:
    """Real seconds spent on rewriting the watched code (with taking control of the process and giving it back), on
    running the body (with minimizing what failed) and on what the strategy does between executions; and how many
    scheduling points all executions passed together.
    """

    rewriting: float = 0.0
    running: float = 0.0
    searching: float = 0.0
    points: int = 0
