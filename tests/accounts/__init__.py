"""Accounts: sign-in, users, sites and till devices."""
