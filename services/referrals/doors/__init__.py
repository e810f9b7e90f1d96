"""The doors of referrals, by subject, and who may open them."""

from chassis.auth import Employed

STAFF = ("till_operator", "mediator", "site_manager", "admin")
MANAGERS = ("site_manager", "admin")
#: An export holds the person's mediation files, which no volunteer opens.
EXPORTERS = Employed(MANAGERS)
