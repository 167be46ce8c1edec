"""The README and the guide, held to the code: commands and Python blocks run, links, options and columns exist.

Every ``sh``, ``bash`` or ``console`` block and every ``python`` block of a page is one step or several; the steps of a
page run in order, in one folder and one namespace, each as a test of its own; those before it that this process has not
run, since another one has or they were not asked for, run first. Conventions:

* ``RUN`` stands for the folder of the page's last ``ganzoo train``.
* ``# exit 2`` behind a command says with which exit code it ends.
* ``# my_gan.py`` as the first line of a Python block makes it a file instead; a ``toml`` block with entry points makes
  the page's files look installed.
* ``# illustration: why`` as the first line exempts a block.

What is made shorter is in ``substituted``, what is parsed and not run in ``not_run``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from helpers import write_distribution

import ganzoo
from ganzoo import api, registry
from ganzoo.cli import COMMANDS, main
from ganzoo.leaderboard import rows
from ganzoo.plugin import hookspecs
from ganzoo.plugin.manager import Zoo
from ganzoo.processes import ONE_THREAD
from ganzoo.testing import memory_run, onnx_difference, toy_images

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
INSTALLED = ROOT / "docs" / "plugins" / "tutorial.md"  # its steps run in tests of their own, with real installations
MARKDOWN = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part == "runs" for part in path.relative_to(ROOT).parts)
)
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELLS = ("sh", "bash", "console")
FRAMEWORKS = {"ganzoo-torch": "torch", "ganzoo-tensorflow": "tensorflow", "ganzoo-jax": "jax"}
OFFLINE = ("digits", "ring", "grid", "npz:", "folder:")
CATALOGUE = registry.load(ROOT / "registry.toml")


@dataclass
class Step:
    """One command or one block: what stands on the page, and where."""

    page: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        first = self.text.strip().splitlines()[0][:50] if self.text.strip() else ""
        return f"{shown(self.page)}:{self.line} {first if self.kind == 'command' else self.kind}"


def shown(page: Path) -> str:
    """A page's path as the ids of tests have it."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> Iterator[tuple[int, str, str]]:
    """Line, language and content of each fenced block."""
    text = page.read_text("utf-8")
    for match in FENCE.finditer(text):
        yield text.count("\n", 0, match.start()) + 2, match[1], match[2]


def commands(language: str, content: str) -> Iterator[tuple[int, str]]:
    """Offset and text of each command of a shell block; continued lines are joined."""
    joined, start = "", 0
    for offset, raw in enumerate(content.splitlines()):
        line = raw.strip()
        if language == "console":
            if not joined and not line.startswith("$ "):
                continue
            line = line.removeprefix("$ ")
        start = start if joined else offset
        joined += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        if joined and not joined.startswith("#"):
            yield start, joined
        joined = ""


def steps() -> list[Step]:
    """Every step of every page, in order."""
    found = []
    for page in PAGES:
        if page == INSTALLED:
            continue
        for line, language, content in blocks(page):
            if language in SHELLS:
                found += [Step(page, line + at, "command", text) for at, text in commands(language, content)]
            elif language in ("python", "toml"):
                found.append(Step(page, line, language, content))
    return found


STEPS = steps()


@dataclass
class Session:
    """What the steps of one page share."""

    folder: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    run: Path | None = None
    skipped: str = ""
    """Why there is no run where the last training was skipped."""
    taken: set[int] = field(default_factory=set)
    """Lines of the steps that were run."""

    def needs_run(self) -> Path:
        """The last run of the page; a small one where the page trained none before."""
        if self.skipped:
            pytest.skip(f"its run was skipped: {self.skipped}")
        if self.run is None:
            self.run = api.train("gaussian", "digits", runs=self.folder / "runs", registry=CATALOGUE).path
        return self.run


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Session]]:
    """The session of each page, made when it is first asked for."""
    kept: dict[Path, Session] = {}

    def of(page: Path) -> Session:
        if page not in kept:
            kept[page] = Session(tmp_path_factory.mktemp(page.stem))
        return kept[page]

    yield of
    for session in kept.values():
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(session.folder)):
                del sys.modules[name]


@pytest.fixture
def session(
    step: Step, sessions: Callable[[Path], Session], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Session:
    """The session of the step's page, entered: its folder is the working directory and on the path."""
    found = sessions(step.page)
    monkeypatch.chdir(found.folder)
    monkeypatch.syspath_prepend(str(found.folder))
    monkeypatch.setenv("PYTHONPATH", str(found.folder))
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    monkeypatch.setenv("GANZOO_CONFIG", str(found.folder / "config"))
    monkeypatch.setenv("GANZOO_OBSERVE", "")  # what a step's --observe switches on goes with the step
    for name, value in ONE_THREAD.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_step(step: Step, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in STEPS:
        if one.page == step.page and one.line <= step.line and one.line not in session.taken:
            with contextlib.nullcontext() if one is step else contextlib.suppress(pytest.skip.Exception):
                take(one, session, monkeypatch)


def take(step: Step, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run one step."""
    session.taken.add(step.line)
    if step.kind == "command":
        for command in re.split(r"\s&&\s", step.text):
            check_command(command, session)
    elif step.kind == "toml":
        install(step.text, session)
    else:
        run_python(step, session, monkeypatch)


# Commands


def check_command(text: str, session: Session) -> None:
    """Run a ganzoo command; check that what other programs are given exists."""
    exit_code = int(found[1]) if (found := re.search(r"#\s*exit (\d+)", text)) else 0
    words = shlex.split(text, comments=True)
    while words and re.fullmatch(r"\w+=\S*", words[0]):
        words.pop(0)
    cut = next((i for i, word in enumerate(words) if re.match(r"\||\d?>", word)), len(words))  # pipes, redirections
    words = words[:cut]
    program = Path(words[0]).name
    if program == "ganzoo":
        for alternative in alternatives(words[1:]):
            run_ganzoo(alternative, exit_code, session)
    elif program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in words[1:] if "=" not in word} <= set(targets)
    elif program in ("pip", "uv") or words[1:3] == ["-m", "pip"]:
        check_pip(words[words.index("install") + 1 :])
    elif program.startswith("python") and words[1:2] == ["-m"]:
        needed = words[2].partition(".")[0]
        if not (ROOT / "plugins" / needed.replace("_", "-")).is_dir():
            assert importlib.util.find_spec(words[2]), f"there is no module {words[2]}"
        else:
            source = ROOT / "plugins" / needed.replace("_", "-") / "src" / Path(*words[2].split("."))
            assert source.with_suffix(".py").is_file(), f"there is no {source}.py"
    elif program.startswith("python") and words[1:2] and words[1].endswith(".py"):
        assert (ROOT / words[1]).is_file(), f"there is no {words[1]}"


def check_pip(words: list[str]) -> None:
    """Local paths exist, and packages of this project have the names given."""
    own = {
        tomllib.loads(path.read_text())["project"]["name"]
        for path in (ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml"))
    }
    for word in words:
        if word.startswith((".", "plugins/")):
            assert (ROOT / word.partition("[")[0]).exists(), f"there is no {word}"
        elif word.startswith("ganzoo"):
            assert word.partition("[")[0] in own, f"there is no package {word}"


def alternatives(words: list[str]) -> list[list[str]]:
    """A synopsis such as ``RUN|FILE.onnx`` stands for one command with each."""
    for i, word in enumerate(words):
        if "|" in word:
            return [[*words[:i], part, *words[i + 1 :]] for part in word.split("|")]
    return [words]


def run_ganzoo(words: list[str], exit_code: int, session: Session) -> None:
    """Parse the command, and run it unless ``not_run`` says why not."""
    parsed = parse(words)
    if not_run(words, parsed, session):
        return
    if words[:1] in (["train"], ["info"]):
        require_plugin(parsed["variant"], session)
    source = Path(parsed.get("source", ""))
    if session.skipped and source.suffix and not source.exists():
        pytest.skip(f"{source} was not made: {session.skipped}")
    words = substituted(words, parsed, session)
    result = CliRunner().invoke(main, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == exit_code, f"ganzoo {shlex.join(words)}\n{result.output}"
    if found := re.search(r"^run +(\S+)$", result.output, re.MULTILINE):
        session.run, session.skipped = session.folder / found[1], ""


def parse(words: list[str]) -> dict[str, Any]:
    """The command's parameters as click reads them; raises for an unknown command, option or value."""
    if not words or words[0].startswith("-"):
        return {}
    context = click.Context(main, info_name="ganzoo")
    name, command, rest = main.resolve_command(context, words)
    assert command is not None
    if {"-h", "--help"} & set(rest):
        return {}
    return command.make_context(name, rest, parent=context).params


def not_run(words: list[str], parsed: dict[str, Any], session: Session) -> str:
    """Why a command is only parsed; empty for one that is run."""
    if not parsed:
        return ""
    match words[:1]:
        case ["bench"]:
            variants = set(parsed["variants"])  # none: --all or --everything
            return "" if variants and variants <= {"gaussian", "memoriser"} else "it trains GANs to the end"
        case ["board"] if not (session.folder / "leaderboards").is_dir():
            return "" if (ROOT / "leaderboards" / "runs.csv").is_file() else "no leaderboard was made yet"
    if parsed.get("device") == "cuda":
        return "it needs a GPU"
    data = parsed.get("data")
    return "" if data is None or data.startswith(OFFLINE) else f"it needs the files of {data}"


def substituted(words: list[str], parsed: dict[str, Any], session: Session) -> list[str]:
    """The command as it is run: shorter training, placeholders filled in, inputs made."""
    words = [fill(word, session) for word in words]
    data = str(parsed.get("data") or "")
    named = str(parsed.get("name") or "") if words[:1] == ["data"] else data
    if named.startswith("folder:") and not (folder := Path(named.partition(":")[2].partition("?")[0])).exists():
        make_images(session.folder / folder)
    match words[:1]:
        case ["train"]:
            variant = parsed["variant"]
            trained = variant not in ("gaussian", "memoriser")
            return [*words, *(["--set", "steps=2"] if trained else []), "--no-score"]  # the last of two --set wins
        case ["bench"]:
            return [*words, "--jobs", "2"]
        case ["board"] if not (session.folder / "leaderboards").is_dir():
            return [*words, "--out", str(ROOT / "leaderboards")]
    return words


def fill(word: str, session: Session) -> str:
    """Placeholders of the pages: a run, its model, samples as npz and as pictures."""
    if word == "RUN":
        return str(session.needs_run())
    if word == "FILE.onnx":
        return str(session.needs_run() / "generator.onnx")
    if word == "IMAGES.npz":
        np.savez(session.folder / word, x=toy_images(n=60).x)
    if word in ("FOLDER", "DIR"):
        make_images(session.folder / word)
    return word


def make_images(folder: Path) -> None:
    """A folder of PNG files with one grey 8×8 image each."""
    from PIL import Image

    folder.mkdir(exist_ok=True, parents=True)
    for i, image in enumerate(toy_images(n=60).x):
        Image.fromarray(image[0]).save(folder / f"{i:03}.png")


def require_plugin(variant: str, session: Session) -> None:
    """Skip where the variant's package or framework is not installed; remember the reason for the steps that follow."""
    entry = CATALOGUE.variants.get(variant)
    if entry is None:
        return
    for module in (entry.package.replace("-", "_"), FRAMEWORKS.get(entry.package, "ganzoo")):
        if importlib.util.find_spec(module) is None:
            session.skipped = f"{module} is not installed"
            pytest.skip(session.skipped)


# Python blocks


def install(text: str, session: Session) -> None:
    """A pyproject.toml's entry points become those of a distribution that looks installed; other TOML must parse."""
    project = tomllib.loads(text).get("project", {})
    if points := project.get("entry-points"):
        write_distribution(session.folder, project["name"], project["version"], points)
    elif "[datasets." in text or "[variants." in text:
        registry.parse(text, "the page's registry")


def run_python(step: Step, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Execute a block in the page's namespace, or write it where its first line names a file."""
    code = step.text
    first = code.lstrip().partition("\n")[0]
    if first.startswith("# illustration"):
        assert re.match(r"# illustration: \S", first), "an exempted block says why"
        compile(code, str(step), "exec")
        return
    if found := re.match(r"# (\w+\.py)$", first):
        (session.folder / found[1]).write_text(code)
        return
    for framework in FRAMEWORKS.values():
        if re.search(rf"^\s*(import|from) {framework}\b", code, re.MULTILINE):
            pytest.importorskip(framework)
    if '"RUN"' in code:
        code = code.replace('"RUN"', repr(str(session.needs_run())))
    monkeypatch.setattr(ganzoo, "train", shorter(session), raising=False)
    exec(compile("\n" * (step.line - 1) + code, str(step.page), "exec"), session.names)
    if all(re.search(rf"^def {hook}\(", code, re.MULTILINE) for hook in ("describe", "train", "sample", "export")):
        check_plugin(SimpleNamespace(**session.names), session.folder)


def shorter(session: Session) -> Callable[..., Any]:
    """``ganzoo.train`` of two steps."""

    def train(variant: str, data: str = "digits", *, options: dict[str, Any] | None = None, **rest: Any) -> Any:
        require_plugin(variant, session)
        short = {} if variant in ("gaussian", "memoriser") else {"steps": 2}
        folder = api.train(variant, data, options={**(options or {}), **short}, registry=CATALOGUE, **rest)
        session.run, session.skipped = folder.path.resolve(), ""
        return folder

    return train


def check_plugin(plugin: Any, folder: Path) -> None:
    """A block with all hooks of a variant is a plugin that trains and whose ONNX file says what ``sample`` says."""
    run = memory_run(plugin.describe(), toy_images(), {"steps": 3})
    assert onnx_difference(plugin, plugin.train(run), run, folder / "page.onnx") <= 1e-4


# What the pages name


def outside_fences(page: Path) -> str:
    return FENCE.sub("", page.read_text("utf-8"))


def inline(page: Path) -> list[str]:
    """The inline code of a page."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", outside_fences(page))


def options_of(name: str) -> set[str]:
    """Those of a command, and of the commands of a group."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    below = command.commands.values() if isinstance(command, click.Group) else ()
    parameters = [parameter for each in (command, *below) for parameter in each.params]
    return {option for each in parameters for option in (*each.opts, *each.secondary_opts)} | {"--help", "-h"}


EVERY_OPTION = set().union(*(options_of(name) for name in COMMANDS), {"--version", "--verbose"})


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=shown)
def test_commands_and_options_named_in_the_text_exist(page: Path) -> None:
    for code in inline(page):
        own = re.match(r"(?:\.venv/bin/)?ganzoo (\S+)(.*)", code)
        if own and not own[1].startswith("-"):
            assert own[1] in COMMANDS, code
            known = options_of(own[1])
        elif own or code.startswith("--"):
            known = EVERY_OPTION
        else:
            continue
        named = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", code))
        assert named <= known, f"`{code}` names {sorted(named - known)}"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=shown)
def test_environment_variables_named_exist(page: Path) -> None:
    sources = [*ROOT.glob("ganzoo/**/*.py"), *ROOT.glob("tests/**/*.py"), ROOT / "Makefile"]
    text = "".join(path.read_text("utf-8") for path in sources)
    assert {name for name in re.findall(r"GANZOO_\w+", page.read_text("utf-8")) if name not in text} == set()


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_help_shown_is_the_help(page: Path) -> None:
    real = [line.strip() for line in CliRunner().invoke(main, ["--help"]).output.splitlines()]
    for _, _, content in blocks(page):
        if "Usage: ganzoo [OPTIONS] COMMAND" in content:
            lines = [line.strip() for line in content.splitlines() if not line.startswith("$ ")]
            assert set(lines) <= {*real, "", "…", "..."}


def test_every_file_that_contributing_names_is_there() -> None:
    """Paths in its text are relative to the repository, and in its table of places to ganzoo/."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z_-]+(?:/[a-zA-Z_.-]+)+\.(?:py|toml|md|onnx))`", text))
    assert len(named) > 25
    assert [
        name for name in sorted(named) if not (ROOT / name).exists() and not (ROOT / "ganzoo" / name).exists()
    ] == []


def test_every_column_of_the_runs_table_is_explained() -> None:
    named = {name for page in ("metrics", "bench") for name in inline(ROOT / "docs" / f"{page}.md")}
    assert {"fid_se", "precision_se", "fid_total", "precision_total"} <= named, "what errors are called"
    measured = {name.removesuffix("_se").removesuffix("_total") for name in rows.COLUMNS}
    assert measured - named == set()


def test_every_metric_and_extractor_is_explained() -> None:
    named, zoo = set(inline(ROOT / "docs" / "metrics.md")), Zoo.discover(CATALOGUE)
    assert {column for metric in zoo.metrics().values() for column in metric.columns} <= named
    assert set(zoo.extractors()) <= named


def test_every_dataset_is_explained() -> None:
    named = {name.partition(":")[0] for name in inline(ROOT / "docs" / "data.md")}
    assert set(Zoo.discover(CATALOGUE).datasets()) <= named


def test_every_hook_is_explained() -> None:
    named = {name.partition("(")[0] for name in inline(ROOT / "docs" / "plugins" / "hooks.md")}
    for spec in (hookspecs.VariantSpec, hookspecs.ExtensionSpec):
        assert {name for name, _ in inspect.getmembers(spec, inspect.isfunction)} <= named


# Links


def slug(heading: str) -> str:
    """A heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


@pytest.mark.parametrize("page", MARKDOWN, ids=shown)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", outside_fences(page)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = Path(os.path.normpath(page.parent / file)) if file else page
        assert path.exists(), f"{target} is not there"
        if anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", outside_fences(path), re.MULTILINE)
            assert anchor in map(slug, headings), f"there is no heading for {target}"


# The harness itself


def test_shell_blocks_are_read_as_a_shell_would() -> None:
    assert [text for _, text in commands("sh", "# no\n\na b \\\n  c\nd # e\n")] == ["a b c", "d # e"]
    assert [text for _, text in commands("console", "$ a\noutput\n$ b\n")] == ["a", "b"]


def test_a_wrong_option_in_a_page_is_found() -> None:
    with pytest.raises(click.UsageError, match="No such option"):
        parse(["bench", "--all", "--fast"])
    with pytest.raises(click.UsageError, match="no command 'trian'"):
        parse(["trian", "dcgan"])


def test_a_wrong_target_in_a_page_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        check_command("make coffee", Session(tmp_path))
    with pytest.raises(AssertionError, match="there is no package ganzoo-jaxx"):
        check_command("pip install ganzoo-jaxx", Session(tmp_path))


def test_without_the_framework_a_step_and_what_needs_its_run_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else name)
    session = Session(tmp_path)
    with pytest.raises(pytest.skip.Exception, match="torch is not installed"):
        check_command("ganzoo train dcgan", session)
    with pytest.raises(pytest.skip.Exception, match="its run was skipped"):
        check_command("ganzoo score RUN", session)
    with pytest.raises(pytest.skip.Exception, match=r"gan.onnx was not made"):
        check_command("ganzoo score gan.onnx", session)


def test_an_unexpected_exit_code_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="Unknown variant 'nothing'"):
        check_command("ganzoo info nothing", Session(tmp_path))
