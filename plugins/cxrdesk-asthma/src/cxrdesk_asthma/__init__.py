"""Signs of asthma for cxrdesk, trained on simulated films."""
