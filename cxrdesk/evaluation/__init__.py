"""Measures models on data sets: datasets, metrics, intervals, choices, tables."""
