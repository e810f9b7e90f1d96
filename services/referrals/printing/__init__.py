"""What referrals puts on paper and into mails: the slip that a person takes along, letters."""
