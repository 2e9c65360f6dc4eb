"""Write the files of these tests with the libraries they come from: python make_files.py

Needs torch, safetensors, onnx, and keras on torch. outputs.npz holds points and what the libraries
themselves say of them.
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


def keras_files(X, outputs):
    import keras

    for name, activation in (("sequential", "relu"), ("tanh", "tanh")):
        keras.utils.set_random_seed(2)
        layers = [keras.layers.Dense(7, activation=activation), keras.layers.Dense(3)]
        model = keras.Sequential([keras.Input((4,)), *layers])
        model.save(FOLDER / f"{name}.keras")
        outputs[f"{name}.keras"] = np.asarray(model.predict(X.astype("f4"), verbose=0))


def main():
    FOLDER.mkdir(exist_ok=True)
    X = np.random.default_rng(0).standard_normal((20, 4))
    outputs = {"X": X}
    torch_files(X, outputs)
    onnx_files(X, outputs)
    keras_files(X, outputs)
    np.savez_compressed(FOLDER / "outputs.npz", **outputs)


if __name__ == "__main__":
    main()
