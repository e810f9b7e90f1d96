"""Settlement: the ledger, from a fact on the bus to a line that a partner sees."""
