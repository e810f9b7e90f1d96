"""The local stack: how it starts, what it survives, and what it says."""
