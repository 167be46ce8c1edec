"""What ``ganzoo new`` writes."""
