"""Barriers, sleeps and other actions at chosen lines of functions, for as long as a test wants them there.

The function's code object is swapped for one that has a call at the chosen line, and swapped back at the end. What
happens there is ordinary synchronization, so it behaves alike for ordinary threads and under control, where it costs no
real time and an order that cannot happen is a deadlock at once.
"""

from racekit.inject.gates import InjectionTimeout
from racekit.inject.injection import Injection, Where

__all__ = ["Injection", "InjectionTimeout", "Where"]
