"""The rules of selling recharges: pure functions of values."""
