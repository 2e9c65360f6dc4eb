"""Live modules of PyTorch: what computes a two-layer network is read, whatever else it holds."""

import warnings

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax

import certnn
from certnn.errors import InputError
from certnn.reading.networks import read_network

pytestmark = pytest.mark.torch
X = np.random.default_rng(0).standard_normal((20, 4))


def layers(*more, outputs=3, activation=None):
    from torch import manual_seed, nn

    manual_seed(0)
    activation = nn.ReLU() if activation is None else activation
    return nn.Sequential(nn.Linear(4, 6), activation, nn.Linear(6, outputs), *more)


def pruned():
    from torch.nn.utils import prune

    module = layers()
    prune.l1_unstructured(module[0], "weight", 0.5)
    prune.random_unstructured(module[0], "weight", 0.3)
    prune.l1_unstructured(module[2], "bias", 0.5)
    return module


def trained_after_pruning():
    """Whose pruned weights are made anew at every call, and are old in between."""
    from torch import ones, optim

    module = pruned()
    module(ones(2, 4)).sum().backward()
    optim.SGD(module.parameters(), lr=0.1).step()
    return module


def weight_normed():
    from torch.nn.utils import parametrizations

    module = layers()
    parametrizations.weight_norm(module[0])
    parametrizations.spectral_norm(module[2])
    return module


def older_weight_norm():
    from torch.nn import utils

    module = layers()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated
        utils.weight_norm(module[0])
    utils.spectral_norm(module[2])
    return module


def with_the_weights_of_its_loss():
    import torch

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = layers()
            self.loss = torch.nn.BCEWithLogitsLoss(pos_weight=torch.ones(3))

        def forward(self, x):
            return self.net(x)

    return Module()


@pytest.mark.parametrize(
    "make",
    [
        layers,
        pruned,
        trained_after_pruning,
        weight_normed,
        older_weight_norm,
        with_the_weights_of_its_loss,
    ],
)
def test_modules_are_read_as_they_compute(make):
    import torch

    module = make().eval()
    inputs = torch.from_numpy(X).float()
    for _ in range(2):  # reading changes nothing
        network = read_network(module)
        said = module(inputs).detach().numpy()
        np.testing.assert_allclose(network.output(inputs.double().numpy()), said, atol=1e-5)
        assert network.output_activation == "identity"


def test_pruned_weights_are_zero():
    network = read_network(pruned())
    assert np.mean(network.U == 0.0) == pytest.approx(0.65, abs=0.05)
    assert np.count_nonzero(network.output_bias == 0.0) == 2


@pytest.mark.parametrize(
    ("end", "name", "function"),
    [
        ("Softmax", "softmax", lambda logits: softmax(logits, axis=1)),
        ("LogSoftmax", "log-softmax", lambda logits: log_softmax(logits, axis=1)),
        ("Sigmoid", "logistic", expit),
    ],
)
def test_functions_at_the_end(end, name, function):
    import torch

    last = getattr(torch.nn, end)
    module = layers(last() if end == "Sigmoid" else last(-1)).double()
    network = read_network(module)
    assert network.output_activation == name
    said = module(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(function(network.output(X)), said, atol=1e-12)
    with pytest.raises(InputError, match=name):
        network.as_network()
    labels = np.eye(3)[np.arange(20) % 3]
    loss = "logistic" if end == "Sigmoid" else "softmax"
    targets = 2 * labels - 1 if end == "Sigmoid" else labels
    assert certnn.problem_for(module, X, targets, reg=0.1).loss.name == loss


def saturated():
    import torch

    module = layers(torch.nn.Softmax(-1), outputs=2, activation=torch.nn.Tanh())
    module[2].bias.data = torch.tensor([500.0, -500.0])
    return module


def refused_modules():
    import torch
    from torch import nn

    class Dictionary(nn.Sequential):
        def forward(self, x):
            return {"y": super().forward(x)}

    hooked = layers()
    hooked[0].register_forward_hook(lambda module, inputs, outputs: 2 * outputs)
    yield "normalised", layers(activation=nn.Sequential(nn.BatchNorm1d(6), nn.ReLU())), "1.0.weight"
    yield "tanh", layers(activation=nn.Tanh()), "computes something else"
    yield "leaky", layers(activation=nn.LeakyReLU(1e-6)), "computes something else"
    yield "tanh of one share", layers(nn.Softmax(-1), outputs=1, activation=nn.Tanh()), "else"
    yield "tanh, saturated", saturated(), "computes something else"
    yield "softmax over points", layers(nn.Softmax(0)), "computes something else"
    yield "hooked", hooked, "computes something else"
    yield "dictionary", Dictionary(*layers()), "returns a dict"
    yield "deep", layers(nn.ReLU(), nn.Linear(3, 2)), "3 .*layers="
    yield "optimiser", torch.optim.Adam(layers().parameters()), "object of type Adam"
    yield "embedding", nn.Embedding(4, 3), "fewer than two"
    yield "lazy", nn.Sequential(nn.LazyLinear(6), nn.ReLU(), nn.LazyLinear(3)), "lazy.*once"
    yield "meta", layers().to("meta"), "meta"
    yield (
        "sparse",
        {"a.weight": torch.ones(6, 4).to_sparse(), "b.weight": torch.ones(3, 6)},
        "plain",
    )
    yield "integers", {"a.weight": torch.ones(6, 4).int(), "b.weight": torch.ones(3, 6)}, "int32"
    yield "pruned, saved", pruned().state_dict(), "prune.remove"
    yield "normed, saved", weight_normed().state_dict(), "remove_parametrizations"


def test_others_are_refused_with_the_reason():
    for what, module, reason in refused_modules():
        with pytest.raises(InputError, match=reason) as refused:
            read_network(module)
        assert "\n" not in str(refused.value), what
