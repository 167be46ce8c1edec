"""From many runs to tables."""
