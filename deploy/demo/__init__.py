"""The demonstration: an invented network, its real input, and a day of its life."""

from deploy.demo.day import play
from deploy.demo.loading import load

__all__ = ["load", "play"]
