"""The sequential meaning by default: the subject itself, on which one call is made after the other."""

from __future__ import annotations

from collections.abc import Sequence

from racekit.errors import InternalError
from racekit.linearize import BLOCKED, Operation, Outcome
from racekit.programs.program import Program, Subject
from racekit.programs.running import NotAllowed, Recording, one_by_one
from racekit.runtime.execution import ExecutionRun

Order = tuple[Operation, ...]


class FailsAlone(Exception):
    """An invariant or an operation failed although one call came after the other. Private: it carries the run."""

    def __init__(self, order: Order, run: ExecutionRun) -> None:
        super().__init__(order)
        self.order = order
        self.run = run


class Alone:
    """The states are the orders themselves. Each order is run once, and tells about all its beginnings.

    `run` is an execution that has ended, under whose control the orders are run.
    """

    def __init__(self, subject: Subject, program: Program) -> None:
        self.runs = 0
        self.run: ExecutionRun | None = None
        self._subject = subject
        self._program = program
        self._outcomes: dict[Order, Outcome] = {}
        self._finals: dict[Order, Outcome] = {}
        self._owners = {
            operation: thread for thread, operations in enumerate(program.threads) for operation in operations
        }

    def start(self) -> Order:
        return ()

    def perform(self, state: Order, operation: Operation) -> tuple[Outcome, Order]:
        order = (*state, operation)
        if order not in self._outcomes:
            self._learn(order)
        outcome = self._outcomes[order]
        return outcome, (state if outcome == BLOCKED else order)

    def final(self, state: Order) -> Outcome:
        if state not in self._finals:
            self._learn(state)
        return self._finals[state]

    def run_all_orders(self) -> None:
        """Run every order once. Raises NotAllowed, or FailsAlone, if one of them does."""
        orders: list[Order] = [()]
        while orders:
            order = orders.pop()
            for operation in self._next(order):
                outcome, after = self.perform(order, operation)
                if outcome != BLOCKED:
                    orders.append(after)

    def _next(self, order: Order) -> list[Operation]:
        made = set(order)
        left = ([operation for operation in thread if operation not in made] for thread in self._program.threads)
        return [operations[0] for operations in left if operations]

    def _learn(self, order: Order) -> None:
        """Run `order`, and after it whatever calls are left, in some order, which may be asked for next."""
        order = (*order, *self._rest(order))
        recordings: list[Recording] = []
        owned = [(self._owners[operation], operation) for operation in order]
        assert self.run is not None
        run = self.run.once_more(one_by_one(self._subject, self._program, owned, recordings.append))
        self.runs += 1
        recording = recordings[0]
        if run.fault is not None and run.fault.kind == "exception":
            if isinstance(run.fault.exception, NotAllowed):
                raise run.fault.exception
            raise FailsAlone(_made(order, recording), run)
        outcomes = {record.operation: record.outcome for thread in recording.threads for record in thread}
        for length in range(1, len(order) + 1):
            outcome = outcomes.get(order[length - 1])
            if outcome is None:
                break
            self._outcomes[order[:length]] = outcome
            if outcome == BLOCKED:
                break
        else:
            if recording.final is not None:
                self._finals[order] = recording.final
            return
        if run.fault is None:
            raise InternalError("A call was left out of a sequential run.")

    def _rest(self, order: Order) -> Sequence[Operation]:
        made = set(order)
        return [operation for thread in self._program.threads for operation in thread if operation not in made]


def _made(order: Order, recording: Recording) -> Order:
    made = {record.operation for thread in recording.threads for record in thread}
    return tuple(operation for operation in order if operation in made)
