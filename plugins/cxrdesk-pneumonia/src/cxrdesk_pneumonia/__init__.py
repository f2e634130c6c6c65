"""Paediatric pneumonia for cxrdesk."""
