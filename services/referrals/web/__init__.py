"""The pages of referrals: the reception desk, the referrer's, and the steering of referrals."""

PREFIXES = ("/accueil", "/orienter", "/pilotage/orientations")
