"""Signs of croup for cxrdesk, trained on simulated films."""
