"""``cxrdesk plugins check``: the conformance kit."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxrdesk.cli.exits import Exit

if TYPE_CHECKING:
    from cxrdesk.api.testing import Outcome, Target


def check(
    named: Annotated[
        str,
        typer.Argument(help="A plugin's folder or .cxrplugin file, or the name of one installed.", metavar="PATH|NAME"),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, on stdout alone.")] = False,
) -> None:
    """Check a plugin as the host will use it; each failure says what, where, and how to mend it."""
    from cxrdesk.api.testing import State, check_plugin
    from cxrdesk.cli.console import stderr

    outcomes: list[Outcome] = []
    console = stderr()
    with _found(named) as target, console.status("checking") as shown:

        def begun(model: str, key: str) -> None:
            shown.update(f"{model}: {key}")
            if not console.is_terminal:
                console.print(f"{model}: {key}")

        outcomes += check_plugin(target, begun)
    failed = [made for made in outcomes if made.state is State.FAILED]
    if as_json:
        typer.echo(json.dumps({"plugin": target.module, "checks": [asdict(made) for made in outcomes]}, indent=1))
    else:
        _tell(outcomes)
    if failed:
        raise typer.Exit(Exit.PARTLY)


@contextmanager
def _found(named: str) -> Iterator[Target]:
    """The plugin in a folder or package, or of a name; a package is unpacked for as long as it is looked at."""
    from cxrdesk import installing
    from cxrdesk.api.testing import find_target, in_site
    from cxrdesk.cli.plugins_manage import installed_as
    from cxrdesk.packages.package import SUFFIX, read_package, unpack

    if named.endswith(SUFFIX):
        with tempfile.TemporaryDirectory(prefix="cxrdesk-check-") as folder:
            unpack(read_package(Path(named), installing.publishers()), Path(folder))
            yield in_site(Path(folder) / "site", named)
        return
    own = [item for item in installing.store().installed() if item.name == installed_as(named)]
    yield in_site(own[0].folder / "site", named) if own and not Path(named).is_dir() else find_target(named)


def _common(places: list[str]) -> str:
    """The place of several outcomes: without file and line where they differ."""
    if len(set(places)) == 1:
        return places[0]
    return ", ".join(dict.fromkeys(place.partition(" (")[0] for place in places))


def _tell(outcomes: list[Outcome]) -> None:
    from cxrdesk.api.testing import State
    from cxrdesk.cli.console import stdout, table

    told = [made for made in outcomes if made.state is not State.PASSED]
    console = stdout()
    if told:
        # Skipped for one reason is told once.
        reasons: dict[tuple[State, str, str], list[Outcome]] = {}
        for made in told:
            reasons.setdefault((made.state, made.what, made.mend), []).append(made)
        rows = [
            (", ".join(made.check for made in same), state.value, _common([made.where for made in same]), what, mend)
            for (state, what, mend), same in reasons.items()
        ]
        console.print(table("Check", "Ended", "Where", "What", "How to mend it", rows=rows))
    counts = {state: sum(made.state is state for made in outcomes) for state in State}
    console.print(", ".join(f"{count} {state.value}" for state, count in counts.items()) + ".")
