"""The folder of installed plugins: each version in a folder of its own, and one small file that says which is used.

``<root>/<name>/<version>-<12 digits of the file's SHA-256>/`` holds ``manifest.json`` and ``site/``. An installation
unpacks beside, checks, renames, and last of all replaces ``state.json``; whatever ends it before, the old state holds.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages import files
from cxrdesk.packages.checked import COMPILED, Check, Checked
from cxrdesk.packages.files import locked, writing
from cxrdesk.packages.manifest import Manifest
from cxrdesk.packages.offers import Offer, offer, read_installed
from cxrdesk.packages.package import Package, unpack
from cxrdesk.packages.records import Record, read_records, write_records
from cxrdesk.packages.state import Entry, read_state, write_state

_STAGING = ".staging-"
_SPARE_BYTES = 10_000_000
Machine = Mapping[str, str]
Told = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Installed:
    """One installed plugin.

    Parameters
    ----------
    folder : Path
        Of the version in use.
    previous : str
        The version that a rollback goes back to; empty if there is none.
    record : Record or None
        Its last verification.
    """

    name: str
    folder: Path
    manifest: Manifest
    enabled: bool
    previous: str = ""
    record: Record | None = None

    @property
    def failures(self) -> tuple[str, ...]:
        """What it no longer reproduces here; it is not used where there is any."""
        return self.record.failures if self.record is not None else ()


class Store:
    """Installed plugins.

    Parameters
    ----------
    root : Path
        Made where it is first written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def sites(self) -> list[Path]:
        """Folders to search for the plugins that are used; UserError ``bad-state``."""
        found = [self._site(name, entry) for name, entry in read_state(self.root).items() if entry.enabled]
        return [site for site in found if site.is_dir()]

    def installed(self) -> list[Installed]:
        """All installed plugins by name, apart from damaged ones; UserError ``bad-state``."""
        return [item for item in self._looked_through() if isinstance(item, Installed)]

    def damaged(self) -> list[str]:
        """One sentence for each installed plugin whose manifest is gone or changed; UserError ``bad-state``."""
        return [item.text for item in self._looked_through() if isinstance(item, UserError)]

    def _looked_through(self) -> list[Installed | UserError]:
        entries, records = read_state(self.root), read_records(self.root)
        found: list[Installed | UserError] = []
        for name, entry in entries.items():
            try:
                found.append(self._installed(name, entry, records))
            except UserError as damaged:
                found.append(damaged)  # it costs the others nothing
        return found

    def get(self, name: str) -> Installed:
        """One of them; UserError ``unknown-plugin``."""
        return self._installed(name, self._entry(name), read_records(self.root))

    def offer(self, package: Package) -> Offer:
        """Whether a package may be installed; raises as `cxrdesk.packages.offers.offer`."""
        name = package.manifest.name
        return offer(package, self.root / name, read_state(self.root).get(name))

    def install(self, package: Package, check: Check, machine: Machine, told: Told = lambda _: None) -> Installed:
        """Unpack, check, and switch to a package that was read, and that the user agreed to.

        Parameters
        ----------
        check : callable
            Runs the staged plugin; see `cxrdesk.packages.checked`.
        machine : mapping of str
            See `cxrdesk.packages.machine.fingerprint`.
        told : callable
            Told of each stage: ``"unpacking"``, ``"checking"``, ``"switching"``.

        Raises
        ------
        UserError
            As `offer`; ``busy``, ``disk-full`` or ``not-written``; ``part-changed`` if the file was changed meanwhile;
            ``not-as-promised`` or ``golden-differs``; what `check` raises. Nothing has changed then.
        """
        name = package.manifest.name
        with locked(self.root):
            entries = read_state(self.root)
            self.offer(package)
            self._sweep(entries)
            target = self.root / name / package.folder
            with writing(self.root):
                if shutil.disk_usage(self.root).free < package.manifest.size + _SPARE_BYTES:
                    raise files.disk_full(self.root)
                staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self.root))
            try:
                told("unpacking")
                with writing(self.root):
                    unpack(package, staging)
                told("checking")
                checked = check(staging / "site", name)
                _compare(package.manifest, checked)
                with writing(self.root):
                    _keep_compiled(staging, checked)
                told("switching")
                with writing(self.root):
                    self._switch_to(package, staging, target, _record(checked, machine))
            except BaseException:
                shutil.rmtree(staging, ignore_errors=True)
                if f"{name}/{package.folder}" not in _kept(read_state(self.root)):
                    shutil.rmtree(target, ignore_errors=True)
                raise
            self._sweep(read_state(self.root))
        return self.get(name)

    def _switch_to(self, package: Package, staging: Path, target: Path, record: Record) -> None:
        name = package.manifest.name
        target.parent.mkdir(exist_ok=True)
        files.replace(staging, target)
        files.sync_folder(target.parent)
        self._write_record(name, package.folder, record)
        entries = read_state(self.root)
        before = entries.get(name)
        previous = before.current if before is not None else None
        write_state(self.root, entries | {name: Entry(current=package.folder, previous=previous)})

    def remove(self, name: str) -> None:
        """Forget a plugin and delete its folders; what another process still uses goes at the next change."""
        with locked(self.root):
            self._entry(name)
            entries = read_state(self.root)
            del entries[name]
            with writing(self.root):
                write_state(self.root, entries)
            self._sweep(entries)

    def rollback(self, name: str) -> Installed:
        """Use the previous version again; the newer one is kept as the previous. UserError ``no-previous``."""
        with locked(self.root):
            entry = self._entry(name)
            if entry.previous is None or not (self.root / name / entry.previous).is_dir():
                raise UserError("no-previous", f"No previous version of {name} is kept.")
            read_installed(self.root / name / entry.previous)
            record = read_records(self.root).get(f"{name}/{entry.previous}")
            usable = record is None or not record.failures
            self._write_entry(name, replace(entry, current=entry.previous, previous=entry.current, enabled=usable))
        return self.get(name)

    def enable(self, name: str, enabled: bool) -> None:
        """Use a plugin, or leave it alone; UserError ``golden-differs`` for one that failed its verification."""
        with locked(self.root):
            entry = self._entry(name)
            if enabled and self.get(name).failures:
                text = f"{name} does not reproduce its golden vectors on this machine"
                raise UserError("golden-differs", f"{text}; 'cxrdesk plugins verify {name}' checks them again.")
            self._write_entry(name, replace(entry, enabled=enabled))

    def due(self, machine: Machine) -> list[str]:
        """Plugins in use that were not verified on this machine as it is now."""
        found, records = [], read_records(self.root)
        for name, entry in read_state(self.root).items():
            record = records.get(f"{name}/{entry.current}")
            failed = record is not None and bool(record.failures)
            if (entry.enabled or failed) and (record is None or dict(record.machine) != dict(machine)):
                found.append(name)
        return found

    def verify(self, name: str, check: Check, machine: Machine) -> Installed:
        """Check a plugin's golden vectors again; one that fails is disabled, one that had failed is enabled.

        The failures are in the answer's record. What `check` raises counts as one.
        """
        before = self.get(name)
        checked: Checked | None = None
        try:
            checked = check(before.folder / "site", name)
            record = _record(checked, machine)
        except UserError as error:
            record = Record(machine=dict(machine), when=_now(), failures=(error.text,))
        with locked(self.root):
            entry = self._entry(name)
            if entry.current != before.folder.name:
                raise UserError("busy", f"{name} was changed while it was verified; verify it again.")
            with writing(self.root):
                if checked is not None:
                    _keep_compiled(before.folder, checked)
                self._write_record(name, entry.current, record)
                if record.failures or before.failures:
                    self._write_entry(name, replace(entry, enabled=not record.failures))
        return self.get(name)

    def _entry(self, name: str) -> Entry:
        entry = read_state(self.root).get(name)
        if entry is None:
            text = f"No plugin {name!r} was installed from a package; 'cxrdesk plugins list' shows what is there."
            raise UserError("unknown-plugin", text)
        return entry

    def _site(self, name: str, entry: Entry) -> Path:
        return self.root / name / entry.current / "site"

    def _installed(self, name: str, entry: Entry, records: Mapping[str, Record]) -> Installed:
        folder = self.root / name / entry.current
        return Installed(
            name=name,
            folder=folder,
            manifest=read_installed(folder),
            enabled=entry.enabled,
            previous=entry.previous.rpartition("-")[0] if entry.previous is not None else "",
            record=records.get(f"{name}/{entry.current}"),
        )

    def _write_entry(self, name: str, entry: Entry) -> None:
        with writing(self.root):
            write_state(self.root, read_state(self.root) | {name: entry})

    def _write_record(self, name: str, folder: str, record: Record) -> None:
        known = {key: old for key, old in read_records(self.root).items() if (self.root / key).is_dir()}
        write_records(self.root, known | {f"{name}/{folder}": record})

    def _sweep(self, entries: Mapping[str, Entry]) -> None:
        """Delete what an interrupted installation left, and versions that nobody goes back to."""
        kept = _kept(entries)
        for path in list(self.root.iterdir()):
            if path.name.startswith(_STAGING):
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_dir() and not path.is_symlink():
                for version in list(path.iterdir()):
                    if f"{path.name}/{version.name}" not in kept:
                        shutil.rmtree(version, ignore_errors=True)
                if path.name not in entries:
                    with suppress(OSError):  # something in it is still in use
                        path.rmdir()


def _kept(entries: Mapping[str, Entry]) -> set[str]:
    return {f"{name}/{folder}" for name, entry in entries.items() for folder in entry.folders}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _keep_compiled(folder: Path, checked: Checked) -> None:
    """Networks that were compiled during the check, in place of those that were there."""
    shutil.rmtree(folder / COMPILED, ignore_errors=True)
    for path, content in checked.compiled.items():
        target = folder / COMPILED / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _record(checked: Checked, machine: Machine) -> Record:
    return Record(
        machine=dict(machine),
        when=_now(),
        failures=checked.failures,
        device=checked.device,
        torch=checked.torch,
    )


def _compare(manifest: Manifest, checked: Checked) -> None:
    what = f"{manifest.name} {manifest.version}"
    if sorted(checked.models, key=lambda m: m.id) != sorted(manifest.models, key=lambda m: m.id):
        text = f"The models that {what} lists are not those that its manifest promises"
        raise UserError("not-as-promised", f"{text}; it was not installed. Ask its publisher.")
    if checked.api != manifest.api:
        text = f"{what} was written for another plugin API than its manifest says"
        raise UserError("not-as-promised", f"{text}; it was not installed. Ask its publisher.")
    if checked.failures:
        text = f"{what} does not reproduce its golden vectors on this machine ({checked.failures[0]})"
        raise UserError("golden-differs", f"{text}; it was not installed.")
