"""``cxrdesk plugins install, verify, available``: packages from a file or stick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxrdesk.cli.exits import Exit

if TYPE_CHECKING:
    from cxrdesk.packages.manifest import Manifest
    from cxrdesk.packages.package import Package

Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda, mps or xpu; else as in the settings.")]
_STAGES = {"unpacking": "Unpacking.", "checking": "Running its golden vectors.", "switching": "Switching to it."}


def install(
    file: Annotated[Path, typer.Argument(help="A .cxrplugin file.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    device: Device = None,
) -> None:
    """Verify a package, show what it is, ask, run its golden vectors, and install it. Needs neither pip nor network."""
    from cxrdesk import installing
    from cxrdesk.cli.console import stderr, warn

    offer = installing.examine(file)
    for line in package_lines(offer.package):
        typer.echo(line)
    question = f"Replace version {offer.replaces}?" if offer.replaces else "Install it?"
    if not yes and not typer.confirm(question, err=True):
        warn("Nothing was installed.")
        raise typer.Exit(Exit.CANCELLED)
    done = installing.install(offer, device=chosen_device(device), told=lambda stage: stderr().print(_STAGES[stage]))
    typer.echo(f"Installed {done.name} {done.manifest.version}.")


def verify(
    what: Annotated[str, typer.Argument(help="A .cxrplugin file, or the name of an installed plugin.")],
    device: Device = None,
) -> None:
    """Check a file's hashes and signature, or run an installed plugin's golden vectors again."""
    from cxrdesk import installing
    from cxrdesk.packages.package import SUFFIX, check_fits, read_package

    if what.endswith(SUFFIX) or Path(what).is_file():
        package = read_package(Path(what), installing.publishers())
        for line in package_lines(package):
            typer.echo(line)
        check_fits(package)
        typer.echo("Every part is as the manifest says.")
        return
    failures = _verify_installed(what, chosen_device(device))
    for failure in failures:
        typer.echo(failure)
    if failures:
        raise typer.Exit(Exit.PARTLY)
    typer.echo(f"{what} reproduces its golden vectors.")


def _verify_installed(name: str, device: str) -> tuple[str, ...]:
    from cxrdesk import installing
    from cxrdesk.cli.console import stdout_kept_clean, warn
    from cxrdesk.cli.plugins import installed
    from cxrdesk.cli.plugins_manage import installed_as

    name = installed_as(name)
    with stdout_kept_clean():
        if any(item.name == name for item in installing.store().installed()):
            failures = installing.verify(name, device=device).failures
            if failures:
                warn(f"{name} is disabled until it reproduces its golden vectors again.")
            return failures
        if not any(name in (plugin.distribution, plugin.name) for plugin in installed().plugins):
            installing.store().get(name)  # says that it is unknown
        by_name = {plugin.name: plugin.distribution for plugin in installed().plugins}
        return installing.check_installed(by_name.get(name, name), device=device).failures


def available(
    place: Annotated[Path, typer.Option("--from", help="Folder or stick with packages.", metavar="PATH")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, on stdout alone.")] = False,
) -> None:
    """List the packages of a folder or stick, and which of them are new."""
    import json
    from dataclasses import asdict

    from cxrdesk import installing
    from cxrdesk.cli.console import stdout, table, warn
    from cxrdesk.packages.index import available as look

    versions = {item.name: item.manifest.version for item in installing.store().installed()}
    found = look(place, installing.publishers(), versions)
    signed = found.signer.sentence if found.signer is not None else "The folder has no index.json; its files were read."
    if as_json:
        entries = [asdict(a.listed) | {"news": a.news.value, "fault": a.fault or None} for a in found.packages]
        typer.echo(json.dumps({"from": str(place), "index": signed, "packages": entries}, indent=1))
    else:
        rows = [
            (a.listed.name, a.listed.version, a.fault or a.news.value, a.listed.publisher, a.path.name)
            for a in found.packages
        ]
        stdout().print(table("Plugin", "Version", "State", "Publisher (as it says)", "File", rows=rows))
        warn(signed)
    if any(a.fault for a in found.packages):
        raise typer.Exit(Exit.PARTLY)


def package_lines(package: Package) -> list[str]:
    """What a package is, for whoever has to decide."""
    return [*manifest_lines(package.manifest), f"Signature: {package.signer.sentence}"]


def manifest_lines(manifest: Manifest) -> list[str]:
    """What a manifest says, one line each."""
    from cxrdesk import DISCLAIMER
    from cxrdesk.api.evidence import Evidence
    from cxrdesk.packages.cards import size_words

    lines = [
        f"{manifest.name} {manifest.version}, {size_words(manifest.size)}",
        f"Publisher (as it says): {manifest.publisher}",
        f"Intended use: {manifest.intended_use}",
        f"Licence: {manifest.licence}",
    ]
    for model in manifest.models:
        level = Evidence(model.evidence)
        lines += [
            f"{model.kind.capitalize()} {model.id} {model.version}: {model.looks_for}",
            f"  Evidence: {level.value}, claimed by the publisher. {level.sentence}",
        ]
    return [*lines, f"{DISCLAIMER}."]


def chosen_device(asked: str | None) -> str:
    """The device of the command or of the settings."""
    from cxrdesk.cli import choices
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.inference.devices import CHOICES

    if asked is not None and asked not in CHOICES:
        raise UserError("usage", f"--device is one of {', '.join(CHOICES)}.")
    return asked if asked is not None else choices.read_settings().device


def described(manifest: Manifest) -> dict[str, Any]:
    """A manifest as JSON types, without its parts."""
    from dataclasses import asdict

    told = asdict(manifest)
    del told["parts"]
    return told | {"size_mb": round(manifest.size / 1e6, 3)}
