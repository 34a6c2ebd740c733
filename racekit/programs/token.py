"""What replays a program: its schedule, how its calls are cut up, and the example of Hypothesis that makes them."""

from __future__ import annotations

from dataclasses import dataclass

from racekit.errors import BadArgument
from racekit.programs.program import Program
from racekit.schedule import Schedule


@dataclass(frozen=True, slots=True)
class ProgramToken:
    """Its text reads `rk1:1@14w.value>2;0+2+1;AAEBAQ==`: no call comes first, thread 1 makes two, thread 2 one.

    `example` is what `hypothesis.reproduce_failure` takes, which holds for one version of Hypothesis.
    """

    schedule: Schedule
    sizes: tuple[int, ...]
    example: str

    @classmethod
    def parse(cls, token: str) -> ProgramToken:
        """Raises BadArgument for anything that is not the token of a program."""
        schedule, *rest = token.split(";") if isinstance(token, str) else [token]
        parsed = Schedule.parse(schedule)
        try:
            sizes, example = rest
            return cls(parsed, tuple(map(int, sizes.split("+"))), example)
        except ValueError:
            raise BadArgument(
                f"{token!r} is not the token of a program, which has two more parts, such as ';0+1+1;AAEBAQ==': "
                "copy the whole token from the report of a concurrent object."
            ) from None

    def is_cut_like(self, program: Program) -> bool:
        return self.sizes == sizes_of(program)

    def __str__(self) -> str:
        return f"{self.schedule};{'+'.join(map(str, self.sizes))};{self.example}"


def sizes_of(program: Program) -> tuple[int, ...]:
    """How many calls come first, and how many each thread makes."""
    return tuple(map(len, (program.prefix, *program.threads)))
