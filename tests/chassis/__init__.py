"""The running gear, on real servers."""
