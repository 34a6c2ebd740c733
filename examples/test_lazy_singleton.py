"""The one connection is made when it is first needed. Needed twice at once, it is made twice.

`racekit.assert_race_free(broken)` says:

    Lost update in execution 3:
      Settings.instance: get-1's write of <Settings> overwrote get-2's write of <Settings>; both had read None (test_lazy_singleton.py:30)
        get-1  reads Settings.instance: None         test_lazy_singleton.py:29
        get-2  reads Settings.instance: None         test_lazy_singleton.py:29
        get-2  writes Settings.instance: <Settings>  test_lazy_singleton.py:30
        get-2  reads Settings.instance: <Settings>   test_lazy_singleton.py:31
        get-1  writes Settings.instance: <Settings>  test_lazy_singleton.py:30
      Replay it with this schedule:
        rk1:1@30w.instance>2
"""  # noqa: E501

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
