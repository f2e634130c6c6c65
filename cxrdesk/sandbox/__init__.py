"""Starts processes that run strangers' code and keeps them from what is not theirs. Knows the standard library alone."""
