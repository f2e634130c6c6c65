"""What a reader draws on a film and measures with."""
