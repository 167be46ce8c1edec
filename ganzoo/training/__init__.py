"""From a variant and a dataset to a finished run."""
