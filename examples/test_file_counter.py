"""Two threads count downloads in a file. What a file holds is nothing that racekit can watch, so an injected sleep says
where it matters: between reading and writing. There the other thread may run.

`racekit.assert_race_free(broken)` says:

    The result depends on the schedule.
    98 executions (0.01 s, 5,000/s), none failed
    proved: all 14 different interleavings of 2 threads hold (every access a scheduling point)
      value  executions  shortest schedule
      '1'    69          rk1:
      '2'    29          rk1:1@41s.sleep>1

    '2' came out, where most executions give '1'; it passes if lambda-1 writes file
      downloads (test_file_counter.py:41) after lambda-2 reads it
      (test_file_counter.py:40)

        lambda-1        lambda-2       test_file_counter.py
        reads <File>                   40  downloads = int(file.read_text())
      > writes <File>                  41  file.write_text(str(downloads + 1))
      ~ ended
                      > reads <File>   40  downloads = int(file.read_text())
                        writes <File>  41  file.write_text(str(downloads + 1))
      (6 other events not shown)

    No preemption needed.

      replay:  racekit.replay(body, 'rk1:1@41s.sleep>1')
      pin:     @racekit.race(replay='rk1:1@41s.sleep>1')
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


@racekit.inject(count, before="file.write_text", sleep=0.1)
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
