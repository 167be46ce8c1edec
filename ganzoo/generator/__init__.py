"""The border: generator.onnx, how it is made, checked, opened and sampled."""
