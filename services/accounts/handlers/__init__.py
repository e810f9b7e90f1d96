"""What accounts does when asked.  Each function is one transaction: load, decide, tell."""
