"""GANs for ganzoo, written in Keras 3 on TensorFlow; the modules beside this one are the plugins."""
