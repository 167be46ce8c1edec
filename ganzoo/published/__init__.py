"""Numbers in print: what trains and measures them here, how ours stand beside theirs, and the page that says so."""
