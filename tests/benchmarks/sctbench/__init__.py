"""SCTBench's portable programs in Python, and the command that measures racekit's strategies on them."""
