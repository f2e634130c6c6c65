"""cxrdesk: an open, offline desktop workstation for chest radiographs."""

__version__ = "0.1.0"

DISCLAIMER = "Not a medical device; not for diagnosis"
HOME_VARIABLE = "CXRDESK_HOME"
"""Names one folder that holds everything: for portable copies and for tests."""
