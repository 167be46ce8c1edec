"""PyTorch variants of ganzoo: ``dcgan``, ``wgan`` and ``infogan``, one light hook module each.

The networks, losses and update steps are in ``ganzoo_torch.models``; torch is imported there and nowhere earlier.
"""
