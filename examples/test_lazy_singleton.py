"""The one connection is made when it is first needed. Needed twice at once, it is made twice.

`racekit.assert_race_free(broken)` says:

    Double initialisation of Settings.instance: get-2 and get-1 both found None, and
      both set it

        get-1               get-2              test_lazy_singleton.py
      > reads None                             39  if cls.instance is None:
      ~ preempted here
                          > reads None         39
                          > writes <Settings>  40  cls.instance = cls()
                            reads <Settings>   41  return cls.instance
                          ~ ended
      > writes <Settings>                      40  cls.instance = cls()
        reads <Settings>                       41  return cls.instance
      (3 other events not shown)

    1 preemption; no schedule with fewer fails so. Found in execution 3.

      replay:  racekit.replay(body, 'rk1:1@40w.instance>2')
      pin:     @racekit.race(replay='rk1:1@40w.instance>2')
      fix:     Look and set under one lock, or set it before the threads start.
"""

import threading

import racekit


class Settings:
    """Made once, on demand."""

    instance: "Settings | None" = None
    lock = threading.Lock()

    @classmethod
    def get(cls) -> "Settings":
        if cls.instance is None:
            cls.instance = cls()
        return cls.instance

    @classmethod
    def get_locked(cls) -> "Settings":
        with cls.lock:
            return cls.get()


def broken() -> bool:
    Settings.instance = None
    one, other = racekit.together(Settings.get, Settings.get)
    return one is other


def fixed() -> bool:
    Settings.instance = None
    one, other = racekit.together(Settings.get_locked, Settings.get_locked)
    return one is other


def test_there_can_be_two_singletons() -> None:
    racekit.assert_outcomes(broken, {True, False})


def test_with_a_lock_there_is_one() -> None:
    assert racekit.assert_race_free(fixed).proved
