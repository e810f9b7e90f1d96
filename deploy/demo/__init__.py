"""The demonstration: an invented network, its real input, and a day of its life."""

from deploy.demo.day import know, play
from deploy.demo.loading import load

__all__ = ["know", "load", "play"]
