"""Five CheXpert findings for cxrdesk, trained on simulated films."""
