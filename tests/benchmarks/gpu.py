"""The engine on a CUDA GPU: parity with the CPU, and samples per second against PyTorch on the same GPU.

    python tests/benchmarks/gpu.py                   needs a CUDA build of torch and onnxruntime-gpu; no TensorFlow
    python tests/benchmarks/gpu.py --size 28 --rounds 5

One DCGAN generator (32×32, width 64), the weights those after two training steps. Two tables: samples left on the GPU
(``Session.bind`` against a torch tensor) and samples brought back as NumPy arrays (``Generator.run`` against
``.cpu().numpy()``). Latents are NumPy arrays on both sides; the device is synchronised after every call. Both compute
in full float32: the engine does so by itself, torch is told to (no TF32). Each compilation is done before the clock
starts. Ratios are medians over interleaved rounds; nothing is asserted. Without CUDA: one sentence and exit 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sidebyside import Rates, Work, image_data, machine, rates, ratio, spread, table, trained

BATCHES = (256, 1024, 4096)
WIDTH = 64
LIMIT = 1e-4
HEAD = ("batch", "torch mode", "engine, samples/s", "torch, samples/s", "ratio", "range")
ENGINE = "engine"


def refusal() -> str:
    """Why this cannot be measured here; empty where it can."""
    from ganzoo.generator.engine import built_for_cuda, cuda_device_count

    if not cuda_device_count():
        return "No CUDA GPU is visible to the driver here."
    if importlib.util.find_spec("torch") is None:
        return "PyTorch is not installed here."
    import torch

    if not torch.cuda.is_available():
        return f"PyTorch {torch.__version__} sees no CUDA device: install a CUDA build of it."
    if not built_for_cuda():
        return "The onnxruntime installed here has no CUDA provider: install onnxruntime-gpu."
    return ""


def engines(size: int, folder: Path) -> tuple[Any, Any, Any]:
    """The torch generator on the GPU in inference mode, and the engine on the CPU and on CUDA.

    Raises DeviceError where CUDA's provider does not load: the engine then refuses to fall back.
    """
    import torch
    from ganzoo_torch import dcgan

    from ganzoo.generator.engine import Generator

    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    model, path = trained(dcgan, image_data((1, size, size)), {"width": WIDTH}, folder)
    cpu, cuda = Generator(path, device="cpu", threads=1), Generator(path, device="cuda")
    return model.cuda().eval(), cpu, cuda


def parity(model: Any, cpu: Any, cuda: Any) -> str:
    """Largest absolute differences of 1024 samples: engine on CUDA, and torch on CUDA, from the engine on the CPU."""
    import numpy as np
    import torch

    inputs = cpu.inputs(1024, seed=1)
    x = cpu.run(inputs)
    with torch.inference_mode():
        native = model(torch.from_numpy(inputs["z"]).cuda()).cpu().numpy()
    ours, theirs = (float(np.abs(other - x).max()) for other in (cuda.run(inputs), native))
    verdict = "within" if ours <= LIMIT else "above"
    return (
        f"Engine, CUDA against CPU: max abs difference {ours:.1e}, {verdict} the limit of {LIMIT:.0e}. "
        f"torch eager on CUDA against the same: {theirs:.1e}."
    )


def works(model: Any, compiled: Any, cuda: Any, batch: int, *, fetch: bool) -> dict[str, Work]:
    """One call of each side; ``fetch`` brings the samples back as NumPy arrays."""
    import torch

    inputs = cuda.inputs(batch, seed=1)

    def native(net: Any) -> Work:
        @torch.inference_mode()
        def call() -> Any:
            x = net(torch.from_numpy(inputs["z"]).cuda(non_blocking=True))
            x = x.cpu().numpy() if fetch else x
            torch.cuda.synchronize()
            return x

        return call

    def engine() -> Any:
        return cuda.run(inputs) if fetch else cuda.session.bind(inputs)

    return {ENGINE: engine, "torch eager": native(model), "torch.compile": native(compiled)}


def rows(batch: int, found: Rates) -> Iterator[list[str]]:
    """One table row per mode of torch."""
    for mode in found:
        if mode != ENGINE:
            speeds = [f"{batch * statistics.median(found[name]):,.0f}" for name in (ENGINE, mode)]
            yield [str(batch), mode, *speeds, f"{ratio(found, ENGINE, mode):.2f}", spread(found, ENGINE, mode)]


def without_broken(calls: dict[str, Work]) -> dict[str, Work]:
    """Call each once, and leave torch.compile out where its compiler does not work, saying so."""
    working = dict(calls)
    for name, call in calls.items():
        try:
            call()
        except Exception as error:  # the compiler behind torch.compile may be missing in many ways
            if name != "torch.compile":
                raise
            print(f"torch.compile does not work here: {str(error).splitlines()[0]}", file=sys.stderr)
            del working[name]
    return working


def measure(model: Any, cuda: Any, rounds: int, *, fetch: bool) -> str:
    """The table over all batch sizes."""
    import torch

    compiled = torch.compile(model, mode="reduce-overhead", dynamic=False)
    measured: list[list[str]] = []
    for batch in BATCHES:
        calls = without_broken(works(model, compiled, cuda, batch, fetch=fetch))
        measured += rows(batch, rates(calls, rounds=rounds))
    return table(HEAD, measured)


def main() -> int:
    """Measure, or say in one sentence why not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=32, choices=(28, 32, 64), help="pixels a side")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    if reason := refusal():
        print(f"{reason} Nothing was measured.", file=sys.stderr)
        return 1
    import torch

    from ganzoo.errors import GanzooError

    with tempfile.TemporaryDirectory() as folder:
        try:
            model, cpu, cuda = engines(given.size, Path(folder))
        except GanzooError as error:
            print(f"{error} Nothing was measured.", file=sys.stderr)
            return 1
        print(f"{torch.cuda.get_device_name()}; {machine('torch', 'onnxruntime-gpu', 'numpy')}")
        print(f"Engine's provider: {cuda.provider}. DCGAN generator, {given.size}×{given.size}, width {WIDTH}.\n")
        print(parity(model, cpu, cuda), end="\n\n")
        for title, fetch in (("samples left on the GPU", False), ("samples as NumPy arrays", True)):
            print(f"{title.capitalize()}:\n\n{measure(model, cuda, given.rounds, fetch=fetch)}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
