"""Tests of the recharges service."""
