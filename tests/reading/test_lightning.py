"""What modules say of their own training, by stand-ins for PyTorch's classes and by itself."""

import numpy as np
import pytest

import certnn
from certnn.errors import InputError
from certnn.reading.conventions import CONVENTIONS
from certnn.reading.networks import BiasedNetwork
from certnn.reading.networks.lightning import own_training

WEIGHT, BIAS, HEAD, HEAD_BIAS = (object() for _ in range(4))
NAMED = [("fc.weight", WEIGHT), ("fc.bias", BIAS), ("head.weight", HEAD), ("head.bias", HEAD_BIAS)]
STORED = {
    end: BiasedNetwork(
        *(np.ones((2, 3)), np.ones((3, 2)), np.ones(3), np.ones(2)),
        output_activation=end,
        layers=("fc", "head"),
    )
    for end in ("identity", "log-softmax", "logistic")
}


class Named:
    def __init__(self, **attributes):
        vars(self).update(attributes)


def named(name, **attributes):
    return type(name, (Named,), {})(**attributes)


def optimiser(name="Adam", decay=0.01, **groups):
    groups = groups or {"all": ([one for _, one in NAMED], decay)}
    return named(name, param_groups=[{"params": p, "weight_decay": d} for p, d in groups.values()])


def loss_of(name="MSELoss", reduction="mean", **attributes):
    return named(name, reduction=reduction, **attributes)


class Module:
    def __init__(self, configured, *losses):
        self.configured, self.losses = configured, losses

    def configure_optimizers(self):
        if isinstance(self.configured, Exception):
            raise self.configured
        return self.configured

    def named_parameters(self):
        return NAMED

    def modules(self):
        return [self, *self.losses]


def test_what_has_no_such_method_says_nothing():
    assert own_training(object(), STORED["identity"]) is None


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda one: one,
        lambda one: [one],
        lambda one: {"optimizer": one, "lr_scheduler": object()},
        lambda one: ([one], [object()]),
        lambda one: [{"optimizer": one}],
    ],
)
def test_every_form_that_lightning_takes(wrapped):
    found = own_training(Module(wrapped(optimiser()), loss_of()), STORED["identity"])
    assert (found.convention, found.decay, found.loss) == ("torch-mse", 0.01, "half-squared")
    assert (found.hidden_bias, found.output_bias) == (True, True)
    assert found.said == "Read from Module: Adam, weight_decay 0.01; MSELoss, averaged"


def test_biases_that_are_spared_are_free():
    groups = {"decayed": ([WEIGHT, HEAD], 0.1), "spared": ([BIAS, HEAD_BIAS], 0.0)}
    found = own_training(Module(optimiser("SGD", **groups), loss_of()), STORED["identity"])
    assert (found.decay, found.hidden_bias, found.output_bias) == (0.1, "free", "free")
    assert "biases not decayed" in found.said


@pytest.mark.parametrize(
    ("loss", "ends", "convention", "name"),
    [
        (loss_of("MSELoss", "sum"), "identity", "torch-mse-sum", "half-squared"),
        (
            loss_of("CrossEntropyLoss", label_smoothing=0.0, weight=None),
            *("identity", "torch-cross-entropy", "softmax"),
        ),
        (loss_of("CrossEntropyLoss", "sum"), "identity", "sum", "softmax"),
        (loss_of("NLLLoss"), "log-softmax", "torch-cross-entropy", "softmax"),
        (loss_of("BCEWithLogitsLoss"), "identity", "torch-bce", "logistic"),
        (loss_of("BCELoss"), "logistic", "torch-bce", "logistic"),
    ],
)
def test_losses_that_are_parts_are_read(loss, ends, convention, name):
    found = own_training(Module(optimiser(), loss), STORED[ends])
    assert (found.convention, found.loss) == (convention, name)
    assert name in CONVENTIONS[convention].losses


def test_what_is_assumed_is_said():
    found = own_training(Module(optimiser("AdamW"), loss_of()), STORED["identity"])
    assert "minimises no objective exactly" in found.said
    found = own_training(Module(optimiser("Lion"), loss_of()), STORED["identity"])
    assert found.said.endswith("Lion is taken to decay weights as SGD does")
    found = own_training(Module(optimiser()), STORED["identity"], "softmax")
    assert (found.convention, found.loss) == ("torch-cross-entropy", "softmax")
    assert "loss softmax as named, taken to be averaged" in found.said


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (Module(RuntimeError("no Trainer")), "fails in configure_optimizers .*no Trainer"),
        (Module(None), "has 0 optimisers"),
        (Module([optimiser(), optimiser()]), "has 2 optimisers"),
        (Module(optimiser(decay=0.0), loss_of()), "decays its layers by 0 and 0"),
        (Module(optimiser(all=([WEIGHT], 0.1)), loss_of()), "by 0.1 and none"),
        (
            Module(optimiser(a=([WEIGHT, BIAS], 0.1), b=([HEAD, HEAD_BIAS], 0.2)), loss_of()),
            "by 0.1 and 0.2, and one positive number",
        ),
        (
            Module(optimiser(a=([WEIGHT, HEAD], 0.1), b=([BIAS, HEAD_BIAS], 0.2)), loss_of()),
            "decays biases by 0.2 and weights by 0.1",
        ),
        (Module(optimiser(all=([WEIGHT, HEAD], 0.1)), loss_of()), "biases by none and weights"),
        (Module(optimiser()), "does not say its loss, .* loss='half-squared'"),
        (Module(optimiser(), loss_of(), loss_of("CrossEntropyLoss")), "has the losses"),
        (Module(optimiser(), loss_of(reduction="none")), "MSELoss with reduction 'none'"),
        (Module(optimiser(), loss_of("CrossEntropyLoss", weight=np.ones(2))), "with weight"),
        (Module(optimiser(), loss_of("CrossEntropyLoss", label_smoothing=0.1)), "label_smoothing"),
        (Module(optimiser(), loss_of("NLLLoss")), "outputs that end in: identity"),
    ],
)
def test_what_is_not_clear_is_refused_with_the_ways_out(module, said):
    with pytest.raises(InputError, match=f"^Module: .*{said}") as caught:
        own_training(module, STORED["identity"])
    assert "reg" in str(caught.value) or "loss=" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_loss_than_the_one_named_is_refused():
    with pytest.raises(InputError, match="has the losses MSELoss, and loss is softmax"):
        own_training(Module(optimiser(), loss_of()), STORED["identity"], "softmax")
    with pytest.raises(InputError, match="huber, of which"):
        own_training(Module(optimiser()), STORED["identity"], "huber")


@pytest.mark.torch
@pytest.mark.parametrize("spared", [True, False])
def test_a_module_of_pytorch_is_audited_with_its_own_weight_decay(spared):
    import torch
    from torch import nn

    class Lit(nn.Module):
        """As far as Lightning matters: what it is trained by is in a method of its own."""

        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 1)).double()
            self.loss = nn.MSELoss()

        def forward(self, x):
            return self.net(x)

        def configure_optimizers(self):
            weights = [p for p in self.parameters() if p.ndim == 2]
            biases = [p for p in self.parameters() if p.ndim == 1]
            groups = [
                {"params": weights, "weight_decay": 0.02},
                {"params": biases, "weight_decay": 0.0 if spared else 0.02},
            ]
            return {"optimizer": torch.optim.SGD(groups, lr=0.1)}

    torch.manual_seed(0)
    draw = np.random.default_rng(0).standard_normal
    X, y = draw((15, 2)), draw((15, 1))
    module = Lit()
    result = certnn.audit(module, X, y, level="shor", work_limit=1.0)
    with torch.no_grad():
        loss = float(module.loss(module(torch.from_numpy(X)), torch.from_numpy(y)))
    decayed = [p for p in module.parameters() if p.ndim == 2 or not spared]
    penalty = 0.01 * sum(float((p.detach() ** 2).sum()) for p in decayed)
    # (1/n)‖f − y‖² + (λ/2)‖θ‖² is 2/n times the objective here.
    expected = (loss + penalty) * 15 / 2
    assert result.report.network.objective == pytest.approx(expected, rel=1e-12)
    assert "Read from Lit: SGD, weight_decay 0.02" in result.report.decay
    assert result.report.problem.hidden_bias == ("free" if spared else "decayed")
    other = certnn.problem_for(module, X, y, reg=0.5)
    assert other.reg == 0.5
