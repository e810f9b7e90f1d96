"""Run the referrals service: `python -m services.referrals`."""

from chassis.run import run

run("referrals")
