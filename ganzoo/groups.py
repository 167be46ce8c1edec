"""The entry-point groups of plugins. Plain names, so that a command may look for them without importing pluggy."""

from __future__ import annotations

PROJECT = "ganzoo"
VARIANTS = "ganzoo.variants"
EXTENSIONS = "ganzoo.extensions"
COMMANDS = "ganzoo.commands"
GROUPS = (VARIANTS, EXTENSIONS, COMMANDS)
