"""The routes of accounts, by subject; `service.py` puts them together."""

#: Who makes users and enrols devices: a manager at their own sites, an administrator everywhere.
MANAGERS = ("site_manager", "admin")
