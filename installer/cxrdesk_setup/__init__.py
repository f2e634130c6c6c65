"""The set-up of cxrdesk, for a machine that has Python and nothing else (standard library only)."""
