"""The demonstration: an invented network, its real input, and a day of its life."""

from deploy.demo.day import know, play
from deploy.demo.guide import guide
from deploy.demo.loading import load

__all__ = ["guide", "know", "load", "play"]
