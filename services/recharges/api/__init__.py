"""The shapes of this service's HTTP bodies and answers."""
