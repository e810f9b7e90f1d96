"""What referrals does when asked.  Each function is one transaction: load, decide, save, tell."""
