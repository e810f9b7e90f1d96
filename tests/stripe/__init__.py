"""The stand-in for Stripe, through the real client, over HTTP, as a real process."""
