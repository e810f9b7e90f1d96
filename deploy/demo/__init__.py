"""The demonstration: an invented network, its real input, and a day of its life."""
