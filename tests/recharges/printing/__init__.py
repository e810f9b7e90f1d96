"""Tests of what recharges prints."""
