"""What accounts writes to persons."""
