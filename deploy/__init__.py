"""Running Relais: the local stack, the demonstration and the command line."""
