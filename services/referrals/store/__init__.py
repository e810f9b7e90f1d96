"""Rows of referrals: reading them as values, writing values as rows."""

from typing import Any

from chassis import queries

SQL = queries.load("services.referrals")
Row = dict[str, Any]
