"""Tests of the words every service shares."""
