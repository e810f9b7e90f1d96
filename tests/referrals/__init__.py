"""Referrals: people sent to a site, and what they may buy."""
