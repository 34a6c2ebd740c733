"""Optimal dynamic partial-order reduction: one execution of all that differ in the order of independent steps only.

Abdulla, Aronis, Jonsson and Sagonas, "Optimal dynamic partial order reduction" (POPL 2014), with sleep sets and wake-up
trees. After each execution every race in it is looked at: had the later step come first, something else might have
happened, so the steps that lead there are put into the wake-up tree of the point before the race.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from racekit.dependence import EVERYTHING, Footprint, dependent
from racekit.happens_before import HappensBefore, Links, Race
from racekit.runtime.scheduling_point import FAILS, THE_END, SchedulingPoint, TraceEntry
from racekit.strategies.reversal import Branch, Reversal
from racekit.strategies.steps import blocked_steps, footprint, links
from racekit.watch.site import Site


class Redundant(Exception):
    """Everything that could go on leads to interleavings that were seen: the execution need not end. Private."""


_NOTHING: TraceEntry = (-1, None, "", None)
"""Stands for what was done last, before anything was."""


class _Sleeper(NamedTuple):
    footprint: Footprint
    known: int


class _Node:
    """A scheduling point of the current execution: what was chosen there, what is to be tried, what need not be.

    `footprint` and `links` are of the step that came of the choice; `fails` tells whether it ended the execution.
    `done` is how many choices were tried before, and `operation` what was done last before, at `site`.
    """

    __slots__ = (
        *("branches", "chosen", "default", "done", "enabled", "fails", "follow", "footprint"),
        *("known", "links", "operation", "preemptive", "site", "sleeping", "start"),
    )

    def __init__(self, point: SchedulingPoint, sleeping: dict[int, _Sleeper]) -> None:
        trace = point.trace
        self.start = len(trace)
        self.known = len(point.kinds)
        self.enabled = point.enabled
        self.default = point.default
        self.preemptive = point.preemptive
        self.sleeping = sleeping
        self.branches: list[Branch] = []
        self.chosen = -1
        self.done = 0
        _, self.site, self.operation, _ = trace[-1] if trace else _NOTHING
        self.follow: list[Branch] = []
        self.footprint: Footprint = ()
        self.links: Links = ()
        self.fails = False

    def comes_again(self, enabled: tuple[int, ...], trace: Sequence[TraceEntry]) -> bool:
        """Whether an execution that has come this far is the same as the one before."""
        if enabled != self.enabled or len(trace) != self.start:
            return False
        _, site, operation, _ = trace[-1] if trace else _NOTHING
        return operation == self.operation and (site is self.site or _position(site) == _position(self.site))

    def step_is_over(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        entries = trace[self.start :]
        self.footprint = footprint(entries, kinds)
        self.links = links(entries)


class Dpor:
    """Every different interleaving, each once; which one comes first is up to the default schedule.

    `complete` is how many have been run. If the second execution does not follow the very first, that one was the
    first of all, in which a library may have set up what it keeps for later ones: then it does not count.
    """

    compares_events = True
    preemptions_ruled_out = 0

    def __init__(self) -> None:
        self.is_redundant = False
        self._executions = 0
        self.restart()

    def restart(self) -> None:
        self.cut_by: str | None = None
        self.complete = 0
        self._nodes: list[_Node] = []
        self._order = HappensBefore()
        self._fixed = 0
        self._fresh = True
        self._depth = 0

    @property
    def interleavings(self) -> int | None:
        return self.complete

    def estimated_left(self) -> float:
        """How many interleavings may be left, if the choices that are still to be tried lead to as many as those that
        were (Kilby, Slaney, Thiébaux and Walsh, "Estimating search tree size", AAAI 2006). Often too few at first."""
        if not self._nodes:
            return math.inf if self._fresh else 0.0
        seen, weight = 0.0, 1.0
        for node in self._nodes:
            choices = node.done + 1 + len(node.branches)
            seen += weight * node.done / choices
            weight /= choices
        return self.complete * (1 / seen - 1) if seen else math.inf

    def begin(self) -> bool:
        self._depth = 0
        self._executions += 1
        self.is_redundant = False
        if self._fresh:
            self._fresh = False
            return True
        return bool(self._nodes)

    # --- one execution -----------------------------------------------------------------------------------------------

    def foresee(self, enabled: tuple[int, ...], trace: Sequence[TraceEntry]) -> _Node | None:
        """The next choice, if it was made when the execution before came to this very point."""
        depth = self._depth
        if depth >= self._fixed:
            return None
        node = self._nodes[depth]
        if not node.comes_again(enabled, trace):
            return None
        self._depth = depth + 1
        return node

    def choose(self, point: SchedulingPoint) -> int:
        foreseen = self.foresee(point.enabled, point.trace)
        if foreseen is not None:
            return foreseen.chosen
        depth = self._depth
        self._depth = depth + 1
        if depth < self._fixed:
            self.cut_by = "nondeterminism"
            node = self._nodes[depth]
            if node.chosen not in point.enabled:
                self._give_up()
            return node.chosen
        node = self._new_node(point)
        node.chosen = self._first_choice(node, point)
        self._nodes.append(node)
        return node.chosen

    def _new_node(self, point: SchedulingPoint) -> _Node:
        sleeping: dict[int, _Sleeper] = {}
        if self._nodes:
            parent = self._nodes[-1]
            parent.step_is_over(point.trace, point.kinds)
            for thread, sleeper in parent.sleeping.items():
                if thread != parent.chosen and not dependent(sleeper.footprint, parent.footprint, sleeper.known):
                    sleeping[thread] = sleeper
        return _Node(point, sleeping)

    def _first_choice(self, node: _Node, point: SchedulingPoint) -> int:
        follow = self._nodes[-1].follow if self._nodes else []
        if follow and follow[0].thread in point.enabled:
            first, *node.branches = follow
            node.follow = first.branches
            return first.thread
        if point.default not in node.sleeping:
            return point.default
        for thread in point.enabled:
            if thread not in node.sleeping:
                return thread
        self._give_up()

    def _give_up(self) -> NoReturn:
        self.is_redundant = True
        raise Redundant

    # --- what to try next --------------------------------------------------------------------------------------------

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        self.complete += not self.is_redundant
        if self._depth < self._fixed:
            self.cut_by = "nondeterminism"
        if self.cut_by is not None and self._executions == 2:
            self.restart()
            return
        del self._nodes[self._depth :]
        if self._nodes:
            last = self._nodes[-1]
            last.step_is_over(trace, kinds)
            last.fails = any(operation == FAILS for _, _, operation, _ in trace[last.start :])
            for race in self._order_new_steps(trace, kinds):
                self._try_the_other_way(race)
            self._compare_what_blocks(trace, kinds)
            self._let_others_run()
            self._backtrack()

    def _order_new_steps(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> list[Race]:
        """Step i + 1 is that of node i. What was the same in the execution before had its races then."""
        order = self._order
        order.cut(min(self._fixed, len(self._nodes)))
        if not order.steps:
            entries = trace[: self._nodes[0].start]
            order.add(0, footprint(entries, kinds), links(entries))
        races: list[Race] = []
        for node in self._nodes[len(order.steps) - 1 :]:
            races += order.add(node.chosen, node.footprint, node.links)
        return races

    def _compare_what_blocks(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        """Each blocked thread, by itself: what it waits for never came about, but could have come before."""
        executed = len(self._order.steps)
        for blocked in blocked_steps(trace[self._nodes[-1].start :], kinds):
            for race in self._order.add(*blocked):
                self._try_the_other_way(race)
            self._order.cut(executed)

    def _let_others_run(self) -> None:
        """If the last step stopped threads that could have gone on, each of them might have come before it."""
        node = self._nodes[-1]
        if node.fails or any(access.operation == THE_END for access in node.footprint):
            tried = {node.chosen, *node.sleeping, *(branch.thread for branch in node.branches)}
            node.branches += [Branch(thread, (), node.known) for thread in node.enabled if thread not in tried]

    def _try_the_other_way(self, race: Race) -> None:
        steps = self._order.steps
        node = self._nodes[race.first - 1]
        sequence = Reversal(steps, race, executed=len(self._nodes) + 1)
        if len(sequence.indices) == 1 and steps[race.second].thread not in node.enabled:
            return
        if not sequence.is_still_a_race:
            return
        for thread, sleeper in node.sleeping.items():
            if sequence.without_first(thread, sleeper.footprint, sleeper.known) is not None:
                return
        sequence.insert_into(node.branches, node.known)

    def _backtrack(self) -> None:
        while self._nodes:
            node = self._nodes[-1]
            node.sleeping[node.chosen] = _Sleeper(EVERYTHING if node.fails else node.footprint, node.known)
            node.branches = [branch for branch in node.branches if branch.thread in node.enabled]
            if node.branches:
                branch = node.branches.pop(0)
                node.chosen = branch.thread
                node.follow = branch.branches
                node.done += 1
                break
            self._nodes.pop()
        self._fixed = len(self._nodes)


def _position(site: Site | None) -> int:
    return -1 if site is None else site.position
