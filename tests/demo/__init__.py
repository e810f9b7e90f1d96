"""The demonstration: its data and its day."""
