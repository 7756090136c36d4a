"""What an analyst asks of who is who."""

from __future__ import annotations

from typing import Annotated

import typer

from huaxiang.cli.answers import print_json
from huaxiang.cli.options import AsJson, Conf, LakeRoot, Sets, waiting
from huaxiang.config import load_config

Account = Annotated[str, typer.Argument(help="An account, as <platform>:<account id>")]


def identity_explain(
    account: Account,
    other: Account,
    lake: LakeRoot = "lake",
    conf: Conf = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Which claims make two accounts one person, hop by hop; or what keeps them apart. Values are never shown."""
    from dataclasses import replace  # noqa: PLC0415

    from huaxiang.identity.explain import linked  # noqa: PLC0415
    from huaxiang.run import opened  # noqa: PLC0415
    from huaxiang.session import INTERPRETED  # noqa: PLC0415
    from huaxiang.tables.reader import release_light  # noqa: PLC0415
    from huaxiang.tables.storage import local_path  # noqa: PLC0415

    config = load_config(conf, tuple(sets or ()))
    if local_path(lake) is not None:  # before Spark starts
        release_light(lake)
    config = replace(config, spark={**INTERPRETED, **config.spark})
    with waiting("looking up the accounts"), opened(config, lake) as there:
        told = linked(there, config, account, other)
    if as_json:
        print_json(told.as_dict())
        return
    print(told.text())


def add_to(app: typer.Typer) -> None:
    """Give the command its name."""
    group = typer.Typer(help="Who is who: accounts joined into persons.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command("explain")(identity_explain)
    app.add_typer(group, name="identity")
