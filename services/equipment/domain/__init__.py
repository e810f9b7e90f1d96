"""The rules of second-hand equipment, as functions of values."""
