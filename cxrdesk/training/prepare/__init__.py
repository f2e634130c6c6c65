"""Builds the layouts that `cxrdesk.evaluation.datasets` reads from what the publishers let one download.

Nothing here uses the network or torch: whoever wants the films downloads them.
"""
