"""A command for plugin API 1."""

import click


@click.command("pinned-hello")
@click.option("--name", default="zoo", help="Whom to greet.")
def hello(name):
    """Greet somebody."""
    click.echo(f"hello {name}")
