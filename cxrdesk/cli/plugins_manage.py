"""``cxrdesk plugins remove, rollback, enable, disable, trust, card``: what is installed from packages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cxrdesk.packages.store import Installed

Name = Annotated[
    str, typer.Argument(help="A plugin that was installed from a package: the package's name, or the plugin's own.")
]


def installed_as(name: str) -> str:
    """The package that a name means: its own, or that of a plugin in it; the name itself where there is none."""
    from importlib.metadata import distributions

    from cxrdesk import installing
    from cxrdesk.discovery.installed import GROUP

    packages = installing.store().installed()
    if any(item.name == name for item in packages):
        return name
    for item in packages:
        entries = [entry for found in distributions(path=[str(item.folder / "site")]) for entry in found.entry_points]
        if any(entry.group == GROUP and entry.name == name for entry in entries):
            return item.name
    return name


def remove(name: Name) -> None:
    """Delete an installed plugin and its previous version."""
    from cxrdesk import installing

    name = installed_as(name)
    installing.store().remove(name)
    typer.echo(f"Removed {name}.")


def rollback(name: Name) -> None:
    """Go back to the previous version, which was kept."""
    from cxrdesk import installing

    name = installed_as(name)
    done = installing.store().rollback(name)
    typer.echo(f"{name} is version {done.manifest.version} again; {done.previous} is kept.")


def enable(name: Name) -> None:
    """Use an installed plugin again."""
    from cxrdesk import installing

    name = installed_as(name)
    installing.store().enable(name, True)
    typer.echo(f"{name} is enabled.")


def disable(name: Name) -> None:
    """Keep an installed plugin, and do not use it."""
    from cxrdesk import installing

    name = installed_as(name)
    installing.store().enable(name, False)
    typer.echo(f"{name} is disabled.")


def trust(
    key: Annotated[Path | None, typer.Argument(help="A publisher's .pub file; none lists whom you trust.")] = None,
    forget: Annotated[
        str | None, typer.Option("--remove", help="Trust this publisher no more.", metavar="NAME")
    ] = None,
) -> None:
    """Trust a publisher's key: compare its fingerprint with the publisher, by telephone for instance."""
    from cxrdesk import installing
    from cxrdesk.packages.keys import load_public

    known = installing.publishers()
    if forget is not None:
        known.remove(forget)
        typer.echo(f"{forget} is trusted no more; what is installed stays.")
    if key is not None:
        added = load_public(key)
        known.add(added)
        typer.echo(f"{added.publisher} is trusted from now on. Fingerprint: {added.fingerprint}")
    if key is None and forget is None:
        for name in sorted(known.keys):
            typer.echo(f"{name}: {known.keys[name].fingerprint}")
        if not known.keys:
            typer.echo("No publisher is trusted yet.")


def card(name: Name) -> None:
    """Print the model card of an installed plugin, and what was measured."""
    from cxrdesk import installing
    from cxrdesk.cli.console import stdout, table
    from cxrdesk.cli.plugins_install import manifest_lines
    from cxrdesk.imaging.words import printable
    from cxrdesk.packages.cards import card_text, evaluation_rows

    plugin = installing.store().get(installed_as(name))
    for line in (*manifest_lines(plugin.manifest), "", printable(card_text(plugin.folder))):
        typer.echo(line)
    rows = evaluation_rows(plugin.folder)
    if rows:
        figures = list(rows[0].figures)
        cells = [(r.model, r.finding, r.point, r.films, *(r.figures.get(f, "") for f in figures)) for r in rows]
        headings = [f.replace("_", " ") for f in figures]
        made = table("Model", "Finding", "Operating point", "Films (with it)", *headings, rows=cells,
                     title="Measured, as the publisher says")  # fmt: skip
        stdout().print(made)


def state_words(plugin: Installed) -> str:
    """Whether a plugin is used, and why not."""
    if plugin.failures:
        return f"disabled: it does not reproduce its golden vectors here ({plugin.failures[0]})"
    return "in use" if plugin.enabled else "disabled"


def entry(plugin: Installed) -> dict[str, Any]:
    """An installed package as JSON types."""
    from cxrdesk.cli.plugins_install import described

    told: dict[str, Any] = {"enabled": plugin.enabled, "previous": plugin.previous or None}
    if plugin.record is not None:
        record = plugin.record
        told["verified"] = {
            "when": record.when,
            "device": record.device,
            "torch": record.torch or None,
            "machine": dict(record.machine),
            "failures": list(record.failures),
        }
    return described(plugin.manifest) | told
