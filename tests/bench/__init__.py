"""Benchmarks: ``python -m tests.bench [NAME...]``. Ratios taken side by side in one run; never part of the tests."""
