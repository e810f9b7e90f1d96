"""Journeys: what a person lives through, from one service's door to another's."""
