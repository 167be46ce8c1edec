"""Every hook of an extension, written against plugin API 1."""

import hashlib
import json
from pathlib import Path

import numpy as np

import ganzoo


def load(argument, data_dir):
    rng = np.random.default_rng(8)
    spec = ganzoo.DataSpec(name="pinned-bars", kind="image", shape=(1, 8, 8), classes=2)

    def split(n):
        y = np.arange(n, dtype=np.int64) % 2
        x = rng.integers(0, 60, (n, 1, 8, 8))
        x[y == 0, :, :, :4] += 180
        x[y == 1, :, :, 4:] += 180
        return ganzoo.Split(spec, x.astype(np.uint8), y)

    return ganzoo.Dataset(spec, split(300), split(100), class_names=("left", "right"))


class Halves:
    """Mean of each half, and the spread of the rows."""

    name = "pinned-halves"
    sha256 = hashlib.sha256(b"pinned halves 1").hexdigest()
    policy = "means of halves"

    def extract(self, x):
        flat = x.reshape(len(x), x.shape[1], x.shape[2], -1).mean(axis=1)
        half = flat.shape[2] // 2
        columns = [flat[:, :, :half].mean((1, 2)), flat[:, :, half:].mean((1, 2)), flat.std((1, 2))]
        return ganzoo.Extracted(np.stack(columns, axis=1).astype(np.float64))

    def extract_bound(self, value):
        return self.extract(value.numpy())


def gap(sets):
    distance = np.linalg.norm(sets.fake.mean(axis=0) - sets.reference.real.mean(axis=0))
    return {"pinned_gap": ganzoo.Estimate(float(distance), None, len(sets.fake))}


@ganzoo.hookimpl
def register_datasets():
    return [ganzoo.Source(name="pinned-bars", summary="a bar left or right", kind="image", load=load)]


@ganzoo.hookimpl
def register_extractors():
    opened = lambda device, threads: Halves()  # noqa: E731
    return [ganzoo.ExtractorSource(name="pinned-halves", summary="means of halves", open=opened)]


@ganzoo.hookimpl
def register_metrics():
    return [
        ganzoo.Metric(
            name="pinned_gap",
            summary="distance of means",
            columns=("pinned_gap",),
            compute=gap,
            needs=("real",),
            version=1,
            better="lower",
        )
    ]


@ganzoo.hookimpl
def run_event(event, run):
    line = {"event": event, "step": run.get("step"), "scalars": run.get("scalars")}
    with (Path(run["path"]) / "pinned-events.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
