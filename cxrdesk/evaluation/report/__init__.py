"""The report of an evaluation: one JSON file, and one HTML file that is made from it."""
