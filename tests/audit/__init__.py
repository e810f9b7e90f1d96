"""The checks of the audit, each against data that breaks it."""
