"""Each figure as a ratio against a peer in the same run, with the counts that prove it."""
