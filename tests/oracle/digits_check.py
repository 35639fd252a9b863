"""Opens a safetensors file that examples/02_train_digits saved, with Python's safetensors.

    python tests/oracle/digits_check.py digits.safetensors

Checks that the names, shapes and dtypes are those of PyTorch's state_dict for the same network, and
that PyTorch, loading the file, gets at least 97 % of the test digits right.
"""

import pathlib
import sys

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import digits

state = load_file(sys.argv[1])
model = digits.network()
expected = model.state_dict()
assert set(state) == set(expected), f"names differ: {sorted(set(state) ^ set(expected))}"
for name, value in expected.items():
    assert state[name].shape == value.shape, f"{name}: {state[name].shape} is not {value.shape}"
    assert state[name].dtype == value.dtype, f"{name}: {state[name].dtype} is not {value.dtype}"
model.load_state_dict(state)
model.eval()
_, _, test_x, test_y = digits.digits()
with torch.no_grad():
    accuracy = (model(test_x).argmax(1) == test_y).double().mean().item()
print(f"{len(state)} tensors, test accuracy {accuracy:.4f}, "
      f"|W'W - I| {digits.orthogonality(model):.1e}")
for name, value in state.items():
    print(f"  {name} {list(value.shape)} {value.dtype}")
sys.exit(0 if accuracy >= 0.97 else 1)
