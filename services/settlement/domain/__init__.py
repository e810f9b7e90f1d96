"""The rules of the ledger, as functions of values."""
