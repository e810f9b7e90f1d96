"""The routes and timers of recharges, by subject; `service.py` puts them together."""

STAFF = ("till_operator", "site_manager", "admin")
#: Who may do what a cashier may not do alone.
SUPERVISORS = ("site_manager", "admin")
