"""What recharges does when asked or told.  Each function is one transaction: load, decide, tell."""
