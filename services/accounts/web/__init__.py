"""The pages of accounts: the way in, one's own account, and the steering of a network."""

PREFIXES = ("/", "/connexion", "/compte", "/pilotage")
