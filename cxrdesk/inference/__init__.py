"""Runs detectors and segmenters: worker thread, child process, gate, pipeline, results."""
