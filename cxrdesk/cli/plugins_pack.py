"""``cxrdesk plugins keygen, pack, sign, index``: for those who publish plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Key = Annotated[
    Path | None, typer.Option(help="Private key of 'cxrdesk plugins keygen', to sign with.", dir_okay=False)
]


def keygen(
    publisher: Annotated[str, typer.Argument(help="The name that the key is known by, for instance of a hospital.")],
    out: Annotated[Path, typer.Option(help="Folder for the two files.", file_okay=False)] = Path(),
) -> None:
    """Make a key pair: PUBLISHER.key stays secret, PUBLISHER.pub goes to those who are to trust it."""
    from cxrdesk.cli.console import warn
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.packages import keys

    stem = "-".join("".join(c if c.isalnum() else " " for c in publisher.lower()).split())
    if not stem or not publisher.isprintable():
        raise UserError("usage", "A publisher's name holds letters or digits.")
    private, public = out / f"{stem}.key", out / f"{stem}.pub"
    made = keys.generate(publisher.strip(), private, public)
    typer.echo(f"{private}\n{public}")
    warn(f"Keep {private.name} secret. Fingerprint, to be read out to whoever gets {public.name}: {made.fingerprint}")


def pack(
    source: Annotated[Path, typer.Argument(help="The plugin's folder with its pyproject.toml, or its wheel.")],
    out: Annotated[Path, typer.Option(help="Folder for the package.", file_okay=False)] = Path(),
    key: Key = None,
    publisher: Annotated[str, typer.Option(help="Who publishes it; else as in pyproject.toml.")] = "",
    intended_use: Annotated[str, typer.Option(help="One sentence; else as in pyproject.toml or the card.")] = "",
    card: Annotated[Path | None, typer.Option(help="Model card; else model-card.md or README.md.")] = None,
    licence: Annotated[Path | None, typer.Option(help="Text of the licence; else LICENSE.")] = None,
    vendor: Annotated[
        list[Path] | None,
        typer.Option(help="Wheel of a dependency, Python alone, that cxrdesk does not ship; may be repeated."),
    ] = None,
) -> None:
    """Build one .cxrplugin file of a plugin, after its golden vectors were reproduced. Needs pip and no network."""
    from cxrdesk import installing
    from cxrdesk.cli.console import stdout_kept_clean, warn
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.packages import keys
    from cxrdesk.packages.pack import About
    from cxrdesk.packages.pack import pack as make

    for path in (card, licence, *(vendor or [])):
        if path is not None and not path.is_file():
            raise UserError("usage", f"{path} does not exist.")
    secret = keys.load_private(key) if key is not None else None
    about = About(publisher=publisher, intended_use=intended_use, card=card, licence=licence, vendored=vendor or [])
    with stdout_kept_clean():
        made = make(source, out, about, installing.check("cpu"), secret, warn)
    typer.echo(str(made))


def sign(
    package: Annotated[Path, typer.Argument(help="A .cxrplugin file.")],
    key: Annotated[Path, typer.Option(help="Private key of 'cxrdesk plugins keygen'.", dir_okay=False)],
) -> None:
    """Sign a package in place; another signature is replaced."""
    from cxrdesk.packages import keys
    from cxrdesk.packages.pack import sign_package

    sign_package(package, keys.load_private(key))
    typer.echo(str(package))


def index(
    folder: Annotated[Path, typer.Argument(help="Folder of .cxrplugin files, for instance of a USB stick.")],
    key: Key = None,
) -> None:
    """Write index.json, which 'cxrdesk plugins available' and the window look through."""
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.packages import keys
    from cxrdesk.packages.index import INDEX, write_index

    if not folder.is_dir():
        raise UserError("no-package", f"{folder} is no folder.")
    count = write_index(folder, keys.load_private(key) if key is not None else None)
    typer.echo(f"{folder / INDEX}: {count} package{'' if count == 1 else 's'}")
