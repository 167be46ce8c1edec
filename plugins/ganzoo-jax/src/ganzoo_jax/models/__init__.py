"""The variants themselves, each a module that reads top to bottom like its paper."""
