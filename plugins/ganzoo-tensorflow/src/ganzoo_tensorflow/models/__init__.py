"""The networks, losses and update steps; importing a module of this package imports TensorFlow."""
