"""The rules of the 1 euro option: pure, values in and values out."""
