"""``ganzoo new``: a plugin package that works at once, written whole or not at all.

One name gives all others: ``ganzoo new my-gan`` writes the folder ``my-gan`` with the distribution ``ganzoo-my-gan``,
whose package ``ganzoo_my_gan`` has the module ``my_gan`` for the variant ``my-gan``. The texts are in ``templates/``.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import UnknownName, UsageError
from ganzoo.files import new_folder

if TYPE_CHECKING:
    from ganzoo.plugin.manager import Zoo
    from ganzoo.registry import Registry

LONGEST = 40
_WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Names that a plugin cannot have, though no plugin has them.
_RESERVED = {
    "real": "it is the leaderboards' name of the data themselves",
    "training": "its module is in every package",
}


@dataclass(frozen=True)
class Backend:
    """What the package of one framework needs beyond its two templates."""

    name: str
    title: str
    imported: str
    """What the hooks import, and the light module does not."""
    dependencies: tuple[str, ...]
    ci: tuple[str, ...] = ()
    """Commands before the package is installed."""


@dataclass(frozen=True)
class Licence:
    """A licence on offer; no SPDX name: none."""

    title: str = ""
    spdx: str = ""


BACKENDS = {
    backend.name: backend
    for backend in (
        Backend(
            name="torch",
            title="PyTorch",
            imported="torch",
            dependencies=("ganzoo>=0.1", "ganzoo-torch>=0.1", "torch>=2.9"),
            ci=("pip install torch --index-url https://download.pytorch.org/whl/cpu",),
        ),
        Backend(
            name="tensorflow",
            title="TensorFlow",
            imported="TensorFlow",
            dependencies=("ganzoo>=0.1", "ganzoo-tensorflow>=0.1", "tensorflow>=2.20"),
        ),
        Backend(
            name="numpy",
            title="NumPy",
            imported="NumPy",
            dependencies=("ganzoo>=0.1", "numpy>=2.0", "onnx>=1.18"),
        ),
    )
}
LICENCES = {
    "apache-2.0": Licence("Apache License 2.0", "Apache-2.0"),
    "mit": Licence("MIT License", "MIT"),
    "none": Licence(),
}


@dataclass(frozen=True)
class Names:
    """What one name becomes."""

    name: str

    @property
    def distribution(self) -> str:
        """As pip knows it."""
        return f"ganzoo-{self.name}"

    @property
    def module(self) -> str:
        """The module of the hooks."""
        return self.name.replace("-", "_")

    @property
    def package(self) -> str:
        """As Python imports it."""
        return f"ganzoo_{self.module}"


def names_of(name: str) -> Names:
    """Check a name. Raises UsageError with one sentence, and where there is one, a name that would do."""
    if not _WORD.fullmatch(name) or len(name) > LONGEST:
        rule = f"Use up to {LONGEST} lower-case letters, digits and hyphens, beginning with a letter"
        raise UsageError(f"'{name}' cannot be a plugin's name.", f"{rule}{_suggestion(name)}.")
    if name.startswith("ganzoo"):
        rest = name.removeprefix("ganzoo").lstrip("-")
        hint = f"'ganzoo new {rest}' writes the package ganzoo-{rest}." if rest else "Name it after your GAN."
        raise UsageError(f"'{name}' repeats what every package of a plugin begins with.", hint)
    if keyword.iskeyword(name):
        raise UsageError(f"'{name}' is a keyword of Python and cannot name a module.", f"Try {name}-gan.")
    if name in _RESERVED:
        raise UsageError(f"'{name}' is reserved: {_RESERVED[name]}.", f"Try {name}-gan.")
    return Names(name)


def _suggestion(name: str) -> str:
    near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")[:LONGEST].rstrip("-")
    return f", such as {near if _WORD.fullmatch(near) else 'my-gan'}"


def require_free(names: Names, zoo: Zoo, registry: Registry) -> None:
    """Raise UsageError where a plugin or a package has this name already, installed or in the catalogue."""
    hint = "Choose another name."
    if names.name in zoo.names():
        owners = " and ".join(map(str, zoo.origins(names.name)))
        raise UsageError(f"The name '{names.name}' is taken: {owners} provides it.", hint)
    if names.name in registry.variants:
        owner = registry.variants[names.name].package
        raise UsageError(f"The name '{names.name}' is taken: the zoo lists it as {owner}'s.", hint)
    packages = {entry.package for entry in registry.variants.values()}
    if names.distribution in packages or _is_installed(names.distribution):
        raise UsageError(f"The name '{names.name}' is taken: there is a package {names.distribution} already.", hint)


def _is_installed(distribution: str) -> bool:
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def write(names: Names, *, backend: str, licence: str, parent: Path) -> Path:
    """Write the package into the folder ``parent / NAME`` and return that folder.

    Raises UsageError where something is there already and StoreError where it cannot be written; then nothing changed.
    """
    for kind, chosen, known in (("backend", backend, BACKENDS), ("licence", licence, LICENCES)):
        if chosen not in known:
            raise UnknownName(kind, chosen, known)
    target = parent / names.name
    require_empty(target)
    files = render(names, BACKENDS[backend], licence)
    with new_folder(target) as made:
        _write_all(made, files)
    return target


def require_empty(target: Path) -> None:
    """Raise UsageError unless ``target`` is free to become a package: nothing, or an empty folder."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"'{target.name}' is there already and is no folder.", "Choose another name, or move it away.")
    if target.is_dir() and any(target.iterdir()):
        raise UsageError(
            f"The folder '{target.name}' is there already and is not empty.", "Choose another name, or move it away."
        )


def _write_all(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")


def render(names: Names, backend: Backend, licence: str) -> dict[str, str]:
    """The text of every file by its path in the package's folder."""
    templates = {
        "pyproject.toml": "common/pyproject.toml.jinja",
        "README.md": "common/README.md.jinja",
        ".gitignore": "common/gitignore.jinja",
        ".github/workflows/ci.yml": "common/ci.yml.jinja",
        f"src/{names.package}/__init__.py": "common/init.py.jinja",
        f"src/{names.package}/{names.module}.py": "common/hooks.py.jinja",
        f"src/{names.package}/training.py": f"{backend.name}/training.py.jinja",
        f"tests/test_{names.module}.py": "common/test.py.jinja",
    }
    if licence != "none":
        templates["LICENSE"] = f"licences/{licence}.txt"
    return dict(_rendered(templates, names, backend, LICENCES[licence]))


def _rendered(
    templates: Mapping[str, str], names: Names, backend: Backend, licence: Licence
) -> Iterable[tuple[str, str]]:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    known = {name: getattr(names, name) for name in ("name", "distribution", "module", "package")}
    year = datetime.now(UTC).year
    for path, template in templates.items():
        text = environment.get_template(template).render(known, backend=backend, licence=licence, year=year)
        yield path, text
