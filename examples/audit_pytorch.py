"""Train a network in PyTorch, and end the training with a proof.

    pip install torch==2.13.0
    python examples/audit_pytorch.py

The checkpoint is audited as a file: certnn reads it without PyTorch and runs nothing in it. The
better network that the audit finds goes back into PyTorch, where its loss is lower. From the shell:

    certnn audit certnn-pytorch/model.pt --data certnn-pytorch/data.npz --out certnn-pytorch \\
        --convention torch-mse-adamw --decay 1e-3
"""

from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

import certnn

DECAY, FOLDER = 1e-3, Path("certnn-pytorch")


def objective(model: torch.nn.Sequential, X: torch.Tensor, Y: torch.Tensor) -> float:
    """What SGD with this weight decay minimises: the mean loss, and (decay/2)·‖all weights‖²."""
    with torch.no_grad():
        squares = sum(float((p.double() ** 2).sum()) for p in model.parameters())
        loss = torch.nn.MSELoss()(model.double()(X.double()), Y.double())
    return float(loss) + 0.5 * DECAY * squares


def main() -> None:
    X, labels = load_iris(return_X_y=True)
    X, _, labels, _ = train_test_split(X, labels, test_size=0.5, random_state=42)
    X, Y = torch.tensor(X, dtype=torch.float32), torch.nn.functional.one_hot(torch.tensor(labels))
    Y = Y.float()

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 50), torch.nn.ReLU(), torch.nn.Linear(50, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=DECAY)
    for _ in range(2000):
        optimizer.zero_grad()
        torch.nn.MSELoss()(model(X), Y).backward()
        optimizer.step()
    FOLDER.mkdir(exist_ok=True)
    torch.save(model.state_dict(), FOLDER / "model.pt")
    np.savez(FOLDER / "data.npz", X=X.double().numpy(), Y=Y.double().numpy())

    # From here on as somebody else would who has the checkpoint and the data.
    data = np.load(FOLDER / "data.npz")
    problem = certnn.problem_for(
        FOLDER / "model.pt", data["X"], data["Y"], convention="torch-mse-adamw", decay=DECAY
    )
    result = certnn.audit(FOLDER / "model.pt", problem, time_limit=30.0)
    result.save(FOLDER)
    print(f"objective {result.report.network.objective:.6g}, and no network is below ", end="")
    print(f"{result.lower.value:.6g}: within {100 * result.gap:.1f} % of any, proved")

    best = result.best_network
    better = torch.nn.Sequential(
        torch.nn.Linear(4, best.width), torch.nn.ReLU(), torch.nn.Linear(best.width, 3)
    ).double()
    with torch.no_grad():
        better[0].weight.copy_(torch.tensor(best.U[:-1].T))
        better[0].bias.copy_(torch.tensor(best.U[-1]))
        better[2].weight.copy_(torch.tensor(best.V.T))
        better[2].bias.copy_(torch.tensor(np.array(best.output_bias)))
    before, after = objective(model, X, Y), objective(better, X, Y)
    print(f"in PyTorch: {before:.6g} before, {after:.6g} with the network that the audit found")


if __name__ == "__main__":
    main()
