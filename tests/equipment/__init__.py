"""The tests of equipment."""
