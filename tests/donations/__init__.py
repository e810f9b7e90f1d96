"""The 1 euro option: its files, its rules, its rows."""
