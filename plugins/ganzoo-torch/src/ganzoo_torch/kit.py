"""What the variants share around their update step: session, data feed, optimisers, EMA, state and sampling."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer, RMSprop

from ganzoo import DeviceError

if TYPE_CHECKING:
    import ganzoo

SAMPLE_BATCH = 256


@contextmanager
def session(run: ganzoo.TrainRun) -> Iterator[torch.device]:
    """Train with one thread and deterministic kernels on the run's device; put the settings back afterwards.

    torch's generators are put back, too: ``reseed`` moves them.

    Raises DeviceError where CUDA is asked for and absent.
    """
    device = torch.device(run.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceError("This PyTorch sees no CUDA device.", "Use --device cpu, or install a CUDA build of torch.")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with (
            torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=True),
        ):
            yield device
    finally:
        torch.set_num_threads(threads)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Initialise weights from ``seed`` on the CPU, leaving torch's global generators as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def reseed(run: ganzoo.TrainRun, step: int) -> None:
    """Put torch's generators where this step of this run begins: dropout and noise then follow from (seed, step) alone.

    The two are mixed as SplitMix64 does (Steele et al. 2014), since torch's CPU generator reads 32 bits of its seed.
    """
    mixed = (run.seed * 0x9E3779B97F4A7C15 + step) & 0xFFFFFFFFFFFFFFFF
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = ((mixed ^ mixed >> shift) * factor) & 0xFFFFFFFFFFFFFFFF
    torch.default_generator.manual_seed((mixed ^ mixed >> 31) & 0xFFFFFFFF)
    if torch.device(run.device).type == "cuda":
        torch.cuda.manual_seed(mixed & 0xFFFFFFFF)


@contextmanager
def frozen(*nets: nn.Module) -> Iterator[None]:
    """Gradients pass through ``nets`` but none are computed for, or left in, their parameters."""
    for net in nets:
        net.requires_grad_(False)
    try:
        yield
    finally:
        for net in nets:
            net.requires_grad_(True)


class Feed:
    """Training data resident on the device as one float32 tensor, and draws addressed by tick.

    The core draws indices and latents in blocks of many ticks, so that one tick costs an array view.
    """

    def __init__(self, run: ganzoo.TrainRun, device: torch.device) -> None:
        self._run = run
        self._device = device
        self.x = torch.from_numpy(run.data.scaled()).to(device)
        self.y = None if run.data.y is None else torch.from_numpy(run.data.y).to(device)

    def reals(self, batch: int, tick: int) -> Tensor:
        """Real samples of one tick: [batch, ...], images in [-1, 1]."""
        return self.x.index_select(0, self._places(self._run.indices(batch, tick)))

    def labelled(self, batch: int, tick: int) -> tuple[Tensor, Tensor]:
        """Real samples of one tick, the same as of ``reals``, and their labels int64 [batch]."""
        return self.at(self._run.indices(batch, tick))

    def at(self, rows: Any) -> tuple[Tensor, Tensor]:
        """The samples of these rows of the training data, int64 [n], and their labels."""
        assert self.y is not None, "the core gives labels to variants that declare them"
        places = self._places(rows)
        return self.x.index_select(0, places), self.y.index_select(0, places)

    def _places(self, rows: Any) -> Tensor:
        return torch.from_numpy(rows).to(self._device, non_blocking=True)

    def latents(self, batch: int, tick: int, stream: str) -> dict[str, Tensor]:
        """Generator inputs of one tick of ``stream``, by name: [batch, ...] each."""
        drawn = self._run.latents(batch, tick, stream=stream)
        return {name: torch.from_numpy(value).to(self._device, non_blocking=True) for name, value in drawn.items()}


def adam(parameters: Iterable[nn.Parameter], lr: float, beta1: float, beta2: float = 0.999) -> Adam:
    """Adam, all parameters updated by one fused call."""
    return Adam(parameters, lr=lr, betas=(beta1, beta2), fused=True)


def rmsprop(parameters: Iterable[nn.Parameter], lr: float) -> RMSprop:
    """RMSprop as the WGAN authors use it (α .99, no momentum)."""
    return RMSprop(parameters, lr=lr, foreach=True)


def sgd(parameters: Iterable[nn.Parameter], lr: float, momentum: float) -> SGD:
    """Stochastic gradient descent with momentum, all parameters updated by one fused call."""
    return SGD(parameters, lr=lr, momentum=momentum, fused=True)


def schedule(optimisers: Iterable[Optimizer], **settings: Any) -> None:
    """Give every parameter of the optimisers these settings, such as ``lr``, for the step that begins.

    Settings are no part of ``State``: a schedule is a function of the step and is put in place at each.
    """
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group.update(settings)


class Gradient:
    """The last gradient of a network, for the log: its Euclidean norm over all parameters is taken only when read."""

    def __init__(self) -> None:
        self._parts: list[Tensor] = []

    def keep(self, optimiser: Optimizer) -> None:
        """Keep what the optimiser is about to move along."""
        self._parts = [parameter.grad for parameter in moved(optimiser) if parameter.grad is not None]

    def __float__(self) -> float:
        norms = [torch.linalg.vector_norm(part) for part in self._parts]
        return float(torch.linalg.vector_norm(torch.stack(norms))) if norms else 0.0


def descend(optimiser: Optimizer, loss: Tensor, gradient: Gradient | None = None) -> None:
    """One update of the optimiser's parameters along the loss's gradient, leaving none behind but in ``gradient``."""
    loss.backward()  # type: ignore[no-untyped-call]  # torch ships it untyped
    if gradient is not None:
        gradient.keep(optimiser)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def descend_both(one: Optimizer, loss_of_one: Tensor, other: Optimizer, loss_of_other: Tensor) -> None:
    """One update of each optimiser's parameters along its own loss's gradient; both are taken before either moves.

    The losses may share a graph: each gradient is computed for its optimiser's parameters alone.
    """
    gradients = torch.autograd.grad(loss_of_one, moved(one), retain_graph=True)
    step_along(other, torch.autograd.grad(loss_of_other, moved(other)))
    step_along(one, gradients)


def moved(optimiser: Optimizer) -> list[Tensor]:
    """The parameters that an optimiser moves, in its order."""
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def step_along(optimiser: Optimizer, gradients: Iterable[Tensor]) -> None:
    """One update of the optimiser's parameters along these gradients, leaving none behind.

    Fused optimisers read a gradient as it lies in memory, and ``autograd.grad``, unlike ``backward``, gives some of
    convolutions channels last: each is laid out as its parameter is.
    """
    for parameter, gradient in zip(moved(optimiser), gradients, strict=True):
        same = gradient.stride() == parameter.stride()
        parameter.grad = gradient if same else torch.empty_like(parameter).copy_(gradient)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def half_life(decay: float) -> float:
    """Updates after which an average of this decay keeps half of what it was."""
    return math.log(0.5) / math.log(decay)


def decay_of(half_life: float) -> float:
    """The decay of an average of this half-life."""
    return 0.5 ** (1 / half_life)


class Ema:
    """Exponential moving average of a generator (0 = off): weights averaged, batch-norm statistics copied.

    The decay grows as min(decay, (1 + step) / (10 + step)), so that the initial weights are soon forgotten.
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self._net = net
        self._decay = decay
        self.average = copy.deepcopy(net).requires_grad_(False) if decay else None

    @property
    def nets(self) -> dict[str, nn.Module]:
        """What must be saved with the state: the average, where there is one."""
        return {"ema": self.average} if self.average is not None else {}

    @property
    def result(self) -> nn.Module:
        """The network to sample from."""
        return self._net if self.average is None else self.average

    def update(self, step: int) -> None:
        """Follow the network after generator update ``step``, counted from 0."""
        self.follow(min(self._decay, (1 + step) / (10 + step)))

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Keep ``decay`` of the average and take the rest from the network as it is now."""
        if self.average is None:
            return
        for mean, now in zip(self.average.parameters(), self._net.parameters(), strict=True):
            mean.lerp_(now, 1 - decay)
        for mean, now in zip(self.average.buffers(), self._net.buffers(), strict=True):
            mean.copy_(now)


@dataclass(frozen=True)
class State:
    """Everything the next step depends on, as framework-neutral arrays (a ``ganzoo.Checkpointable``).

    Names: ``net.<net>.<parameter or buffer>`` and ``opt.<optimiser>.<parameter number>.<moment or step>``.
    """

    nets: Mapping[str, nn.Module]
    optimisers: Mapping[str, Optimizer]

    def state_arrays(self) -> dict[str, Any]:
        """Weights, batch-norm statistics, EMA, optimiser moments and step counters."""
        arrays = {f"net.{name}.{key}": v for name, net in self.nets.items() for key, v in net.state_dict().items()}
        for name, optimiser in self.optimisers.items():
            for number, moments in optimiser.state_dict()["state"].items():
                arrays |= {f"opt.{name}.{number}.{key}": value for key, value in moments.items()}
        return {name: torch.as_tensor(value).detach().cpu().numpy().copy() for name, value in arrays.items()}

    def load_arrays(self, arrays: Mapping[str, Any]) -> None:
        """Put back what ``state_arrays`` gave, bit for bit."""
        for name, net in self.nets.items():
            found = _below(arrays, f"net.{name}.")
            net.load_state_dict({key: torch.tensor(value) for key, value in found.items()})
        for name, optimiser in self.optimisers.items():
            moments: dict[int, dict[str, Tensor]] = {}
            for key, value in _below(arrays, f"opt.{name}.").items():
                number, _, moment = key.partition(".")
                moments.setdefault(int(number), {})[moment] = torch.tensor(value)
            optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})


def _below(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


@contextmanager
def inference(net: nn.Module) -> Iterator[None]:
    """Batch norm frozen, no gradients, full float32 (no TF32); the network's mode is put back afterwards."""
    training = net.training
    net.eval()
    try:
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            yield
    finally:
        net.train(training)


def takes_by_name(net: nn.Module, names: Iterable[str]) -> bool:
    """Whether ``forward`` has parameters of these names; a Sequential has none, and takes its inputs by place."""
    return set(names) <= set(inspect.signature(net.forward).parameters)


def sample(net: nn.Module, inputs: Mapping[str, Any]) -> Any:
    """Run a generator on NumPy latents: float32 [N, C, H, W] in [-1, 1], or [N, d]."""
    device = next(net.parameters()).device
    names = list(net.input_sizes)
    parts = [torch.tensor(inputs[name], device=device).split(SAMPLE_BATCH) for name in names]
    by_name = takes_by_name(net, names)
    with inference(net):
        samples = [
            (net(**dict(zip(names, batch, strict=True))) if by_name else net(*batch)).cpu()
            for batch in zip(*parts, strict=True)
        ]
    return torch.cat(samples).numpy()
