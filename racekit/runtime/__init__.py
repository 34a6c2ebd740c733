"""Running a body with its threads in turns: the part that touches real threads, locks and clocks."""
