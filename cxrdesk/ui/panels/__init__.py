"""What stands beside the film: study list and findings."""
