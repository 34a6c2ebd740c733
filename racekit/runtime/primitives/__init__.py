"""How each kind of synchronization behaves under control, one kind a file."""
