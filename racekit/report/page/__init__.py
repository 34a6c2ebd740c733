"""A failure or an exploration as one self-contained HTML page: pure functions, from what was found to text."""
