"""Results as files: JSON, CSV, pictures; each says what is known about the detector, and that it is no diagnosis."""
