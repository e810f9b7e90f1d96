"""The version of the software: printed on tickets, written into fiscal records."""

VERSION = "0.1.0"
