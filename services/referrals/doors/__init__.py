"""The doors of referrals, by subject, and who may open them."""

STAFF = ("till_operator", "mediator", "site_manager", "admin")
MANAGERS = ("site_manager", "admin")
