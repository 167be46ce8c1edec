"""A report with running generators, opened from the disk in Chromium.

It needs Chromium (Debian: ``apt-get install chromium``), and onnxruntime-web and axe-core of npm's registry, which are
fetched once. Where one of them is missing, these tests are skipped, and the reason says which.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ganzoo
from ganzoo import registry
from ganzoo.errors import DataError
from ganzoo.published import number_rows, planning, tables
from ganzoo.published.reproduce import write
from ganzoo.report.runtime import NpmPackage, fetch_runtime, package_files
from ganzoo.report.site import write_report
from ganzoo.training.runs import RunFolder, RunStore
from tests.fakes.boards import seeds, write_runs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TRAINED = {
    "gaussian": ("digits", {}),
    "infogan": ("digits", {"steps": 2}),
    "stylegan": ("digits", {"steps": 2}),
    "cgan": ("digits", {"steps": 2}),
    "wgan": ("ring", {"steps": 2}),
}
"""One generator for each kind of input: z alone, codes, noise, classes, and points."""
AXE = NpmPackage(
    name="axe-core",
    version="4.14.1",
    sha256="e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745",
    files={"axe.min.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"},
    megabytes=1,
)
Open = Callable[..., "Page"]


def fetched(get: Callable[[], Any]) -> Any:
    """What npm's registry has; skips where it cannot be reached."""
    try:
        return get()
    except DataError as error:
        pytest.skip(f"npm's registry cannot be reached: {error}")


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """A trained run of each, by variant."""
    for framework in ("torch", "tensorflow"):
        pytest.importorskip(framework)
    root = tmp_path_factory.mktemp("page") / "runs"
    return {
        variant: RunFolder(ganzoo.train(variant, data=data, seed=0, runs=root, options=options).path)
        for variant, (data, options) in TRAINED.items()
    }


@pytest.fixture(scope="session")
def report(runs: dict[str, RunFolder], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of them, with more rows to sort and one whose name is hostile."""
    fetched(fetch_runtime)
    rows = []
    for i, (variant, folder) in enumerate(runs.items()):
        manifest = folder.manifest()
        (row,) = seeds(variant, [3.0 - i / 2], dataset=manifest.dataset, backend=manifest.backend, recall=f"0.{i + 1}")
        rows.append(row | {"run": manifest.key, "onnx_sha256": manifest.onnx_sha256, "train_cpu_seconds": str(1 + i)})
    more = [
        *seeds("vanilla", [5.0, 5.2], dataset="digits", backend="tensorflow", recall="0.9", precision="0.4"),
        *seeds('x"><img src=x onerror=alert(1)>', [7.0, 7.7], dataset="digits", recall="0.8", precision="0.3"),
        *seeds("memoriser", [0.1], dataset="digits", role="ceiling", backend="numpy", recall="0.95", precision="1"),
    ]
    boards = write_runs(tmp_path_factory.mktemp("boards"), rows, more)
    published = tables.load()
    (cell, *_) = planning.cells(published, ["pacgan-ring"], budget=0.01)
    numbers = {"modes": 7, "hq": 0.5, "mode_kl": 0.1}
    measured = [number_rows.Measured(seed, f"run{seed}", numbers) for seed in cell.seeds]
    write(boards, published, number_rows.rows_of(cell, measured, 0))
    out = tmp_path_factory.mktemp("pages") / "report"
    write_report(boards, RunStore(next(iter(runs.values())).path.parents[2]), registry.load(), out, live=True)
    return out


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, a script that finds what is not accessible."""
    return str(fetched(lambda: package_files(AXE))["axe.min.js"].decode())


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser, report: Path) -> Iterator[Open]:
    """``visit("index.html#digits", width=360)``: a page of the report; at the end nothing was wrong with any of them.

    Nothing is said on the console, no error is thrown, and nothing is asked of anywhere but the folder.
    """
    said: list[str] = []
    contexts = []

    def open_page(address: str, width: int = 1200, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.extend([] if _inside(request.url, report) else [request.url]))
        page.goto(f"{report.as_uri()}/{address}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def _inside(url: str, folder: Path) -> bool:
    return url.startswith((folder.as_uri(), "data:", "blob:null", "blob:file:"))
