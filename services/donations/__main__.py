"""Runs the donations service: `python -m services.donations`."""

from chassis.run import run

run("donations")
