"""Networks as people have them: PyTorch, safetensors, ONNX, scikit-learn, Keras and .npz."""

from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.networks import network_for, read_network

__all__ = ["BiasedNetwork", "network_for", "read_network"]
