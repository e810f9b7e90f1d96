"""The pages of recharges: the till, its drawer, and the steering of stock, drawers, closings."""

PREFIXES = ("/caisse", "/pilotage/stock", "/pilotage/caisses", "/pilotage/clotures")
