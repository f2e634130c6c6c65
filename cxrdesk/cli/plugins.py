"""``cxrdesk plugins``: what is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxrdesk.cli import (
    plugins_check,
    plugins_install,
    plugins_manage,
    plugins_new,
    plugins_pack,
    plugins_weights,
)
from cxrdesk.cli.exits import Exit

if TYPE_CHECKING:
    from cxrdesk.api import DetectorSpec, SegmenterSpec
    from cxrdesk.discovery.registry import Registry
    from cxrdesk.packages.store import Installed

app = typer.Typer(help="Detectors and segmenters: list, install, publish.", no_args_is_help=True, rich_markup_mode=None)
NONE_INSTALLED = "No plugin is installed, so nothing can be detected; install one, for instance cxrdesk-pneumonia."

app.add_typer(plugins_weights.app, name="weights")
app.command("keygen")(plugins_pack.keygen)
app.command("pack")(plugins_pack.pack)
app.command("sign")(plugins_pack.sign)
app.command("index")(plugins_pack.index)
app.command("verify")(plugins_install.verify)
app.command("install")(plugins_install.install)
app.command("available")(plugins_install.available)
app.command("remove")(plugins_manage.remove)
app.command("rollback")(plugins_manage.rollback)
app.command("enable")(plugins_manage.enable)
app.command("disable")(plugins_manage.disable)
app.command("trust")(plugins_manage.trust)
app.command("card")(plugins_manage.card)


@app.callback()
def _plugins() -> None:
    pass


app.command("new")(plugins_new.new)
app.command("check")(plugins_check.check)


@app.command("list")
def list_plugins(
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, on stdout alone.")] = False,
) -> None:
    """List plugins, what is known about each detector, and plugins that could not be used with the reason."""
    from cxrdesk import installing
    from cxrdesk.cli.console import stdout, warn

    registry = installed()
    packages = installing.store().installed()
    if as_json:
        told = listing(registry) | {"packages": [plugins_manage.entry(item) for item in packages]}
        typer.echo(json.dumps(told, indent=1))
    else:
        for table in [*_tables(registry), *_packages(packages)]:
            stdout().print(table)
    for text in installing.store().damaged():
        warn(text)
    if not registry.plugins:
        warn(NONE_INSTALLED if not registry.failures else NONE_USABLE)
        raise typer.Exit(Exit.NO_PLUGIN)
    if registry.failures:
        raise typer.Exit(Exit.PARTLY)


def installed() -> Registry:
    """What is installed, by what it declares: no plugin's module is imported into this process."""
    from cxrdesk import installing
    from cxrdesk.discovery.listing import list_plugins
    from cxrdesk.studies import paths

    return list_plugins(cache=paths.listing_file(), sites=installing.store().sites())


def imported() -> Registry:
    """What is installed, with its classes; what a plugin prints while it is imported goes to stderr."""
    from cxrdesk import installing
    from cxrdesk.cli.console import stdout_kept_clean
    from cxrdesk.discovery.loader import load_registry

    with stdout_kept_clean():
        return load_registry(sites=installing.store().sites())


def verify_due(device: str) -> None:
    """Verify packages after a change of torch, driver, device or Python; what fails is told and not used."""
    from cxrdesk import installing
    from cxrdesk.cli.console import warn

    told = "{} was last verified on another machine, or before an update; running its golden vectors."
    for failed in installing.verify_due(device=device, told=lambda name: warn(told.format(name))):
        warn(f"{failed.name} was disabled: {failed.failures[0]}.")


NONE_USABLE = "No installed plugin could be used; 'cxrdesk plugins list' gives the reasons."


def failures_of(registry: Registry) -> list[dict[str, str]]:
    """Plugins that could not be listed, as reports hold them."""
    from cxrdesk.reports.json_report import plugin_failure_entry

    return [
        plugin_failure_entry(
            name=failed.name,
            distribution=failed.distribution,
            version=failed.version,
            code=failed.code,
            reason=failed.reason,
        )
        for failed in registry.failures
    ]


def listing(registry: Registry) -> dict[str, Any]:
    """The registry as JSON types."""
    from cxrdesk import DISCLAIMER, __version__
    from cxrdesk.api import API_VERSION

    return {
        "cxrdesk": __version__,
        "disclaimer": DISCLAIMER,
        "api_version": API_VERSION,
        "plugins": [
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "detectors": [_spec(model.spec) for model in plugin.detectors],
                "segmenters": [_spec(model.spec) for model in plugin.segmenters],
            }
            for plugin in registry.plugins
        ],
        "failures": failures_of(registry),
    }


def _spec(spec: DetectorSpec | SegmenterSpec) -> dict[str, Any]:
    from cxrdesk.api import DetectorSpec

    told: dict[str, Any] = {
        "id": spec.id,
        "version": spec.version,
        "name": spec.name,
        "looks_for": spec.looks_for,
        "evidence": {"level": spec.evidence.value, "text": spec.evidence.sentence},
        "views": list(spec.scope.views),
        "age_years": list(spec.scope.age_years) if spec.scope.age_years is not None else None,
        "requires": list(spec.requires),
        "weights_sha256": spec.weights_sha256,
        "trained_on": spec.trained_on,
        "licence": spec.licence,
    }
    if isinstance(spec, DetectorSpec):
        points = sorted({point.name for point in spec.operating_points})
        return told | {"findings": list(spec.findings), "operating_points": points}
    return told | {"structure": spec.structure}


def _tables(registry: Registry) -> list[Any]:
    from cxrdesk.cli.console import table
    from cxrdesk.reports.picture import evidence_words

    models = [
        (
            plugin.name,
            f"{plugin.distribution} {plugin.version}",
            f"{model.spec.id} {model.spec.version}",
            model.spec.looks_for,
            _scope(model.spec),
            evidence_words(model.spec.evidence),
        )
        for plugin in registry.plugins
        for model in (*plugin.segmenters, *plugin.detectors)
    ]
    models += [
        (plugin.name, f"{plugin.distribution} {plugin.version}", "", "nothing until weights are imported", "", "")
        for plugin in registry.plugins
        if not plugin.segmenters and not plugin.detectors
    ]
    tables = []
    if models:
        names = ("Plugin", "Distribution", "Model", "Looks for", "Films", "Evidence")
        tables.append(table(*names, rows=models))
    if registry.failures:
        rows = [(f.name, f"{f.distribution} {f.version}", f.code, f.reason) for f in registry.failures]
        tables.append(table("Plugin", "Distribution", "Code", "Why it cannot be used", rows=rows, title="Not usable"))
    return tables


def _packages(packages: list[Installed]) -> list[Any]:
    from cxrdesk.cli.console import table

    rows = [
        (item.name, item.manifest.version, plugins_manage.state_words(item), item.previous, item.manifest.publisher)
        for item in packages
    ]
    names = ("Package", "Version", "State", "Kept for rollback", "Publisher (as it says)")
    return [table(*names, rows=rows, title="Installed from packages")] if rows else []


def _scope(spec: DetectorSpec | SegmenterSpec) -> str:
    from cxrdesk.imaging.words import age_range_text

    ages = "any age" if spec.scope.age_years is None else age_range_text(spec.scope.age_years)
    return f"{', '.join(spec.scope.views)}; {ages}"
