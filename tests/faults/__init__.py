"""Faults: whatever is killed, cut or flooded during sales, no total changes."""
