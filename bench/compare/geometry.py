"""The orthogonal layers of eager.py by GeoTorch 0.4, where it is installed; answers what worker.cpp answers."""
import geotorch
import torch

from eager import mapped
from serve import serve

# GeoTorch has the exponential and Cayley's map, and no Householder reflections.
WORKLOADS = {f"map/matrix_exp n = {n}": (mapped(lambda layer: geotorch.orthogonal(layer, "weight"), n), 1)
             for n in (8, 64, 256)}

if __name__ == "__main__":
    serve(WORKLOADS, "GeoTorch 0.4", torch.set_num_threads)
