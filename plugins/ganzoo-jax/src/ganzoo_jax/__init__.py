"""The JAX variants of ganzoo: ``wgan-gp``, ``dragan`` and ``dpgan``, each a light hook module.

The networks, losses and update steps are in ``ganzoo_jax.models``; jax is imported there and nowhere earlier.
"""
