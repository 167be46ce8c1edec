"""Baselines in NumPy whose ONNX graphs are built node by node."""
