"""Runs the recharges service: `python -m services.recharges`."""

from chassis.run import run

run("recharges")
