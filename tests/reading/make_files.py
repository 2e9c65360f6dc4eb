"""Write the files of these tests with the libraries they come from: python make_files.py

Needs torch, safetensors, onnx, onnxscript, and keras on torch. outputs.npz holds points and what
the libraries themselves say of them, conventions.npz what they make of weight decay.
"""

import os
from pathlib import Path

import numpy as np

os.environ["KERAS_BACKEND"] = "torch"

FOLDER = Path(__file__).parent / "files"


def torch_files(X, outputs):
    import safetensors.torch
    import torch

    torch.manual_seed(0)
    for kind in ("float32", "float16", "bfloat16", "float64"):
        model = torch.nn.Sequential(
            torch.nn.Linear(4, 7), torch.nn.ReLU(), torch.nn.Linear(7, 3)
        ).to(getattr(torch, kind))
        torch.save(model.state_dict(), FOLDER / f"{kind}.pt")
        safetensors.torch.save_file(model.state_dict(), FOLDER / f"{kind}.safetensors")
        said = model.double()(torch.from_numpy(X)).detach().numpy()
        outputs[f"{kind}.pt"] = outputs[f"{kind}.safetensors"] = said
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 7, bias=False), torch.nn.ReLU(), torch.nn.Linear(7, 3, bias=False)
    )
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.from_numpy(X).float()).sum().backward()
    optimizer.step()
    state = {"epoch": 1, "model_state_dict": model.state_dict(), "opt": optimizer.state_dict()}
    torch.save(state, FOLDER / "checkpoint.pt")
    torch.save(model, FOLDER / "whole-module.pt")
    outputs["checkpoint.pt"] = model.double()(torch.from_numpy(X)).detach().numpy()


def onnx_files(X, outputs):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(1)
    W, b, V, a = (rng.standard_normal(s).astype("f4") for s in ((7, 4), 7, (7, 3), 3))
    for opset in (13, 21):
        for last in ("Add", "Tanh"):
            nodes = [
                helper.make_node("Gemm", ["x", "W", "b"], ["h"], name="hidden", transB=1),
                helper.make_node("Relu", ["h"], ["r"], name="relu"),
                helper.make_node("MatMul", ["r", "V"], ["o"], name="output"),
                helper.make_node("Add", ["o", "a"], ["y" if last == "Add" else "s"], name="bias"),
            ]
            if last == "Tanh":
                nodes.append(helper.make_node("Tanh", ["s"], ["y"], name="squash"))
            stored = zip((W, b, V, a), "WbVa", strict=True)
            graph = helper.make_graph(
                nodes,
                "network",
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
                [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 3])],
                [numpy_helper.from_array(array, name) for array, name in stored],
            )
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
            onnx.checker.check_model(model)
            onnx.save(model, FOLDER / f"opset{opset}{'' if last == 'Add' else '-tanh'}.onnx")
        hidden = np.maximum(X @ W.T.astype(float) + b, 0.0)
        outputs[f"opset{opset}.onnx"] = hidden @ V.astype(float) + a


def exported_files(X, outputs):
    """Networks of one output as PyTorch's two exporters to ONNX write them."""
    import onnx
    import torch

    class Network(torch.nn.Module):
        def __init__(self, function):
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Linear(4, 7), torch.nn.ReLU(), torch.nn.Linear(7, 1)
            )
            self.function = function

        def forward(self, x):
            return self.function(self.layers, x)

    forms = {
        "view": lambda layers, x: layers(x.view(x.size(0), -1)),
        "squeeze": lambda layers, x: layers(x).squeeze(-1),
        "squeeze-all": lambda layers, x: layers(x).squeeze(),
        "select": lambda layers, x: layers(x)[:, 0],
        "slice": lambda layers, x: layers(x)[:, 0:1],
        "flatten": lambda layers, x: layers(x).flatten(),
        "unsqueeze": lambda layers, x: layers(x).squeeze(1).unsqueeze(1),
        "log-softmax": lambda layers, x: torch.log_softmax(layers(x), 1),
        "sigmoid": lambda layers, x: torch.sigmoid(layers(x)).squeeze(-1),
    }
    torch.manual_seed(4)
    points = torch.from_numpy(X).float()
    for name, function in forms.items():
        model = Network(function).eval()
        for kind in ("dynamo", "torchscript"):
            options = {"external_data": False}
            if kind == "torchscript":
                options = {
                    "opset_version": 17,
                    "input_names": ["x"],
                    "dynamic_axes": {"x": {0: "n"}},
                }
            file = FOLDER / f"{kind}-{name}.onnx"
            torch.onnx.export(model, (points,), file, dynamo=kind == "dynamo", **options)
            written = onnx.load(file)
            for node in (*written.graph.node, written.graph):
                del node.metadata_props[:]  # where on this machine it was written
            onnx.save(written, file)
            outputs[file.name] = model.layers(points).detach().numpy()


def keras_files(X, outputs):
    import keras

    for name, activation in (("sequential", "relu"), ("tanh", "tanh")):
        keras.utils.set_random_seed(2)
        layers = [keras.layers.Dense(7, activation=activation), keras.layers.Dense(3)]
        model = keras.Sequential([keras.Input((4,)), *layers])
        model.save(FOLDER / f"{name}.keras")
        outputs[f"{name}.keras"] = np.asarray(model.predict(X.astype("f4"), verbose=0))

    def layers():
        return [keras.layers.Dense(7, activation="relu"), keras.layers.Dense(3)]

    class Subclass(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.outer = layers()

        def call(self, x):
            return self.outer(self.hidden(x))

    models = {"subclass": Subclass(), "nested": keras.Sequential([keras.Input((4,))])}
    models["nested"].add(keras.Sequential(layers()))
    for name in ("named-outputs", "functional-body", "two-outputs"):
        given, (hidden, outer) = keras.Input((4,)), layers()
        body = keras.Model(given, hidden(given))
        if name == "functional-body":
            models[name] = keras.Model(given, outer(body(given)))
        elif name == "named-outputs":
            models[name] = keras.Model({"x": given}, {"y": outer(body.output)})
        else:
            models[name] = keras.Model(given, {"y": outer(body.output), "z": body.output})
    for order in ("last", "first"):
        flat = keras.layers.Flatten(data_format=f"channels_{order}")
        models[f"channels-{order}"] = keras.Sequential([keras.Input((2, 2)), flat, *layers()])
    models["three-axes"] = keras.Sequential([keras.Input((2, 4)), *layers()])
    for name, model in models.items():
        points = X.astype("f4")
        points = points.reshape(-1, *(model.input_shape[1:] if "channels" in name else (4,)))
        points = np.stack([points, points], 1) if name == "three-axes" else points
        said = model({"x": points} if name == "named-outputs" else points)
        model.save(FOLDER / f"{name}.keras")
        if name in ("nested", "named-outputs", "functional-body", "channels-last"):
            said = said["y"] if name == "named-outputs" else said
            outputs[f"{name}.keras"] = said.detach().numpy()


def convention_files():
    """One step of SGD, and losses, of networks with weight decay."""
    import keras
    import torch

    draw, decay = np.random.default_rng(3).standard_normal, 0.013
    X, Y = draw((12, 3)), draw((12, 2))
    networks = [(draw((3, 5)), draw((5, 2))) for _ in range(3)]
    found = {"X": X, "Y": Y, "decay": decay}
    for i, (U, V) in enumerate(networks):
        found |= {f"U{i}": U, f"V{i}": V}
    U, V = networks[0]
    for name, reduction in (("torch-mse", "mean"), ("torch-mse-sum", "sum")):
        hidden, output = torch.tensor(U, requires_grad=True), torch.tensor(V, requires_grad=True)
        optimizer = torch.optim.SGD([hidden, output], lr=1.0, weight_decay=decay)
        said = torch.relu(torch.tensor(X) @ hidden) @ output
        torch.nn.MSELoss(reduction=reduction)(said, torch.tensor(Y)).backward()
        optimizer.step()
        found[f"{name} U"] = U - hidden.detach().numpy()
        found[f"{name} V"] = V - output.detach().numpy()
    keras.backend.set_floatx("float64")
    kind = {"use_bias": False, "kernel_regularizer": keras.regularizers.L2(decay)}
    layers = [keras.layers.Dense(5, activation="relu", **kind), keras.layers.Dense(2, **kind)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile(loss="mean_squared_error")
    found["keras-mse"] = []
    for U, V in networks:
        model.set_weights([U, V])
        found["keras-mse"].append(model.evaluate(X, Y, batch_size=12, verbose=0))
    found |= objectives_of_libraries(X, decay)
    np.savez_compressed(FOLDER / "conventions.npz", **found)


def objectives_of_libraries(X, decay):
    """Loss and penalty of three networks with 1 and 3 outputs, by convention, loss and outputs."""
    import keras
    import torch

    n, draw = len(X), np.random.default_rng(4)
    found = {"weights": draw.uniform(0.5, 2.0, n)}
    for c in (1, 3):
        numbers, classes = draw.standard_normal((n, c)), np.eye(c)[np.arange(n) % c]
        bits = 1.0 * (draw.random((n, c)) > 0.5)
        networks = [(draw.standard_normal((3, 5)), draw.standard_normal((5, c))) for _ in range(3)]
        found |= {f"half-squared {c}": numbers, f"logistic {c}": bits, f"softmax {c}": classes}
        for i, (U, V) in enumerate(networks):
            found |= {f"U{i} {c}": U, f"V{i} {c}": V}
        kind = {"use_bias": False, "kernel_regularizer": keras.regularizers.L2(decay)}
        layers = [keras.layers.Dense(5, activation="relu", **kind), keras.layers.Dense(c, **kind)]
        model = keras.Sequential([keras.Input((3,)), *layers])
        losses = [
            ("keras-mse", "half-squared", keras.losses.MeanSquaredError()),
            ("keras-cross-entropy", "logistic", keras.losses.BinaryCrossentropy(from_logits=True)),
            ("torch-mse", "half-squared", torch.nn.MSELoss()),
            ("torch-mse-sum", "half-squared", torch.nn.MSELoss(reduction="sum")),
            ("torch-bce", "logistic", torch.nn.BCEWithLogitsLoss()),
        ]
        if c > 1:
            entropy = keras.losses.CategoricalCrossentropy(from_logits=True)
            losses += [
                ("keras-cross-entropy", "softmax", entropy),
                ("torch-cross-entropy", "softmax", torch.nn.CrossEntropyLoss()),
            ]
        for name, loss, function in losses:
            said = []
            for U, V in networks:
                if name.startswith("keras"):
                    model.compile(loss=function)
                    model.set_weights([U, V])
                    said.append(model.evaluate(X, found[f"{loss} {c}"], n, verbose=0))
                else:
                    F = np.maximum(X @ U, 0.0) @ V
                    value = function(torch.tensor(F), torch.tensor(found[f"{loss} {c}"]))
                    said.append(float(value) + decay / 2 * (np.sum(U**2) + np.sum(V**2)))
            found[f"{name} {loss} {c}"] = said
        if c > 1:
            model.compile(loss=entropy)
            found["keras weighted"] = []
            for U, V in networks:
                model.set_weights([U, V])
                said = model.evaluate(X, classes, n, verbose=0, sample_weight=found["weights"])
                found["keras weighted"].append(said)
    return found


def main():
    FOLDER.mkdir(exist_ok=True)
    X = np.random.default_rng(0).standard_normal((20, 4))
    outputs = {"X": X}
    torch_files(X, outputs)
    onnx_files(X, outputs)
    exported_files(X, outputs)
    keras_files(X, outputs)
    np.savez_compressed(FOLDER / "outputs.npz", **outputs)
    convention_files()


if __name__ == "__main__":
    main()
