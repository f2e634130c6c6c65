"""Detectors from TorchXRayVision DenseNet weights that the user already has."""
