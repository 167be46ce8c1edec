"""The command line. Commands are imported when they are run; errors become one sentence and an exit code here.

ganzoo's own commands and those of plugins (entry points in ``ganzoo.commands``) are found and loaded alike: by name,
as the object that an entry point names. Help names them all and imports none.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from ganzoo._version import __version__
from ganzoo.cli.output import GONE, echo, hang_up, prepare_streams
from ganzoo.errors import GanzooError
from ganzoo.escaping import one_line
from ganzoo.files import readable

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin

# Name, and what `ganzoo --help` says of it: known here so that help imports no command.
COMMANDS = {
    "list": "Show the variants: backend, data they take, paper.",
    "info": "Show one variant's options, recipes and update rule.",
    "train": "Train a variant into a run folder.",
    "sample": "Draw samples from a run or an ONNX file.",
    "score": "Score a run, an ONNX file, an npz or a folder of images.",
    "diagnose": "Name what went wrong with runs, and what may help.",
    "compare": "Say whether two models differ by more than chance.",
    "pairs": "Say how alike images are, pair by pair, or how varied a set is.",
    "stats": "Save feature statistics that add up across shards.",
    "add": "Put a generator that was trained elsewhere on the board.",
    "export": "Copy a run's generator.onnx, or make one of another ONNX file.",
    "card": "Write a run's model card, or a folder to upload.",
    "bench": "Train and score many variants, and write the leaderboards.",
    "reproduce": "Train what stands in print, and put our numbers beside theirs.",
    "board": "Show a dataset's leaderboard, or compare two.",
    "report": "Write leaderboards and runs as pages for a browser.",
    "rate": "Ask people which images are real, on a page of this machine.",
    "verify": "Check that the files of runs are what was written.",
    "new": "Write a plugin package that works at once.",
    "check": "Check a plugin against the published list of checks.",
    "plugins": "Show the installed plugins, broken ones included.",
    "extractor": "Show the feature extractors, or import one.",
    "data": "Show the datasets, or what one of them holds.",
    "doctor": "Check this installation.",
}


class ZooGroup(click.Group):
    """A group whose commands are found by entry point and imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Ganzoo's own in the order of COMMANDS, then those of plugins."""
        return [*COMMANDS, *sorted(added())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command. Raises PluginError for one of a plugin that cannot be had."""
        origin = find(cmd_name)
        if origin is None:
            return None
        from ganzoo.plugin.isolation import load_command

        command: click.Command = load_command(origin, [])
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Unknown commands answer with the nearest known one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS and args[0] not in added():
            import difflib

            known = self.list_commands(ctx)
            close = difflib.get_close_matches(args[0], known, n=1)
            guess = f" Did you mean '{close[0]}'?" if close else ""
            ctx.fail(f"There is no command '{args[0]}'.{guess}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        if theirs := added():
            with formatter.section("Commands of plugins"):
                owners = {name: f"From {' and '.join(map(str, theirs[name]))}." for name in sorted(theirs)}
                formatter.write_dl([(one_line(name), one_line(text)) for name, text in owners.items()])

    def main(self, *args: Any, **more: Any) -> Any:
        """Run the command line; output goes somewhere, whatever was closed."""
        prepare_streams()
        return super().main(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """The one error boundary."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            vars(error)["message"] = one_line(error.message)  # click declares it final
            raise
        except (click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            echo("Stopped.", err=True)
            ctx.exit(130)
        except BrokenPipeError:
            hang_up()
            ctx.exit(GONE)
        except Exception as error:  # the edge: everything becomes a sentence, with --verbose a traceback too
            if ctx.params.get("verbose"):
                raise
            echo(_sentence(error, ctx.invoked_subcommand), err=True)
            ctx.exit(error.exit_code if isinstance(error, GanzooError) else 1)


def _sentence(error: Exception, command: str | None) -> str:
    if isinstance(error, GanzooError):
        return f"Error: {error}"
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return f"Error: '{readable(error.object)}' is not UTF-8 and cannot be written down. Give it another name."
    if isinstance(error, UnicodeEncodeError):
        hint = "Set PYTHONUTF8=1, or a locale of UTF-8."
        return f"Error: '{error.object}' cannot be written in {error.encoding}, the encoding in force here. {hint}"
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"Error: {readable(os.fsdecode(error.filename))} cannot be used: {error.strerror}."
    where = "ganzoo" if command in COMMANDS or command is None else f"the command of {added()[command][0]}"
    return f"Error: {error} ({type(error).__name__} inside {where}: 'ganzoo --verbose ...' shows where)"


def added() -> dict[str, list[Origin]]:
    """Who provides the commands of plugins that are on, by name. ganzoo's own are no plugin's to replace."""
    from ganzoo.plugin.blocklist import Switches
    from ganzoo.plugin.entry_points import COMMANDS as GROUP
    from ganzoo.plugin.entry_points import GROUPS, by_name, installed

    origins = dict(zip(GROUPS, installed(*GROUPS), strict=True))[GROUP]
    switches = Switches.current() if origins else Switches()
    on = by_name([origin for origin in origins if not switches.off(origin)])
    return {name: found for name, found in on.items() if name not in COMMANDS}


def find(name: str) -> Origin | None:
    """The entry point of a command; None where there is none. Raises PluginError for a name that several claim."""
    from ganzoo.plugin.entry_points import Origin

    if name in COMMANDS:
        return Origin(name, f"ganzoo.cli.{name}_:command", "ganzoo", __version__)
    origins = added().get(name, [])
    if len(origins) > 1:
        from ganzoo.plugin.status import command_clash

        raise command_clash(name, origins, ())
    if origins:
        from ganzoo.plugin.entry_points import name_error

        if error := name_error("command", origins[0]):
            raise error
    return origins[0] if origins else None


@click.group(cls=ZooGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ganzoo")
@click.option("--verbose", is_flag=True, help="Show tracebacks of errors.")
def main(verbose: bool) -> None:
    """Train any GAN, export it to ONNX, sample and score every model alike.

    Start with: ganzoo train dcgan
    """
