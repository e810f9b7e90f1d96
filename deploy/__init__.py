"""How Relais is started, shown and checked: everything that knows all the services."""
