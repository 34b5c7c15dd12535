"""JAX on the CPU: one jitted training step (cross-entropy, SGD with momentum 0.9), channels innermost, its state
donated. The two networks on which it comes near the others; convolutions of larger ones it runs slowly."""
import argparse
import os
import timing

parser = argparse.ArgumentParser()
parser.add_argument("--model", choices=["mnist-1d-conv", "lenet5"], required=True)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--threads", type=int, required=True)
a = parser.parse_args()
if a.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

rng = np.random.default_rng(0)


def weights(*shape):
    scale = (2 / int(np.prod(shape[:-1]))) ** 0.5
    return {"w": (rng.standard_normal(shape) * scale).astype("f"), "b": np.zeros(shape[-1], "f")}


def conv(p, x, stride=1, pad="VALID"):
    orders = ("NHWC", "HWIO", "NHWC") if x.ndim == 4 else ("NWC", "WIO", "NWC")
    return lax.conv_general_dilated(x, p["w"], (stride,) * (x.ndim - 2), pad, dimension_numbers=orders) + p["b"]


def pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def dense(p, x):
    return x @ p["w"] + p["b"]


def flat(x):
    return x.reshape(x.shape[0], -1)


if a.model == "lenet5":
    shape = (28, 28, 1)
    p = {"c1": weights(5, 5, 1, 6), "c2": weights(5, 5, 6, 16), "d1": weights(400, 120), "d2": weights(120, 84),
         "d3": weights(84, 10)}

    def forward(p, x):
        x = pool(jax.nn.relu(conv(p["c1"], x, pad=[(2, 2), (2, 2)])))
        x = flat(pool(jax.nn.relu(conv(p["c2"], x))))
        return dense(p["d3"], jax.nn.relu(dense(p["d2"], jax.nn.relu(dense(p["d1"], x)))))
else:
    shape = (40, 1)
    p = {"c1": weights(3, 1, 15), "c2": weights(3, 15, 15), "c3": weights(3, 15, 15), "d": weights(60, 10)}

    def forward(p, x):
        for layer in ("c1", "c2", "c3"):
            x = jax.nn.relu(conv(p[layer], x, 2))
        return dense(p["d"], flat(x))

x = jnp.asarray(rng.standard_normal((a.batch, *shape)), jnp.float32)
y = jnp.asarray(rng.integers(0, 10, a.batch))


def train_step(p, v, x, y):
    def loss(p):
        return -jnp.take_along_axis(jax.nn.log_softmax(forward(p, x)), y[:, None], 1).mean()
    value, gradient = jax.value_and_grad(loss)(p)
    v = jax.tree.map(lambda v, g: 0.9 * v + g, v, gradient)
    return jax.tree.map(lambda p, v: p - 1e-3 * v, p, v), v, value


train_step = jax.jit(train_step, donate_argnums=(0, 1))
p = jax.tree.map(jnp.asarray, p)
state = [p, jax.tree.map(jnp.zeros_like, p)]


def run(n):
    for _ in range(n):
        *state[:], loss = train_step(*state, x, y)
    loss.block_until_ready()


timing.report("JAX", jax.__version__, timing.measure(None, run=run), mode="jit")
