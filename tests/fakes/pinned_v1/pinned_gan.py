"""A conditional linear Wasserstein GAN in NumPy, written against plugin API 1.

G(z, y) = tanh(z·w + v[y] + b). The critic is linear in x for each class, with clipped weights.
"""

from typing import Annotated, Literal

import numpy as np

import ganzoo


class Options(ganzoo.Options):
    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 120
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2, le=1024)] = 32
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 6
    lr: Annotated[float, ganzoo.option("learning rate", gt=0, lt=10)] = 0.1
    clip: Annotated[Literal["hard", "none"], ganzoo.option("how the critic is bounded")] = "hard"
    bias: Annotated[bool, ganzoo.option("a bias for all classes")] = True


class Gan:
    def __init__(self, latent, shape, seed):
        rng = np.random.default_rng(seed)
        size = int(np.prod(shape))
        self.shape = tuple(shape)
        self.w = rng.normal(0, 0.1, (latent.z_dim, size)).astype(np.float32)
        self.v = np.zeros((latent.classes, size), np.float32)
        self.b = np.zeros(size, np.float32)
        self.critic = np.zeros((latent.classes, size), np.float32)

    def generate(self, z, y):
        return np.tanh(z @ self.w + self.v[y] + self.b)

    def state_arrays(self):
        return {"w": self.w, "v": self.v, "b": self.b, "critic": self.critic}

    def load_arrays(self, arrays):
        for name, value in arrays.items():
            setattr(self, name, np.array(value))


@ganzoo.hookimpl
def describe():
    return ganzoo.Variant(
        name="pinned",
        backend="numpy",
        summary="a conditional linear WGAN",
        paper="none: a pinned sample",
        options=Options,
        facts=ganzoo.Facts(
            loss="Wasserstein",
            optimiser="gradient ascent and descent",
            update_order="critic, then G",
            n_critic="1",
            step_counts="generator updates",
            latents="one z for both",
            batches="real and fake apart",
            ema="none",
        ),
        inputs=ganzoo.Inputs(z="z_dim", law="uniform", labels=True),
        takes=("image", "points"),
        sizes=(4, 64),
        role="model",
    )


@ganzoo.hookimpl
def train(run):
    o, x, y = run.options, run.data.scaled().reshape(len(run.data.x), -1), run.data.y
    assert run.device in ("cpu", "cuda")
    gan = Gan(run.latent, run.data.spec.shape, run.seed)
    for part in run.chunks(o.steps, state=gan, size=4):
        rows = run.indices(o.batch, part.start, len(part))
        draws = run.latents(o.batch, part.start, len(part))
        for i, _ in enumerate(part):
            gap = step(gan, o, x[rows[i]], y[rows[i]], draws["z"][i], draws["y"][i])
        run.log(gap=gap)
    return gan


def step(gan, o, real, real_y, z, fake_y):
    fake = gan.generate(z, fake_y)
    gap = np.zeros_like(gan.critic)
    np.add.at(gap, real_y, real / len(real))
    np.add.at(gap, fake_y, -fake / len(fake))
    gan.critic = (gan.critic + o.lr * gap).astype(np.float32)
    if o.clip == "hard":
        gan.critic = np.clip(gan.critic, -0.1, 0.1)
    through = gan.critic[fake_y] * (1 - fake**2)
    gan.w = (gan.w + o.lr * z.T @ through / len(z)).astype(np.float32)
    pushed = np.zeros_like(gan.v)
    np.add.at(pushed, fake_y, through)
    gan.v = (gan.v + o.lr * pushed).astype(np.float32)
    if o.bias:
        gan.b = (gan.b + o.lr * through.mean(axis=0)).astype(np.float32)
    return float(np.abs(gap).mean())


@ganzoo.hookimpl
def sample(model, inputs):
    return model.generate(inputs["z"], inputs["y"]).reshape(-1, *model.shape)


@ganzoo.hookimpl
def export(model, path):
    from onnx import TensorProto, helper, numpy_helper, save_model

    constants = {"w": model.w, "v": model.v, "b": model.b, "shape": np.array([-1, *model.shape], np.int64)}
    nodes = [
        helper.make_node("MatMul", ["z", "w"], ["from_z"]),
        helper.make_node("Gather", ["v", "y"], ["from_y"], axis=0),
        helper.make_node("Add", ["from_z", "from_y"], ["both"]),
        helper.make_node("Add", ["both", "b"], ["moved"]),
        helper.make_node("Tanh", ["moved"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["x"]),
    ]
    inputs = [
        helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", len(model.w)]),
        helper.make_tensor_value_info("y", TensorProto.INT64, ["N"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *model.shape])
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "generator", inputs, [x], weights)
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return True
