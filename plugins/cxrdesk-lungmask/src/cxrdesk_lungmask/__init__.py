"""Lung outlines for cxrdesk."""
