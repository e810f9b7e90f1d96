"""Run the accounts service: `python -m services.accounts`."""

from chassis.run import run

run("accounts")
