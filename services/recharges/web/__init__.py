"""The pages of recharges: the till and its drawer, and the steering of stock."""

PREFIXES = ("/caisse",)
