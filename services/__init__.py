"""The services: each one vertical slice of the trade, which imports no other."""
