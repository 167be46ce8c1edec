"""The command line. Commands are imported when they are run; errors become one sentence and an exit code here."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from ganzoo import __version__
from ganzoo.errors import GanzooError

# Name, and what `ganzoo --help` says of it: known here so that help imports no command.
COMMANDS = {
    "list": "Show the variants: backend, data they take, paper.",
    "info": "Show one variant's options, recipes and update rule.",
    "train": "Train a variant into a run folder.",
    "sample": "Draw samples from a run or an ONNX file.",
    "score": "Score a run, an ONNX file, an npz or a folder of images.",
    "compare": "Say whether two models differ by more than chance.",
    "stats": "Save feature statistics that add up across shards.",
    "export": "Copy a run's generator.onnx out of the run store.",
    "bench": "Train and score many variants, and write the leaderboards.",
    "board": "Show a dataset's leaderboard.",
    "plugins": "Show the installed plugins, broken ones included.",
    "extractor": "Show the feature extractors, or import one.",
    "data": "Show the datasets and where their files are looked for.",
    "doctor": "Check this installation.",
}


class Zoo(click.Group):
    """A group whose commands live in modules of the same name, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"ganzoo.cli.{cmd_name}_").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Unknown commands answer with the nearest known one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            guess = f" Did you mean '{close[0]}'?" if close else ""
            ctx.fail(f"There is no command '{args[0]}'.{guess}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """The one error boundary."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(130)
        except BrokenPipeError:
            sys.stdout = None  # the reader of our output went away; there is nobody to tell
            ctx.exit(0)
        except Exception as error:  # the edge: everything becomes a sentence, with --verbose a traceback too
            if ctx.params.get("verbose"):
                raise
            click.echo(_sentence(error), err=True)
            ctx.exit(error.exit_code if isinstance(error, GanzooError) else 1)


def _sentence(error: Exception) -> str:
    own = isinstance(error, GanzooError)
    where = "" if own else f" ({type(error).__name__} inside ganzoo: 'ganzoo --verbose ...' shows where)"
    return f"Error: {error}{where}"


@click.group(cls=Zoo, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ganzoo")
@click.option("--verbose", is_flag=True, help="Show tracebacks of errors.")
def main(verbose: bool) -> None:
    """Train any GAN, export it to ONNX, sample and score every model alike.

    Start with: ganzoo train dcgan
    """
