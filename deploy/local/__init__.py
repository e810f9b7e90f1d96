"""The stack of one machine: private servers, every service, and their supervisor."""
