"""Writes new plugins from the templates beside it: ``cxrdesk plugins new``."""
