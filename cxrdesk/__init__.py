"""cxrdesk: an open, offline desktop workstation for chest radiographs."""

__version__ = "0.1.0"

DISCLAIMER = "Not a medical device; not for diagnosis"
