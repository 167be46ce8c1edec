"""The package that ``ganzoo new`` writes, as files. tests/scaffold/test_installed.py installs and runs it."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import ganzoo
from ganzoo.cli import new_
from ganzoo.errors import StoreError, UnknownName, UsageError
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.scaffold import writer
from ganzoo.scaffold.writer import BACKENDS, LICENCES, names_of, require_free, write

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("g", "my-gan", "a-" + "long-" * 7 + "gan")  # line lengths depend on the name


def made(folder: Path, name: str = "my-gan", backend: str = "numpy", licence: str = "mit") -> Path:
    return write(names_of(name), backend=backend, licence=licence, parent=folder)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def all_of_them(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of every backend, name and licence in turn."""
    folder = tmp_path_factory.mktemp("packages")
    for number, name in enumerate(NAMES):
        for backend in BACKENDS:
            parent = folder / backend
            parent.mkdir(exist_ok=True)
            made(parent, name, backend, list(LICENCES)[number % len(LICENCES)])
    return folder


def test_one_name_gives_all_others() -> None:
    names = names_of("my-gan-2")
    assert (names.distribution, names.package, names.module) == ("ganzoo-my-gan-2", "ganzoo_my_gan_2", "my_gan_2")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("My_GAN", "'My_GAN' cannot be a plugin's name.*such as my-gan"),
        ("3d-gan", "such as d-gan"),
        ("gan-", "such as gan"),
        ("my--gan", "such as my-gan"),
        ("", "such as my-gan"),
        ("日本", "such as my-gan"),
        ("../up", "such as up"),
        ("a/b", "such as a-b"),
        ("gan\n", "such as gan"),
        ("a" * 41, "up to 40 lower-case"),
        ("class", "'class' is a keyword of Python and cannot name a module. Try class-gan."),
        ("real", "'real' is reserved"),
        ("training", "'training' is reserved"),
        ("ganzoo-hinge", "'ganzoo new hinge' writes the package ganzoo-hinge."),
        ("ganzoo", "Name it after your GAN."),
    ],
)
def test_a_name_that_cannot_be(name: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=f"(?s){sentence}") as caught:
        names_of(name)
    assert len(str(caught.value).splitlines()) <= 1 + name.count("\n")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gaussian", "The name 'gaussian' is taken: ganzoo-baselines [0-9.]+ provides it."),
        ("torch", "there is a package ganzoo-torch already"),
    ],
)
def test_a_name_that_is_taken(name: str, sentence: str, zoo: Zoo, catalogue: Registry) -> None:
    with pytest.raises(UsageError, match=sentence):
        require_free(names_of(name), zoo, catalogue)
    require_free(names_of("my-own"), zoo, catalogue)


def test_a_name_of_the_catalogue_is_taken_even_where_its_package_is_not_installed(catalogue: Registry) -> None:
    for name, sentence in {"dcgan": "the zoo lists it as ganzoo-torch's", "torch": "a package ganzoo-torch"}.items():
        with pytest.raises(UsageError, match=sentence):
            require_free(names_of(name), Zoo([], []), catalogue)


def test_an_installed_package_of_that_name_is_no_plugins_to_replace() -> None:
    with pytest.raises(UsageError, match="a package ganzoo-baselines already"):
        require_free(names_of("baselines"), Zoo([], []), Registry(api=1))


def test_the_files(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert folder == tmp_path / "my-gan"
    assert files(folder) == {
        *("pyproject.toml", "README.md", "LICENSE", ".gitignore", ".github/workflows/ci.yml", "tests/test_my_gan.py"),
        *(f"src/ganzoo_my_gan/{name}.py" for name in ("__init__", "my_gan", "training")),
    }
    assert [path.name for path in tmp_path.iterdir()] == ["my-gan"], "the folder it was built in is gone"
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "ganzoo-my-gan"
    assert project["entry-points"] == {"ganzoo.variants": {"my-gan": "ganzoo_my_gan.my_gan"}}
    assert (folder / "tests" / "test_my_gan.py").read_text().split() == [
        *("from", "ganzoo.testing", "import", "parametrize_with_checks", '@parametrize_with_checks("my-gan")'),
        *("def", "test_plugin(check):", "check()"),
    ]


def test_the_folder_is_as_open_as_any_other(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert made(tmp_path).stat().st_mode == other.stat().st_mode


@pytest.mark.parametrize("licence", LICENCES)
def test_the_licence_chosen_is_said_everywhere(licence: str, tmp_path: Path) -> None:
    folder = made(tmp_path, licence=licence)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project.get("license", "") == LICENCES[licence].spdx
    readme = (folder / "README.md").read_text().partition("## Licence")[2]
    if licence == "none":
        assert not (folder / "LICENSE").exists()
        assert "all rights are reserved" in readme
        return
    text = (folder / "LICENSE").read_text()
    assert {"apache-2.0": "Version 2.0, January 2004", "mit": "the ganzoo-my-gan authors"}[licence] in text
    assert LICENCES[licence].title in readme


def test_nothing_of_a_template_is_left(all_of_them: Path) -> None:
    for path in all_of_them.rglob("*"):
        if path.is_file():
            text = path.read_text().replace("${{ matrix.python }}", "")
            assert not any(sign in text for sign in ("{{", "}}", "{%", "%}")), path
            assert text.endswith("\n") and not text.endswith("\n\n"), path


def test_the_code_is_as_ruff_wants_it(all_of_them: Path) -> None:
    """By the settings that the packages bring along, whatever the length of the name."""
    assert len(list(all_of_them.rglob("pyproject.toml"))) == len(NAMES) * len(BACKENDS)
    for words in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--no-cache", all_of_them], stdout=subprocess.PIPE, check=False
        )
        assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_needs_public_names_only_and_what_it_declares(backend: str, all_of_them: Path) -> None:
    folder = all_of_them / backend / "my-gan"
    imported: set[str] = set()
    for path in folder.glob("src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ganzoo":
                assert node.attr in ganzoo.__all__
    assert not [name for name in imported if name.startswith("ganzoo.")]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    declared = {word.partition(">")[0].replace("-", "_") for word in project["dependencies"]}
    used = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names - {"ganzoo_my_gan"}
    assert used <= declared


def test_what_is_there_stays(tmp_path: Path) -> None:
    folder = made(tmp_path)
    before = {path: (folder / path).read_bytes() for path in files(folder)}
    with pytest.raises(UsageError, match="The folder 'my-gan' is there already and is not empty"):
        made(tmp_path, backend="torch")
    assert {path: (folder / path).read_bytes() for path in files(folder)} == before
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(UsageError, match=f"'{name}' is there already and is no folder"):
            made(tmp_path, name)
    assert (tmp_path / "file").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"my-gan", "file", "link"}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "my-gan").mkdir()
    assert "pyproject.toml" in files(made(tmp_path))


def test_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up at the fifth file."""
    written = []
    real = Path.write_text

    def full(self: Path, *args: object, **named: object) -> int:
        written.append(self)
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        return real(self, *args, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(StoreError, match=r"No space left on device\. Nothing was written\."):
            made(tmp_path)
    assert len(written) == 5
    assert list(tmp_path.iterdir()) == []


def test_a_file_put_there_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "my-gan"
    target.mkdir()
    real = writer._write_all

    def slow(*given: object) -> None:
        real(*given)  # type: ignore[arg-type]
        (target / "mine").write_text("mine")

    monkeypatch.setattr(writer, "_write_all", slow)
    with pytest.raises(StoreError, match="Nothing was written"):
        made(tmp_path)
    assert files(tmp_path) == {"my-gan/mine"}


def test_a_parent_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        made(tmp_path / "nowhere")


def test_unknown_choices_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"Unknown backend 'pytorch'\. Did you mean 'torch'"):
        made(tmp_path, backend="pytorch")
    with pytest.raises(UnknownName, match="Unknown licence 'gpl'"):
        made(tmp_path, licence="gpl")
    assert list(tmp_path.iterdir()) == []


def test_the_command_offers_what_there_is() -> None:
    """It repeats the names, so that its help imports nothing."""
    assert list(BACKENDS) == new_.BACKENDS
    assert list(LICENCES) == new_.LICENCES


def test_the_wheel_has_every_template(tmp_path: Path) -> None:
    """Whoever installs ganzoo from a wheel can write a package, too."""
    pytest.importorskip("hatchling", reason="the build backend is not installed: pip install -e '.[dev]'")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    there = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("ganzoo/scaffold/templates/")}
    assert there == {f"ganzoo/scaffold/templates/{name}" for name in files(ROOT / "ganzoo" / "scaffold" / "templates")}
    assert len(there) >= 11
