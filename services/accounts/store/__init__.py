"""Rows of accounts: reading them as values, writing values as rows."""

from chassis import queries

SQL = queries.load("services.accounts")
