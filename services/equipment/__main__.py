"""Run the equipment service: `python -m services.equipment`."""

from chassis.run import run

run("equipment")
