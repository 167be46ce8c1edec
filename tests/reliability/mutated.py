"""Damaged files of every kind that ganzoo reads: an error of its own, or the right result; no hang, no memory taken.

``python tests/reliability/mutated.py`` prints how many inputs of each kind were tried and what became of them; exit
code 1 where anything was wrong. ``--inputs N`` is the number for each kind, ``--kinds`` chooses, ``--seed`` draws
others.

Files with a hash of their content must give what they gave before, or be refused. Others may give anything. Where a
checksum would stop nearly every change (zip, the seal, the digest), there is a kind whose changes are made behind it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fakes"))

import numpy as np

AT_A_TIME = 40
"""Inputs of one process."""
SECONDS = 10
MOST_BYTES = 2 << 30
EXTREMES = (b"0", b"-1", b"1e999", b"NaN", b"999999999999999999999", b"null", b'""', b"\xff", b"\0", b"[" * 4000)
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


@dataclass(frozen=True)
class Kind:
    """One kind of file: where a sound one is made in a folder, and how it is read to something that compares."""

    make: Callable[[Path], Path]
    read: Callable[[Path], Any]
    exact: bool = False
    """Whether a changed file must be refused or say the same."""


def mutate(content: bytes, chance: random.Random) -> bytes:
    """One to three changes of the kinds that disks, transfers and people make."""
    found = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        place = chance.randrange(len(found) + 1)
        ways = (_flip, _flip, _cut, _insert, _drop, _repeat, _zeros, _extreme, _number)
        found = chance.choice(ways)(found, place, chance)
    return bytes(found)


def _flip(found: bytearray, place: int, chance: random.Random) -> bytearray:
    if found:
        found[place % len(found)] ^= 1 << chance.randrange(8)
    return found


def _cut(found: bytearray, place: int, chance: random.Random) -> bytearray:
    return found[:place]


def _insert(found: bytearray, place: int, chance: random.Random) -> bytearray:
    return found[:place] + chance.randbytes(chance.choice((1, 8, 200))) + found[place:]


def _drop(found: bytearray, place: int, chance: random.Random) -> bytearray:
    return found[:place] + found[place + chance.choice((1, 4, 100)) :]


def _repeat(found: bytearray, place: int, chance: random.Random) -> bytearray:
    part = found[place : place + chance.choice((1, 16, 2000))]
    return found[:place] + part * chance.choice((2, 50)) + found[place:]


def _zeros(found: bytearray, place: int, chance: random.Random) -> bytearray:
    size = chance.choice((1, 64, 4096))
    return found[:place] + bytes(min(size, len(found) - place)) + found[place + size :]


def _extreme(found: bytearray, place: int, chance: random.Random) -> bytearray:
    """Put something odd in the place of a number or a text."""
    digits = [i for i, byte in enumerate(found[:20_000]) if byte in b"0123456789"]
    place = chance.choice(digits) if digits else place
    return found[:place] + chance.choice(EXTREMES) + found[place + 1 :]


def _number(found: bytearray, place: int, chance: random.Random) -> bytearray:
    """Write an extreme binary number over what is there: a size, an offset, a count."""
    size, order = chance.choice((1, 2, 4, 8)), chance.choice(("little", "big"))
    value = chance.choice(NUMBERS) & ((1 << 8 * size) - 1)
    return found[:place] + value.to_bytes(size, order) + found[place + size :]


class Bench:
    """The sound files, all of them of one small store."""

    def __init__(self, root: Path) -> None:
        from ganzoo import api
        from ganzoo.leaderboard.jobs import Job
        from ganzoo.leaderboard.worker import run_job
        from ganzoo.training.runs import RunStore

        self.store = RunStore(root / "runs")
        for variant in ("gaussian", "real"):
            job = Job(variant=variant, dataset="digits", seed=0, runs=str(self.store.root), bench=1)
            run_job(job, lambda event, fields: None)
        (self.run,) = self.store.all()
        self.images = api.dataset("digits").train.x[:24]

    def kinds(self) -> dict[str, Kind]:
        """Every kind by its name."""
        return {**self._of_runs(), **self._of_tables(), **self._of_models(), **self._of_data()}

    def _copied(self, folder: Path) -> Path:
        shutil.copytree(self.run.path, folder / "run")
        return folder / "run"

    def _of_runs(self) -> dict[str, Kind]:
        from ganzoo.leaderboard import rows
        from ganzoo.pictures.frames import save_animation
        from ganzoo.scoring.protocol import Score
        from ganzoo.scoring.reference import cached
        from ganzoo.sealed import read_json, write_json
        from ganzoo.testing import toy_images
        from ganzoo.training.checkpoints import checked
        from ganzoo.training.frames import FrameFile, read_frames
        from ganzoo.training.log_file import LogFile
        from ganzoo.training.loop import ignore_events
        from ganzoo.training.runs import Failure, RunFolder

        def failure(folder: Path) -> Path:
            path = folder / "d" / "v" / "seed0.failed.json"
            write_json(path, Failure(variant="v", dataset="d", seed=0, quick=False, note="n" * 99, date_utc=""))
            return path

        def log(path: Path) -> str:
            log = LogFile(RunFolder(path.parent), ignore_events)
            log("resumed", {"step": 100, "total": 200})
            return log.text()

        def state(path: Path) -> Any:
            checkpoint, log = checked(path)
            return checkpoint.step, log, {name: value.tobytes() for name, value in checkpoint.arrays.items()}

        def reference(folder: Path) -> Path:
            os.environ["GANZOO_CACHE"] = str(folder / "cache")
            cached(["fuzz"], _slow)
            return next((folder / "cache" / "references").iterdir())

        def from_cache(path: Path) -> bytes:
            os.environ["GANZOO_CACHE"] = str(path.parents[1])
            return cached(["fuzz"], lambda: {"a": np.arange(50.0)})["a"].tolist()

        def logged(folder: Path) -> Path:
            lines = ["step,d_loss,g_loss", *(f"{step},0.5,-1.25e-05" for step in range(0, 300, 10))]
            (folder / "log.csv").write_text("\n".join(lines) + "\n")
            return folder / "log.csv"

        def framed(folder: Path) -> Path:
            file = FrameFile(folder / "frames.npz", toy_images())
            for step in (1, 30):
                file.add(step, toy_images().scaled()[step : step + 16])
            return folder / "frames.npz"

        def animated(path: Path) -> Any:
            found = read_frames(path)
            save_animation(found.steps, found.x, path.with_suffix(".gif"), found.behind)
            return found.steps, found.x.tobytes()

        def row(path: Path) -> Any:
            entry = rows.read_entry(path.parents[2], "/".join(path.parts[-3:]))
            if entry.damage:
                raise Refused
            return entry

        def unsealed(name: str) -> Callable[[Path], Path]:
            def make(folder: Path) -> Path:
                place = folder / "digits" / "gaussian"
                place.mkdir(parents=True)
                path = self._copied(place) / name
                content = json.loads(path.read_bytes())
                del content["seal"]
                path.write_text(json.dumps(content))
                return path

            return make

        def undigested(folder: Path) -> Path:
            from safetensors.numpy import save_file

            about = {"step": "5", "seconds": "1.5", "log": "step,loss\n5,1.5\n"}
            save_file({"w": np.ones((3, 4), np.float32), "t": np.array(3)}, folder / "old.safetensors", about)
            return folder / "old.safetensors"

        return {
            "run.json of 0.1": Kind(unsealed("run.json"), lambda p: row(p.parent)),
            "score.json of 0.1": Kind(unsealed("score.json"), lambda p: row(p.parent)),
            "state of 0.1": Kind(undigested, state),
            "run.json": Kind(lambda f: self._copied(f) / "run.json", lambda p: RunFolder(p.parent).manifest(), True),
            "score.json": Kind(lambda f: self._copied(f) / "score.json", lambda p: read_json(p, Score), True),
            "failed.json": Kind(failure, row, True),
            "state.safetensors": Kind(lambda f: self._copied(f) / "state.safetensors", state, True),
            "log.csv": Kind(logged, log),
            "frames.npz": Kind(framed, animated),
            "cached reference": Kind(reference, from_cache, True),
        }

    def _of_tables(self) -> dict[str, Kind]:
        from ganzoo import registry
        from ganzoo.leaderboard import board
        from ganzoo.leaderboard.index import FILE, StoreIndex
        from ganzoo.leaderboard.shown import shown
        from ganzoo.training.runs import RunStore

        book = registry.load()

        def table(folder: Path) -> Path:
            board.write(self.store, folder, book)
            return folder / "runs.csv"

        def long(folder: Path) -> Path:
            (folder / "metrics.csv").write_text("run,column,value,se\n" + "abc,width,1.5,0.25\n" * 9)
            return folder / "metrics.csv"

        def index(folder: Path) -> Path:
            shutil.copytree(self.store.root, folder / "runs")
            StoreIndex(RunStore(folder / "runs")).collect()
            return folder / "runs" / FILE

        def written(path: Path) -> Any:
            return [p.name for p in board.write(self.store, path.parent, book)]

        def catalogue(folder: Path) -> Path:
            return Path(shutil.copy(Path(__file__).parents[2] / "registry.toml", folder))

        def cached_board(folder: Path) -> Path:
            os.environ["GANZOO_CACHE"] = str(folder / "cache")
            table(folder)
            shown(folder, "digits", book)
            return next((folder / "cache" / "boards").iterdir())

        def from_cache(path: Path) -> Any:
            os.environ["GANZOO_CACHE"] = str(path.parents[1])
            return shown(path.parents[2], "digits", book)

        return {
            "runs.csv": Kind(table, written),
            "metrics.csv": Kind(long, lambda p: board._write_long(p, [dict.fromkeys(("run", "column"), "x")])),
            ".index.sqlite": Kind(index, lambda p: StoreIndex(RunStore(p.parent)).collect(), True),
            "cached board": Kind(cached_board, from_cache, True),
            "registry.toml": Kind(catalogue, registry.load),
        }

    def _of_models(self) -> dict[str, Kind]:
        import graphs
        import onnx

        from ganzoo import api
        from ganzoo.extractors.importing.reading import load
        from ganzoo.generator.foreign import Reading

        def own(folder: Path) -> Path:
            return Path(shutil.copy(self.run.file("generator.onnx"), folder / "own.onnx"))

        def sampled(path: Path) -> Any:
            return api.load(path, device="cpu").sample(3).tobytes()

        def foreign(path: Path) -> Any:
            return api.load(path, device="cpu", reading=Reading(latents=("normal",))).sample(3).tobytes()

        def metadata(folder: Path) -> Path:
            model = onnx.load(self.run.file("generator.onnx"))
            (folder / "metadata.json").write_text(model.metadata_props[0].value)
            return folder / "metadata.json"

        def with_metadata(path: Path) -> Any:
            model = onnx.load(self.run.file("generator.onnx"))
            key = model.metadata_props[0].key
            del model.metadata_props[:]
            model.metadata_props.add(key=key, value=path.read_bytes().decode("utf-8", "replace"))
            onnx.save(model, path.with_name("made.onnx"))
            return sampled(path.with_name("made.onnx"))

        return {
            "metadata of a generator": Kind(metadata, with_metadata),
            "generator.onnx of a run": Kind(lambda f: self._copied(f) / "generator.onnx", sampled, True),
            "generator.onnx": Kind(own, sampled),
            "another's generator": Kind(lambda f: graphs.foreign(f / "foreign.onnx"), foreign),
            "extractor's graph": Kind(own, lambda p: len(load(p).graph.node)),
        }

    def _of_data(self) -> dict[str, Kind]:
        from ganzoo import api
        from ganzoo.data.idx import parse_idx
        from ganzoo.data.plain_pickle import read_plain_pickle
        from ganzoo.scoring.opening import open_source

        def arrays(name: str, **held: Any) -> Callable[[Path], Path]:
            def make(folder: Path) -> Path:
                np.savez(folder / name, **held)
                return folder / name

            return make

        def array(folder: Path) -> Path:
            np.save(folder / "x.npy", self.images)
            return folder / "x.npy"

        def pictures(ending: str) -> Callable[[Path], Path]:
            def make(folder: Path) -> Path:
                from PIL import Image

                for i, image in enumerate(self.images[:6]):
                    Image.fromarray(image[0]).save(folder / f"{i}{ending}")
                return folder / f"3{ending}"

            return make

        def loaded(path: Path) -> Any:
            return api.dataset(f"folder:{path.parent}").train.x.tobytes()

        def opened(path: Path) -> Any:
            source = open_source(path)
            return source.length, source.form, source.digest

        def idx(folder: Path) -> Path:
            header = bytes((0, 0, 8, 3)) + b"".join(n.to_bytes(4, "big") for n in (24, 8, 8))
            (folder / "x.gz").write_bytes(gzip.compress(header + self.images.tobytes()))
            return folder / "x.gz"

        def read_idx(path: Path) -> Any:
            from ganzoo.data.files import read_file

            return parse_idx(read_file(path, 1 << 20), path.name).tobytes()

        def pickled(folder: Path) -> Path:
            import pickle

            (folder / "batch").write_bytes(pickle.dumps({b"data": self.images[:4], b"labels": [1, 2, 3, 4]}, 2))
            return folder / "batch"

        def zipped(path: Path) -> Any:
            with zipfile.ZipFile(path.with_name("made.npz"), "w") as archive:
                archive.write(path, "x.npy")
            return opened(path.with_name("made.npz"))

        def plain_idx(folder: Path) -> Path:
            path = idx(folder)
            path.write_bytes(gzip.decompress(path.read_bytes()))
            return path

        rng = np.random.default_rng(0)
        sums = {"mu": rng.normal(size=4), "sigma": np.eye(4), "n": np.array(90)}
        return {
            "samples.npz": Kind(arrays("a.npz", x=self.images), opened),
            "compressed data.npz": Kind(self._compressed, lambda p: api.dataset(f"npz:{p}").train.x.tobytes()),
            "features.npz": Kind(arrays("f.npz", features=rng.normal(size=(30, 4))), opened),
            "statistics.npz": Kind(arrays("s.npz", **sums), lambda p: str(open_source(p).statistics)),
            "x.npy": Kind(array, opened),
            "array within an npz": Kind(array, zipped),
            "PNG": Kind(pictures(".png"), loaded),
            "JPEG": Kind(pictures(".jpg"), loaded),
            "IDX": Kind(plain_idx, read_idx),
            "IDX, packed": Kind(idx, read_idx),
            "CIFAR batch": Kind(pickled, lambda p: read_plain_pickle(p.read_bytes(), p.name)),
        }

    def _compressed(self, folder: Path) -> Path:
        np.savez_compressed(folder / "d.npz", x=self.images, y=np.arange(24) % 3)
        return folder / "d.npz"


class Refused(Exception):
    """A reader that returns its complaint."""


def _slow() -> dict[str, Any]:
    time.sleep(1.1)  # what takes less is not cached
    return {"a": np.arange(50.0)}


def attempt(kind: Kind, path: Path, sound: Any) -> str:
    """What became of one damaged file: "refused", "read" or what is wrong."""
    from ganzoo.errors import GanzooError

    signal.alarm(SECONDS)
    try:
        found = kind.read(path)
    except (GanzooError, Refused):
        return "refused"
    except TimeoutError:
        return f"WRONG hung for {SECONDS} s"
    except BaseException:  # noqa: BLE001 - whatever it is, it is what is looked for
        return "WRONG " + " | ".join(traceback.format_exc().strip().splitlines()[-4:])[-700:]
    finally:
        signal.alarm(0)
    if kind.exact and found != sound:
        return "WRONG another result"
    return "read"


def _hung(*_: object) -> None:
    raise TimeoutError


def trial(kind: Kind, root: Path, numbers: range, seed: str) -> Counter[str]:
    """Try some inputs of a kind, in this process."""
    signal.signal(signal.SIGALRM, _hung)
    made = root / "sound"
    made.mkdir()
    path = kind.make(made)
    content, sound = path.read_bytes(), kind.read(path)
    found: Counter[str] = Counter()
    for number in numbers:
        place = root / f"{number}"
        shutil.copytree(made, place)
        target = place / path.relative_to(made)
        target.write_bytes(mutate(content, random.Random(f"{seed} {number}")))
        if target.read_bytes() == content:
            continue
        said = attempt(kind, target, sound)
        found[said if not said.startswith("WRONG") else f"{said} (input {number})"] += 1
        shutil.rmtree(place)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if peak > MOST_BYTES:
        found[f"WRONG {peak:,} bytes of memory within inputs {numbers}"] += 1
    return found


def forked(kind: Kind, root: Path, numbers: range, seed: str) -> Counter[str]:
    """The same in a process of its own, so that a crash of the interpreter is a result."""
    root.mkdir()
    pid = os.fork()
    if not pid:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 2)
        try:
            (root / "found.json").write_text(json.dumps(trial(kind, root, numbers, seed)))
        except BaseException:  # noqa: BLE001 - it is told below
            (root / "fault").write_text(traceback.format_exc())
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    report = root / "found.json"
    if report.is_file():
        found = Counter(json.loads(report.read_bytes()))
    else:
        fault = (root / "fault").read_text()[-500:] if (root / "fault").is_file() else f"status {status}"
        found = Counter({f"WRONG the process ended within inputs {numbers}: {fault}": 1})
    shutil.rmtree(root)
    return found


def main(arguments: list[str]) -> int:
    """Try all kinds; the exit code says whether anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=250)
    parser.add_argument("--kinds", default="")
    parser.add_argument("--seed", default="0")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="ganzoo-mutated-") as folder:
        root = Path(folder)
        os.environ["GANZOO_CACHE"] = str(root / "cache")
        kinds = _prepared(root)
        chosen = given.kinds.split(",") if given.kinds else list(kinds)
        print("| file | tried | refused | read | wrong |\n| --- | ---: | ---: | ---: | ---: |")
        faults, total = [], 0
        for name in chosen:
            found: Counter[str] = Counter()
            for first in range(0, given.inputs, AT_A_TIME):
                numbers = range(first, min(first + AT_A_TIME, given.inputs))
                found += forked(kinds[name], root / "trial", numbers, f"{given.seed} {name}")
            bad = [text for text in found if text.startswith("WRONG")]
            faults += [f"{name}: {text}" for text in bad]
            count = sum(found[text] for text in bad)
            print(f"| {name} | {found.total()} | {found['refused']} | {found['read']} | {count} |", flush=True)
            wrong, total = wrong + count, total + found.total()
        print(f"\n- {total} inputs in {time.monotonic() - began:.0f} s")
        print("\n".join(faults))
    return int(bool(wrong))


def _prepared(root: Path) -> dict[str, Kind]:
    """The kinds, with all that reading them imports, from a process without threads of its own to fork."""
    (root / "store").mkdir()
    pid = os.fork()
    if not pid:
        Bench(root / "store")
        os._exit(0)
    os.waitpid(pid, 0)
    bench = Bench(root / "store")  # all is done: no session is opened here
    for module in ("onnx", "onnx.checker", "pandas", "scipy.spatial", "safetensors.numpy", "PIL.Image", "sqlite3"):
        __import__(module)
    import onnxruntime  # noqa: F401

    return bench.kinds()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
