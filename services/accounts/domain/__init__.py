"""The rules of accounts: pure functions of values."""
