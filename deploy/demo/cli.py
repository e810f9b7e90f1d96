"""`relais demo`: plays a day of the network against the running stack."""

from typing import Annotated

import typer
from rich.console import Console

from deploy import demo
from deploy.local.home import Home
from deploy.local.stack import Stack

app = typer.Typer()


@app.command("demo")
def play_demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Play a day at three reception points and show what each service then knew."""
    home = Home.from_environment()
    stack = Stack.load(home)
    if not home.demo_file.exists():
        demo.load(stack)
    played = demo.play(stack)
    if as_json:
        typer.echo(played.to_json())
    else:
        Console().print(played)
