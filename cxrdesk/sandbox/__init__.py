"""Starts processes that run strangers' code and keeps them from what is not theirs; knows no other room."""
