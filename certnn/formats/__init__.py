"""Networks as people have them: PyTorch, safetensors, ONNX, scikit-learn, Keras and .npz."""

from certnn.formats.biased_network import BiasedNetwork
from certnn.formats.networks import read_network

__all__ = ["BiasedNetwork", "read_network"]
