"""PyTorch variants of ganzoo: ``dcgan``, ``wgan``, ``infogan``, ``sngan``, ``r3gan`` …, one light hook module each.

The networks, losses and update steps are in ``ganzoo_torch.models``; torch is imported there and nowhere earlier.
"""
