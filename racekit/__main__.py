"""`python -m racekit` is `racekit`."""

from racekit.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
