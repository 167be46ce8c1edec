"""PyTorch variants of ganzoo, one light hook module each.

The blocks they are made of are in this package, each variant's own networks, losses and update step in
``ganzoo_torch.models``; torch is imported there and nowhere earlier.
"""
