"""Watching code: functions rewritten so that they announce their shared accesses and their calls."""
