"""From samples and a reference to numbers."""
