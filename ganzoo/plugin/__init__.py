"""Plugins: how they are found, fenced, asked and checked."""
