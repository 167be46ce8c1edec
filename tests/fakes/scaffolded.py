"""A place where a package is installed by pip for real: a virtual environment of its own that also sees this one's."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

from ganzoo.processes import ONE_THREAD


class Place:
    """A folder to work in, whose ``ganzoo``, ``pip`` and ``python`` are those of a new virtual environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        environment = folder / "env"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        self.python = environment / "bin" / "python"
        outer = sysconfig.get_paths()["purelib"]
        (site,) = environment.glob("lib/python*/site-packages")
        # A .pth line that only names the folder would leave this project's own editable installs out.
        (site / "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n")
        # pip needs no index: all that a package asks for is here, its build backend too.
        programs = {"ganzoo": "from ganzoo.cli import main", "pip": "from pip._internal.cli.main import main"}
        for name, line in programs.items():
            script = environment / "bin" / name
            script.write_text(f"#!{self.python}\nimport sys\n{line}\nsys.exit(main())\n")
            script.chmod(0o755)
        self.variables = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            **ONE_THREAD,
            "GANZOO_CACHE": str(folder / "cache"),
            "GANZOO_CONFIG": str(folder / "config"),
            "PATH": os.pathsep.join([str(environment / "bin"), os.environ["PATH"]]),
        }

    def run(self, command: str, *, within: str = ".", code: int = 0) -> str:
        """Run a command line; its output. Fails the test unless it ends with ``code``."""
        words = shlex.split(command, comments=True)
        if words[:2] == ["pip", "install"]:
            words[2:2] = ["--no-build-isolation", "--no-index", "--disable-pip-version-check"]
        done = subprocess.run(
            words, cwd=self.folder / within, env=self.variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout
