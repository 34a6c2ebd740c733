"""Two threads count downloads in a file. Each reads it, adds one and writes it; in between the other one may run. The
file is the location, whatever path or file object leads to it.

`racekit.assert_race_free(broken)` says:

    The result depends on the schedule.
    25 executions (0.01 s, 5,000/s), none failed
    proved: all 4 different interleavings of 2 threads hold (every access a scheduling point)
      value  executions  shortest schedule
      '2'    17          rk1:
      '1'    8           rk1:1@43c>2

    Lost update on file downloads: lambda-1 overwrote lambda-2's write (both had
      read before)
    '1' came out, where other executions give '2'.

        lambda-1   lambda-2  test_file_counter.py
      > reads                42  downloads = int(file.read_text())
      ~ preempted here
                   reads     42
                 > writes    43  file.write_text(str(downloads + 1))
                 ~ ended
      > writes               43
      (5 other events not shown)

    1 preemption needed.

      replay:  racekit.replay(body, 'rk1:1@43c>2')
      pin:     @racekit.race(replay='rk1:1@43c>2')
      fix:     Hold one lock from the read to the write.
"""

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import racekit


def count(file: Path) -> None:
    downloads = int(file.read_text())
    file.write_text(str(downloads + 1))


LOCK = threading.Lock()


def count_alone(file: Path) -> None:
    with LOCK:
        count(file)


def count_twice(count: Callable[[Path], None]) -> str:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "downloads")
        file.write_text("0")
        racekit.together(lambda: count(file), lambda: count(file))
        return file.read_text()


def broken() -> str:
    return count_twice(count)


def fixed() -> str:
    return count_twice(count_alone)


def test_a_download_can_go_uncounted() -> None:
    racekit.assert_outcomes(broken, {"1", "2"})


def test_with_a_lock_every_download_counts() -> None:
    found = racekit.assert_race_free(fixed)
    assert found.proved
    assert set(found.outcomes) == {"2"}


def test_a_barrier_at_that_line_loses_the_download_in_one_run(race: racekit.Race, tmp_path: Path) -> None:
    file = tmp_path / "downloads"
    file.write_text("0")
    race.barrier(count, before="file.write_text", parties=2)
    race.together(lambda: count(file), lambda: count(file))
    assert file.read_text() == "1"
