"""Results on paper and on disk: JSON, CSV and pictures, each with the disclaimer and what is known about the detector."""
