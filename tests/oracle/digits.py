"""Trains the network of examples/02_train_digits in PyTorch 2.13: its twin, and its reference.

    python tests/oracle/digits.py                # writes tests/oracle/digits_losses.json

The recipe, to be followed to the letter by the C++ program (defaults in capitals below):

Data      data/digits/digits.csv: 64 integers 0..16 and the label in each line. Image = value / 16,
          float32, shape [N, 1, 8, 8]. Line i (from 0) is a test sample if i % 5 == 4. 1,438 train,
          359 test samples, both in file order.
Seed      manual_seed(SEED) once, before the model is built. Nothing else draws random numbers but
          the model's default initialisation, in the order of its layers, and one randperm an epoch.
Model     Sequential of
            "0" Conv2d(1, 16, 3, padding=1, bias=False)
            "1" BatchNorm2d(16)
            "2" ReLU
            "3" MaxPool2d(2)
            "4" Flatten
            "5" Linear(256, 64)
            "6" Tanh
            "7" Linear(64, 64), its weight parametrized twice, after the model is complete:
                Skew():        forward(X) = X.triu(1) - X.triu(1).mT
                Cayley(64):    forward(X) = solve(Id + X, Id - X), buffer "Id" = eye(64)
                Neither has a right inverse, so the original keeps Linear's initialisation.
            "8" Tanh
            "9" Linear(64, 10)
Loss      cross_entropy of the logits and int64 labels, mean over the batch.
Optimizer Adam(model.parameters(), lr=LR), everything else default.
Epoch     model.train(); order = randperm(1438); batches are order[k * BATCH : (k + 1) * BATCH], the
          last one short (30 samples), none dropped: 23 batches an epoch. For each batch: zero_grad,
          loss, backward, step.
          The weight of "7" is computed once a forward pass.
Test      model.eval(), no_grad, accuracy of argmax over the 359 test samples after every epoch.

digits_losses.json: the seed, the loss of each batch of the first epoch before its step, the test
accuracy after each epoch, and `drift`: the greatest difference between the float32 losses of the
first epoch and those of the same run in float64, which bounds what a different order of summation
can do. The C++ program agrees with the losses to 1e-4.
"""

import json
import pathlib
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.parametrize as parametrize

SEED = 0
EPOCHS = 15
BATCH = 64
LR = 2e-3

HERE = pathlib.Path(__file__).parent


class Skew(nn.Module):
    def forward(self, X):
        A = X.triu(1)
        return A - A.mT


class Cayley(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.register_buffer("Id", torch.eye(n))

    def forward(self, X):
        return torch.linalg.solve(self.Id + X, self.Id - X)


def digits():
    """(train images, train labels, test images, test labels)."""
    lines = (HERE.parent.parent / "data/digits/digits.csv").read_text().split()
    rows = torch.tensor([[int(v) for v in line.split(",")] for line in lines])
    images = rows[:, :64].float().div(16).view(-1, 1, 8, 8)
    labels = rows[:, 64]
    test = torch.arange(len(rows)) % 5 == 4
    return images[~test], labels[~test], images[test], labels[test]


def network():
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 64),
        nn.Tanh(),
        nn.Linear(64, 64),
        nn.Tanh(),
        nn.Linear(64, 10),
    )
    parametrize.register_parametrization(model[7], "weight", Skew())
    parametrize.register_parametrization(model[7], "weight", Cayley(64))
    return model


def train(seed=SEED, epochs=EPOCHS, batch=BATCH, lr=LR, dtype=torch.float32):
    """(losses of the first epoch, test accuracy after each epoch, model)."""
    train_x, train_y, test_x, test_y = digits()
    train_x, test_x = train_x.to(dtype), test_x.to(dtype)
    torch.manual_seed(seed)
    model = network().to(dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses, accuracies = [], []
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(train_x)).split(batch):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(train_x[rows]), train_y[rows])
            loss.backward()
            optimizer.step()
            if epoch == 0:
                losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            accuracies.append((model(test_x).argmax(1) == test_y).double().mean().item())
    return losses, accuracies, model


def orthogonality(model):
    W = model[7].weight.detach()
    return torch.linalg.norm(W.T @ W - torch.eye(64, dtype=W.dtype)).item()


if __name__ == "__main__":
    torch.set_num_threads(2)
    start = time.time()
    losses, accuracies, model = train()
    seconds = time.time() - start
    exact, _, _ = train(epochs=1, dtype=torch.float64)
    drift = max(abs(a - b) for a, b in zip(losses, exact))
    print(f"{seconds:.1f} s, test accuracy {accuracies[-1]:.4f}, drift {drift:.1e}, "
          f"|W'W - I| {orthogonality(model):.1e}")
    print("accuracy by epoch:", " ".join(f"{a:.4f}" for a in accuracies))
    result = {
        "torch": torch.__version__.split("+")[0],
        "seed": SEED, "epochs": EPOCHS, "batch": BATCH, "lr": LR,
        "losses": losses, "drift": drift, "accuracies": [round(a, 6) for a in accuracies],
    }
    (HERE / "digits_losses.json").write_text(json.dumps(result, indent=1) + "\n")
