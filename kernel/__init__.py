"""Words every service shares: pure values, no input or output, no clock, no framework."""
