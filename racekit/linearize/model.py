"""The sequential meaning as an explicit model: a plain class with a method for each operation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from racekit.errors import BadArgument
from racekit.linearize.history import BLOCKED, Operation, Outcome, outcome_of, raised
from racekit.linearize.values import Identities


class Blocks(Exception):
    """Raised by a model's method: in this state the operation would wait until another one has let it go on."""


class ModelState:
    """A model that no operation changes any more; equal to others that hold the same."""

    __slots__ = ("_hash", "key", "model")

    def __init__(self, model: Any) -> None:
        self.model = model
        self.key = _frozen(getattr(model, "__dict__", None) or model, ())
        self._hash = hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelState) and self.key == other.key

    def __hash__(self) -> int:
        return self._hash


class Modelled:
    """What operations mean by a model: `make()` gives one, whose methods take the arguments of the operations.

    view: what can be seen of a model at the end. Raises BadArgument for an operation that the model has no method for.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        prefix: Sequence[Operation] = (),
        view: Callable[[Any], object] = lambda model: None,
    ) -> None:
        self._make = make
        self._prefix = prefix
        self._view = view
        self._identities = Identities()
        self._performed: dict[tuple[ModelState, Operation], tuple[Outcome, ModelState]] = {}

    def start(self) -> ModelState:
        state = ModelState(self._make())
        for operation in self._prefix:
            _, state = self.perform(state, operation)
        return state

    def perform(self, state: ModelState, operation: Operation) -> tuple[Outcome, ModelState]:
        known = self._performed.get((state, operation))
        if known is None:
            known = self._performed[state, operation] = self._perform(state, operation)
        return known

    def _perform(self, state: ModelState, operation: Operation) -> tuple[Outcome, ModelState]:
        model = copy.deepcopy(state.model)
        method = getattr(model, operation.name, None)
        if method is None:
            raise BadArgument(
                f"The model {type(model).__name__} has no method {operation.name}: "
                "give it one for each operation, with the same arguments."
            )
        try:
            outcome: Outcome = outcome_of(method(**copy.deepcopy(dict(operation.arguments))), self._identities)
        except Blocks:
            return BLOCKED, state
        except Exception as error:
            outcome = raised(error, self._identities)
        return outcome, ModelState(model)

    def final(self, state: ModelState) -> Outcome:
        return outcome_of(self._view(state.model), self._identities)


def _frozen(value: Any, inside: tuple[int, ...]) -> Hashable:
    """A key that is equal for values that hold the same; for what cannot be told, equal to itself only."""
    kind: Any = type(value)
    if id(value) in inside:
        return (kind, inside.index(id(value)))
    within = (*inside, id(value))
    if isinstance(value, dict):
        return (kind, tuple((_frozen(key, within), _frozen(item, within)) for key, item in value.items()))
    if isinstance(value, set | frozenset):
        return (kind, frozenset(_frozen(item, within) for item in value))
    if isinstance(value, list | tuple) or hasattr(value, "popleft"):
        return (kind, tuple(_frozen(item, within) for item in value))
    attributes = getattr(value, "__dict__", None)
    if attributes and kind.__eq__ is object.__eq__:
        return (kind, _frozen(attributes, within))
    return (kind, _hashable(value))


def _hashable(value: Any) -> Hashable:
    try:
        hash(value)
    except TypeError:
        return id(value)
    key: Hashable = value
    return key
