"""What others measured on the same programs, in C: 20 trials each, at most 10,000 schedules.

Random walk to SURW are recomputed from the artifact of SURW (ASPLOS 2025), RFF from its own (ASPLOS 2024), where each
trial had five minutes. PERIOD (ICSE 2022) is what its authors report, and GenMC the number of its executions, both as
the artifact of RFF quotes them. The work-stealing queue is CHESS's `WorkStealQueue`, the string buffer that of JDK 1.4.
"""

from __future__ import annotations

TOOLS = ("RW", "PCT 3", "PCT 10", "POS", "URW", "SURW", "RFF", "PERIOD", "GenMC")
"""The columns: random walk, PCT with depth 3 and 10, ..."""

NEVER = "never"

_MEANS = """
account          | 18    | 4     | 4     | 4     | 3          | 6   |      | 2    | 5
bluetooth_driver | 215   | 112   | 83    | 36    | 1494 19/20 | 70  |      | 9    | 10
carter01         | 1     | 5     | 3     | 2     |            |     |      | 5    | none in 4
circular_buffer  | 4     | 9     | 5     | 2     | 14         | 3   |      | 17   | 8
deadlock01       | 3     | 13    | 7     | 4     | 3          | 2   |      | 3    | none in 3
lazy01           | 21    | 5     | 5     | 5     | 4          | 2   |      | 3    | 1
queue            | 1     | 3     | 2     | 1     | 2          | 2   | 1    | 25   | 22
reorder_3        | never | 185   | 148   | 86    | 24         | 7   |      | 6    |
reorder_4        | never | 554   | 362   | 533   | 22         | 7   |      | 9    |
reorder_5        | never | 647   | 1094  | 2169  | 27         | 10  |      | 12   |
reorder_10       | never | 3225 16/20 | 4462 12/20 | never | 74 | 17 | 5.9 | 27  |
reorder_20       | never | 3005  | 3297 17/20 | never | 10    | 6   |      | 39   |
reorder_50       | never | 3304 6/20 | 9422 1/20 | never | 75 | 13  |      |      |
reorder_100      | never | never | never | never | 3785 12/20 | 194 | 5.9  |      |
stack            | 176   | 3     | 3     | 2     | 986 19/20  | 5   |      | 2    | 20
stringbuffer     | 2243 19/20 | 281 | 26 | 23    | 834        | 8   |      | 12   |
token_ring       | 13    | 8     | 8     | 9     | 9          | 8   |      | 4    | 14
twostage         | 464   | 13    | 9     | 15    | 9          | 8   |      | 3    | 3
twostage_20      | never | 159   | 101   | 156   | 24         | 6   | 21.7 |      |
twostage_50      | never | 1676  | 692   | 1637  | 93         | 20  | 35.1 |      |
twostage_100     | never | 7466 3/20 | 5726 9/20 | 6674 3/20 | 2992 18/20 | 454 | | 690 |
work_steal_queue |       | 48    | 16    | 12    | 13         | 6   |      | 1661 |
wronglock        | 36    | 51    | 20    | 10    | 4          | 7   |      | 10   | 3
wronglock_3      | 36    | 58    | 14    | 11    | 5          | 9   |      | 6    |
"""

MEANS: dict[str, dict[str, str]] = {
    name.strip(): dict(zip(TOOLS, map(str.strip, cells), strict=True))
    for name, *cells in (line.split("|") for line in _MEANS.strip().splitlines())
}
"""program -> tool -> mean number of schedules to the first bug, with how many trials found it where not all did."""

FOUND_WITHIN: dict[str, tuple[float, float, float, int]] = {
    "RW": (7.6, 11.9, 14.2, 26),
    "PCT 3": (9.8, 15.9, 21.5, 28),
    "PCT 10": (12.0, 18.4, 22.9, 28),
    "POS": (13.9, 19.2, 21.6, 28),
    "URW": (11.9, 18.1, 21.3, 26),
    "SURW": (19.5, 25.2, 26.9, 27),
}
"""tool -> expected number of programs found within 10, 100 and 1,000 schedules, and of how many (these and 3 more)."""
