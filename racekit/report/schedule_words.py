"""What a schedule says, in words: `racekit explain`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from racekit.schedule import Position, Schedule

_ACCESSES = {"r": "read", "w": "write"}
_SYNCHRONIZATIONS = {
    "acquire": "acquire a lock",
    "release": "release a lock",
    "start": "start a thread",
    "join": "wait for a thread to end",
    "sleep": "sleep",
    "resume": "go on after a wait",
    "end": "end",
}


def explained(schedule: Schedule, sources: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The lines of the explanation. `sources`: by the name of a file its lines, to show those that are spoken of."""
    number = len(schedule.switches)
    yield "The threads are numbered in the order in which they start; 0 runs the test."
    if not number:
        yield "Each runs for as long as it can, then the next: this schedule has no switches."
        return
    yield f"Each runs for as long as it can, then the next, but for {number} switch{'' if number == 1 else 'es'}:"
    for index, switch in enumerate(schedule.switches, 1):
        yield ""
        yield f"{index}. When thread {switch.thread} is about to {in_words(switch.position)},"
        yield f"   thread {switch.to} runs instead."
        yield from (f"     {line}" for line in _shown(switch.position, sources))


def in_words(position: Position) -> str:
    """`write value on line 11, for the 2nd time`."""
    line = f" on line {position.line}" if position.line else " in code that is not watched"
    time = f", for the {_ordinal(position.occurrence)} time" if position.occurrence > 1 else ""
    return _operation(position) + line + time


def _operation(position: Position) -> str:
    if position.letter in _ACCESSES:
        return f"{_ACCESSES[position.letter]} {position.name or 'an item of a container'}"
    if position.letter == "c":
        return "call a method of a container"
    return _SYNCHRONIZATIONS.get(position.name, f"call {position.name}()")


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _shown(position: Position, sources: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The line in each file where it can be what the position means."""
    if not sources or not position.line:
        return
    name = position.name if position.letter in _ACCESSES else ""
    found = False
    for filename, lines in sources.items():
        text = lines[position.line - 1].strip() if position.line <= len(lines) else ""
        if text and name in text:
            found = True
            yield f"{filename}:{position.line}   {text}"
    if not found:
        yield f"(not on line {position.line} of {' or '.join(sources)}: it is in another file, or has changed)"
