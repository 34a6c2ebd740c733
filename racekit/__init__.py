"""racekit: race conditions in threaded Python, found, replayed and proved gone."""
