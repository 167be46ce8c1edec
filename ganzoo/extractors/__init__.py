"""Feature extractors: shipped, built from weights, imported."""
