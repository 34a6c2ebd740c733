"""One program a file, as plain threaded Python.

They are those of SCTBench: Thomson, Donaldson and Betts, "Concurrency testing using controlled schedulers: an empirical
study" (TOPC 2016). Threads start in the same order and do the same to the same variables.
"""
