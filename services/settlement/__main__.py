"""Runs the settlement service: `python -m services.settlement`."""

from chassis.run import run

run("settlement")
