"""What a trace shows: pure functions of what happened."""
