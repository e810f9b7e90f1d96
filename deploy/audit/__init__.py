"""The audit: what must hold across all services' data, whatever crashed on the way."""
