"""What the command line and the ini file say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from racekit.errors import BadArgument
from racekit.kept_schedules import KeptSchedules
from racekit.options import STRATEGIES, Options, option_types
from racekit.pytest_items.tried_first import store_of
from racekit.schedule import Schedule

LIMITS = {
    "executions": ("N", "explore each race test in at most so many executions (default: 1000)"),
    "seconds": ("SECONDS", "explore each race test for at most so long (default: no limit)"),
    "preemptions": ("N", "explore only schedules with at most so many preemptions (default: no limit)"),
    "strategy": ("NAME", f"how to choose the next schedule: {', '.join(STRATEGIES)} (default: auto)"),
    "seed": ("N", "explore from this seed, into which each test mixes its node id (default: 0)"),
}
SCOPES = {
    "include": "watch this package, module, class or function, too, such as cachetools or queue.Queue",
    "exclude": "do not watch this package, module, class or function",
}
PRECEDENCE = "What is given on the command line wins over a test's own marker or decorator, and that over the ini file."


@dataclass(frozen=True)
class Settings:
    """What the command line and the ini file say."""

    everything: bool
    replay: Schedule | None
    token: str | None
    command_line: dict[str, Any]
    ini_file: dict[str, Any]
    statistics: bool
    store: KeptSchedules

    @property
    def every_thread(self) -> bool:
        """Whether tests that nobody marked are run under control too, if they start a thread."""
        return self.everything or self.replay is not None


def add_options(group: pytest.OptionGroup, parser: pytest.Parser) -> None:
    """All options but those that ask for reports."""
    text = "explore every test function that starts a thread, not only those that are marked"
    group.addoption("--race", action="store_true", default=None, help=f"{text}. {PRECEDENCE}")
    parser.addini("race", f"{text} (as --race)", type="bool", default=False)
    for name, (metavar, text) in LIMITS.items():
        group.addoption(f"--race-{name}", metavar=metavar, help=text)
        parser.addini(f"race_{name}", f"{text} (as --race-{name})", default=None)
    for name, text in SCOPES.items():
        group.addoption(f"--race-{name}", action="append", metavar="NAME", help=f"{text}; may be repeated")
        parser.addini(f"race_{name}", f"{text} (as --race-{name})", type="args", default=[])
    text = "first run the default schedule of each race test a few times, and say what differs"
    group.addoption("--race-audit", action="store_true", help=text)
    parser.addini("race_audit", f"{text} (as --race-audit)", type="bool", default=False)
    text = "run each race test, and each that starts a thread, once with the schedule of this token"
    group.addoption("--race-replay", metavar="TOKEN", help=text)
    parser.addini("race_replay", f"{text} (as --race-replay)", default=None)
    parser.addini(
        "race_directory",
        "where failing schedules are kept for the next run, seen from rootdir; empty: nowhere (default: .racekit)",
        default=".racekit",
    )
    text = "first forget the failing schedules that earlier runs have kept, so that none of them is tried first"
    group.addoption("--race-forget", action="store_true", help=text)
    text = "at the end, say of each explored test what was proved or what cut the search, and what that took"
    group.addoption("--race-statistics", action="store_true", default=None, help=text)
    parser.addini("race_statistics", f"{text} (as --race-statistics)", type="bool", default=False)


def settings_of(config: pytest.Config) -> Settings:
    """Raises pytest.UsageError for what means nothing."""
    token = config.getoption("race_replay")
    where = "--race-replay" if token else "race_replay in the ini file"
    token = token or config.getini("race_replay")
    try:
        replay = Schedule.parse(token.partition(";")[0]) if token else None
    except BadArgument as error:
        raise pytest.UsageError(f"{where}: {error}") from None
    return Settings(
        everything=bool(config.getoption("race") or config.getini("race")),
        replay=replay,
        token=token or None,
        command_line=_limits({f"--race-{name}": config.getoption(f"race_{name}") for name in LIMITS})
        | _scopes(config.getoption)
        | ({"audit": True} if config.getoption("race_audit") else {}),
        ini_file=_limits({f"race_{name} in the ini file": config.getini(f"race_{name}") for name in LIMITS})
        | _scopes(config.getini)
        | ({"audit": True} if config.getini("race_audit") else {}),
        statistics=bool(config.getoption("race_statistics") or config.getini("race_statistics")),
        store=store_of(config),
    )


def _limits(texts: dict[str, str | None]) -> dict[str, Any]:
    values = {}
    for (where, text), name in zip(texts.items(), LIMITS, strict=True):
        if not text:
            continue
        kind = option_types()[name]
        try:
            values[name] = kind(text)
            Options.of({name: values[name]})
        except BadArgument as error:
            raise pytest.UsageError(f"{where}: {error}") from None
        except ValueError:
            number = "a whole number" if kind is int else "a number"
            raise pytest.UsageError(f"{where}: {text!r} is not {number}.") from None
    return values


def _scopes(given: Callable[[str], Any]) -> dict[str, Any]:
    names = {name: tuple(given(f"race_{name}") or ()) for name in SCOPES}
    return {name: each for name, each in names.items() if each}
