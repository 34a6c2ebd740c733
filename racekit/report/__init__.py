"""What people read: pure functions of a failure."""
