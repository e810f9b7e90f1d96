"""The running gear every service shares: database, bus, HTTP door, outbox, inbox, health."""
