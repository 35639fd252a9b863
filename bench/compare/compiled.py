"""The training steps as JAX compiles them, on one thread; answers what worker.cpp answers."""
import math
import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy

from serve import serve


def waves(*sizes, phase=0.0):
    return jnp.asarray(numpy.sin(numpy.arange(math.prod(sizes)) * 1.7 + phase).reshape(sizes), jnp.float32)


def layer(outputs, *inputs):
    """Weight and bias of the size that modules start with."""
    bound = 1 / math.sqrt(math.prod(inputs))
    return {"weight": waves(outputs, *inputs) * bound, "bias": waves(outputs, phase=1) * bound}


def linear(p, x):
    return x @ p["weight"].T + p["bias"]


def cross_entropy(scores, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(scores), labels[:, None], axis=1).mean()


def sgd(lr):
    def update(state, gradients):
        return jax.tree.map(lambda p, g: p - lr * g, state, gradients)
    return (lambda parameters: parameters), (lambda state: state), update


def adam(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def start(parameters):
        zeros = jax.tree.map(jnp.zeros_like, parameters)
        return parameters, zeros, zeros, 0

    def update(state, gradients):
        p, m, v, t = state
        t = t + 1
        m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, gradients)
        v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, gradients)
        scale = lr / (1 - beta1 ** t)
        root = jnp.sqrt(1 - beta2 ** t)
        p = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) / root + eps), p, m, v)
        return p, m, v, t
    return start, (lambda state: state[0]), update


def training_step(parameters, optimizer, loss):
    """The compiled step, called with the state that it returned last; its memory is used again."""
    start, parameters_of, update = optimizer
    state = [start(parameters)]

    @jax.jit
    def compiled(state):
        return update(state, jax.grad(loss)(parameters_of(state)))

    def step():
        state[0] = jax.block_until_ready(compiled(state[0]))
    return step


def moons():
    x, y = waves(100, 2), (numpy.arange(100) % 2).astype(numpy.float32)

    def loss(p):
        z = linear(p[2], jnp.tanh(linear(p[1], jnp.tanh(linear(p[0], x)))))[:, 0]
        return (jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z)))).mean()
    return training_step([layer(16, 2), layer(16, 16), layer(1, 16)], sgd(0.1), loss)


def mlp():
    x, y = waves(64, 784), jnp.arange(64) % 10
    return training_step([layer(256, 784), layer(10, 256)], adam(),
                         lambda p: cross_entropy(linear(p[1], jax.nn.relu(linear(p[0], x))), y))


def convolution(p, x, padding):
    y = jax.lax.conv_general_dilated(x, p["weight"], (1, 1), padding)
    return y + p["bias"][None, :, None, None]


def max_pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def lenet():
    x, y = waves(64, 1, 28, 28), jnp.arange(64) % 10
    parameters = [layer(6, 1, 5, 5), layer(16, 6, 5, 5), layer(120, 400), layer(84, 120), layer(10, 84)]

    def loss(p):
        h = max_pool(jax.nn.relu(convolution(p[0], x, [(2, 2), (2, 2)])))
        h = max_pool(jax.nn.relu(convolution(p[1], h, "VALID"))).reshape(64, -1)
        return cross_entropy(linear(p[4], jax.nn.relu(linear(p[3], jax.nn.relu(linear(p[2], h))))), y)
    return training_step(parameters, sgd(0.01), loss)


def cayley(n):
    def set_up():
        x, eye = waves(32, n, phase=2), jnp.eye(n)
        parameters = {"original": waves(n, n) / n, "bias": waves(n, phase=1)}

        def loss(p):
            triangle = jnp.tril(p["original"], -1)
            a = triangle - triangle.T
            weight = jnp.linalg.solve(eye - a, eye + a)
            return ((x @ weight.T + p["bias"]) ** 2).mean()
        gradient = jax.jit(jax.grad(loss))
        return lambda: jax.block_until_ready(gradient(parameters))
    return set_up


WORKLOADS = {
    "step/moons 2-16-16-1 SGD": (moons, 1),
    "step/MLP 784-256-10 Adam": (mlp, 1),
    "step/LeNet SGD": (lenet, 1),
    "cayley/Linear n = 8": (cayley(8), 1),
    "cayley/Linear n = 64": (cayley(64), 1),
    "cayley/Linear n = 256": (cayley(256), 1),
}

if __name__ == "__main__":
    serve(WORKLOADS, "JAX " + jax.__version__, lambda threads: None)
