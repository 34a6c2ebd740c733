"""Whoever finds the settings in place uses them without taking the lock. But they are in place before they are loaded.

`racekit.assert_race_free(broken)` says:

    The result depends on the schedule.
    33 executions (0.01 s, 5,000/s), none failed
    proved: all 6 different interleavings of 2 threads hold (every access a scheduling point)
      value         executions  shortest schedule
      ('en', 'en')  28          rk1:
      ('', 'en')    5           rk1:1@43w.language>2

    Order violation on Settings.language: language-2 read it ('') before language-1
      had written 'en'
    ('', 'en') came out, where other executions give ('en', 'en').

        language-1    language-2  test_double_checked_locking.py
        writes ''                 40  self.language = ""
      ~ preempted here
                    > reads ''    57  return self.settings.language
                    ~ ended
      > writes 'en'               43  self.language = "en"
        reads 'en'                57  return self.settings.language
      (12 other events not shown)

    1 preemption needed.

      replay:  racekit.replay(body, 'rk1:1@43w.language>2')
      pin:     @racekit.race(replay='rk1:1@43w.language>2')
      fix:     Let the reader wait for the writer: join() it, or use an Event or a
               Condition.
"""

import threading

import racekit


class Settings:
    def __init__(self) -> None:
        self.language = ""

    def load(self) -> None:
        self.language = "en"


class Application:
    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.lock = threading.Lock()

    def language(self) -> str:
        if self.settings is None:
            with self.lock:
                if self.settings is None:
                    self.settings = Settings()
                    self.settings.load()
        return self.settings.language


class CarefulApplication(Application):
    """Puts the settings in place when they are loaded."""

    def language(self) -> str:
        if self.settings is None:
            with self.lock:
                if self.settings is None:
                    settings = Settings()
                    settings.load()
                    self.settings = settings
        return self.settings.language


def ask_twice(application: Application) -> tuple[str, ...]:
    return tuple(sorted(racekit.together(application.language, application.language)))


def broken() -> tuple[str, ...]:
    return ask_twice(Application())


def fixed() -> tuple[str, ...]:
    return ask_twice(CarefulApplication())


def test_settings_can_be_used_before_they_are_loaded() -> None:
    racekit.assert_outcomes(broken, {("en", "en"), ("", "en")})


def test_settings_that_are_loaded_first_are_always_complete() -> None:
    assert racekit.assert_race_free(fixed).proved
