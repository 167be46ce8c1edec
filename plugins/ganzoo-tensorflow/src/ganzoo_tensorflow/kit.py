"""What the variants share: Adam, EMA, the compiled training loop, state for resuming, sampling and export."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo_tensorflow.runtime import keras, on_device, tf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import ganzoo

    Array = NDArray[Any]

CHUNK = 25
OPSET = 18

Tensors = dict[str, Any]


class Seeds:
    """A stream of initialiser seeds from one run seed and a purpose; no global generator is touched."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._sequence = np.random.SeedSequence([seed, *purpose.encode()])

    def next(self) -> int:
        """The next seed, below 2³¹."""
        (child,) = self._sequence.spawn(1)
        return int(child.generate_state(1)[0] >> 1)


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) whose whole state is named tensors."""

    def __init__(self, variables: Sequence[Any], lr: float, beta1: float, beta2: float = 0.999) -> None:
        self.variables = [variable.value for variable in variables]
        self.lr, self.beta1, self.beta2 = lr, beta1, beta2
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.first = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.variables]
        self.second = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.variables]

    def minimise(self, loss: Any, tape: Any) -> None:
        """One update of this optimiser's own variables, and of no others."""
        self.apply(tape.gradient(loss, self.variables))

    def apply(self, gradients: Sequence[Any]) -> None:
        """One update by ``gradients``, in the order of ``variables``."""
        self.step.assign_add(1)
        t = tf.cast(self.step, tf.float32)
        fixed = {"lr": self.lr, "beta1": self.beta1, "beta2": self.beta2, "epsilon": 1e-8}
        powers = {"beta1_power": self.beta1**t, "beta2_power": self.beta2**t}
        for value, m, v, g in zip(self.variables, self.first, self.second, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(var=value.handle, m=m.handle, v=v.handle, grad=g, **fixed, **powers)

    def state(self, name: str) -> dict[str, Any]:
        """The counter and both moments, each under a name of its own."""
        named = {f"{name}/step": self.step}
        for i, (m, v) in enumerate(zip(self.first, self.second, strict=True)):
            named |= {f"{name}/first/{i}": m, f"{name}/second/{i}": v}
        return named


class Learner(ABC):
    """What one paper trains, and its update step; ``fit`` does the rest.

    ``networks`` are all that is trained, by role; the one to sample from is called "generator" and is trained by the
    first of ``adams``. ``shadow`` is its running average, or None where ``ema`` is 0. ``scalars`` names what ``update``
    returns. ``xla``: on one CPU thread XLA makes perceptrons a third to two thirds faster and convolutions seven times
    slower.
    """

    xla = False
    scalars: tuple[str, ...]

    def __init__(self, networks: dict[str, Any], adams: dict[str, Adam], shadow: Any | None, options: Any) -> None:
        self.generator, self.shadow = networks["generator"], shadow
        self.options = options
        self._clock = next(iter(adams.values())).step
        self._networks, self._adams = networks, adams
        self.advance = tf.function(self._advance, jit_compile=self.xla)
        self._average()
        self._state = self._named_state()

    @abstractmethod
    def draws(self, run: ganzoo.TrainRun, part: range) -> dict[str, Array]:
        """The random numbers of the steps in ``part``: arrays [len(part), ...]."""

    @abstractmethod
    def update(self, data: Tensors, drawn: Tensors) -> Tensors:
        """One generator update with what comes before it; ``drawn`` is one step's part of ``draws``.

        Returns the ``scalars``.
        """

    def _advance(self, data: Tensors, drawn: Tensors, count: Any) -> Tensors:
        """The first ``count`` steps of ``drawn`` in one compiled loop; returns the last step's losses."""
        losses = {name: tf.constant(0.0) for name in self.scalars}
        for i in tf.range(count):
            losses = self.update(data, {name: values[i] for name, values in drawn.items()})
            self._average()
        return losses

    def state_arrays(self) -> dict[str, Array]:
        """The networks, the optimisers with their counters, and the average."""
        return {name: np.array(variable.numpy()) for name, variable in self._state.items()}

    def load_arrays(self, arrays: Mapping[str, Array]) -> None:
        """Put back what ``state_arrays`` gave."""
        for name, variable in self._state.items():
            variable.assign(arrays[name])

    def result(self) -> Any:
        """The network to sample from: the average where there is one."""
        return self.generator if self.shadow is None else self.shadow

    def _average(self) -> None:
        # Batch norm's moving statistics are averaged too. The early average is short, so that the first weights fade.
        if self.shadow is None:
            return
        t = tf.cast(self._clock, tf.float32)
        decay = tf.where(t > 0, tf.minimum(self.options.ema, (1.0 + t) / (10.0 + t)), 0.0)
        for mean, now in zip(self.shadow.variables, self.generator.variables, strict=True):
            mean.value.assign(decay * mean.value + (1.0 - decay) * now.value)

    def _named_state(self) -> dict[str, Any]:
        averaged = {} if self.shadow is None else {"average": self.shadow}
        named = {
            f"{role}/{variable.path}": variable.value
            for role, network in (self._networks | averaged).items()
            for variable in network.variables
        }
        for name, adam in self._adams.items():
            named |= adam.state(name)
        return named


class Gan(Learner):
    """Two networks, each with its own optimiser."""

    scalars = ("d_loss", "g_loss")

    def __init__(self, generator: Any, discriminator: Any, shadow: Any | None, options: Any) -> None:
        self.discriminator = discriminator
        self.g_adam = Adam(generator.trainable_variables, options.lr, options.beta1)
        self.d_adam = Adam(discriminator.trainable_variables, options.lr, options.beta1)
        networks = {"generator": generator, "discriminator": discriminator}
        super().__init__(networks, {"g_adam": self.g_adam, "d_adam": self.d_adam}, shadow, options)


def fit(learner: Learner, run: ganzoo.TrainRun) -> Any:
    """Train ``learner`` for ``run.options.steps`` steps, data resident on the device; return its generator."""
    data = {"x": tf.constant(run.data.scaled())}
    if run.data.y is not None:
        data["y"] = tf.constant(run.data.y)
    for part in run.chunks(run.options.steps, state=learner, size=CHUNK):
        drawn = {name: tf.constant(_padded(values)) for name, values in learner.draws(run, part).items()}
        run.log(**learner.advance(data, drawn, tf.constant(len(part))))
    return learner.result()


def train(make: type[Any], run: ganzoo.TrainRun) -> Any:
    """Build ``make(run)``, a Learner, on the run's device and fit it there."""
    with on_device(run.device):
        return fit(make(run), run)


def _padded(values: Array) -> Array:
    # One shape for every chunk: the compiled loop stops early in the last, shorter one.
    missing = CHUNK - len(values)
    return np.concatenate([values, np.zeros((missing, *values.shape[1:]), values.dtype)]) if missing else values


def real_and_fake(d_real: Any, d_fake: Any) -> Any:
    """D's loss, to be minimised, from logits: −mean log D(x) − mean log(1 − D(G(z))) (Goodfellow 2014, eq. 1)."""
    return tf.reduce_mean(tf.math.softplus(-d_real)) + tf.reduce_mean(tf.math.softplus(d_fake))


def sample(model: Any, inputs: Mapping[str, Array]) -> Array:
    """Samples float32 [N, ...] of a trained generator in inference mode."""
    samples: Array = infer(model, *(tf.constant(inputs[x.name]) for x in model.inputs)).numpy()
    return samples


def infer(model: Any, *inputs: Any) -> Any:
    """Call ``model`` on its inputs in order, in inference mode: batch norm uses its moving statistics."""
    return model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)


def export(model: Any, path: Path) -> bool:
    """Write ``model`` in inference mode as one ONNX file: its own input names, output ``x``, any batch size."""
    import onnx
    import tf2onnx

    signature = [tf.TensorSpec(x.shape, x.dtype, name=x.name) for x in model.inputs]
    function = tf.function(lambda *inputs: {"x": infer(model, *inputs)}, autograph=False)
    with _quiet("tf2onnx", "tensorflow"):
        proto, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"  # tf2onnx counts batch axes through the whole process
    onnx.save(proto, path)
    return True


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def glorot(seeds: Seeds) -> Any:
    """Glorot and Bengio's uniform law, seeded."""
    return keras.initializers.GlorotUniform(seed=seeds.next())


def narrow(seeds: Seeds) -> Any:
    """N(0, 0.02²), seeded: DCGAN's initial weights (Radford 2015, section 4)."""
    return keras.initializers.RandomNormal(0.0, 0.02, seed=seeds.next())
