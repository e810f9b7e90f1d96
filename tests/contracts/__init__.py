"""Contracts are as the code says."""
