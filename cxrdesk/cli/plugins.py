"""``cxrdesk plugins``: what is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxrdesk.cli import plugins_check, plugins_new
from cxrdesk.cli.exits import Exit

if TYPE_CHECKING:
    from cxrdesk.api import DetectorSpec, SegmenterSpec
    from cxrdesk.discovery.registry import Registry

app = typer.Typer(help="Detectors and segmenters that are installed.", no_args_is_help=True, rich_markup_mode=None)
NONE_INSTALLED = "No plugin is installed, so nothing can be detected; install one, for instance cxrdesk-pneumonia."


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
    from cxrdesk.cli.console import stdout, warn

    registry = installed()
    if as_json:
        typer.echo(json.dumps(listing(registry), indent=1))
    else:
        for table in _tables(registry):
            stdout().print(table)
    if not registry.plugins:
        warn(NONE_INSTALLED if not registry.failures else NONE_USABLE)
        raise typer.Exit(Exit.NO_PLUGIN)
    if registry.failures:
        raise typer.Exit(Exit.PARTLY)


def installed() -> Registry:
    """What is installed, by what it declares: no plugin's module is imported into this process."""
    from cxrdesk.discovery.listing import list_plugins
    from cxrdesk.studies import paths

    return list_plugins(cache=paths.listing_file())


def imported() -> Registry:
    """What is installed, with its classes; what a plugin prints while it is imported goes to stderr."""
    from cxrdesk.cli.console import stdout_kept_clean
    from cxrdesk.discovery.loader import load_registry

    with stdout_kept_clean():
        return load_registry()


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
    tables = []
    if models:
        names = ("Plugin", "Distribution", "Model", "Looks for", "Films", "Evidence")
        tables.append(table(*names, rows=models))
    if registry.failures:
        rows = [(f.name, f"{f.distribution} {f.version}", f.code, f.reason) for f in registry.failures]
        tables.append(table("Plugin", "Distribution", "Code", "Why it cannot be used", rows=rows, title="Not usable"))
    return tables


def _scope(spec: DetectorSpec | SegmenterSpec) -> str:
    ages = "any age" if spec.scope.age_years is None else "{:g} up to {:g} years".format(*spec.scope.age_years)
    return f"{', '.join(spec.scope.views)}; {ages}"
