"""The JAX variant of ganzoo: ``wgan-gp``, a light hook module.

The networks, losses and update steps are in ``ganzoo_jax.models``; jax is imported there and nowhere earlier.
"""
