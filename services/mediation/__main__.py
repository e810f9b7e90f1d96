"""Runs the mediation service: `python -m services.mediation`."""

from chassis.run import run

run("mediation")
