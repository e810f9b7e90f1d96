"""The rules of referrals: pure functions of values."""
