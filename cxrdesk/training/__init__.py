"""Trains networks: for authors of plugins, never needed to read films."""
