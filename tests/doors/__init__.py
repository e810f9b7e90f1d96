"""Every door of every service: who may open it, and what it answers to whatever is asked."""
