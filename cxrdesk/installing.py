"""What installs plugins on this machine: the store in the user's folder, trusted publishers, how a plugin is run.

Used by the command line and by the window; whoever lists plugins takes the folders of `store().sites()`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from packaging.utils import canonicalize_name

from cxrdesk.api.detector import CancelledError
from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.cards import Row, card_text, evaluation_rows
from cxrdesk.packages.checked import Check, Checked
from cxrdesk.packages.index import Index, available
from cxrdesk.packages.keys import PublicKey, load_public
from cxrdesk.packages.machine import fingerprint
from cxrdesk.packages.manifest import Manifest
from cxrdesk.packages.offers import Offer
from cxrdesk.packages.package import check_fits, read_package
from cxrdesk.packages.publishers import Publishers
from cxrdesk.packages.state import read_state
from cxrdesk.packages.store import Installed, Store, Told
from cxrdesk.sandbox.protections import Protection, protections
from cxrdesk.studies import paths

log = logging.getLogger(__name__)


def store() -> Store:
    """The installed packages of this user."""
    return Store(paths.plugins_dir())


def publishers() -> Publishers:
    """Whom this user trusts; UserError ``bad-publishers``."""
    return Publishers(paths.publishers_file())


def examine(path: Path) -> Offer:
    """Verify a package and weigh it against what is installed; raises UserError with the reason against it."""
    package = read_package(path, publishers())
    check_fits(package)
    offered = store().offer(package)
    _check_ids(package.manifest)
    return offered


def _check_ids(manifest: Manifest) -> None:
    """Two plugins with one id: the second would be listed as a failure."""
    from cxrdesk.discovery.listing import list_plugins

    registry = list_plugins(cache=paths.listing_file(), sites=store().sites())
    for model in manifest.models:
        try:
            plugin = registry.plugin(model.id)
        except KeyError:
            continue
        if canonicalize_name(plugin.distribution) != manifest.name:
            text = f"{manifest.name} brings {model.id!r}, a name that {plugin.distribution} uses already"
            raise UserError("id-taken", f"{text}; remove that plugin first, or ask the publisher for another name.")


def install(
    offer: Offer, *, device: str, told: Told = lambda _: None, cancelled: Callable[[], bool] = lambda: False
) -> Installed:
    """Install what the user agreed to; as `Store.install`."""
    done = store().install(offer.package, check(device, cancelled), fingerprint(device), told)
    log.info("installed %s %s", done.name, done.manifest.version)
    return done


def verify(name: str, *, device: str, cancelled: Callable[[], bool] = lambda: False) -> Installed:
    """Check an installed package's golden vectors; as `Store.verify`."""
    done = store().verify(name, check(device, cancelled), fingerprint(device))
    for failure in done.failures:
        log.warning("%s was disabled: %s", name, failure)
    return done


def check_installed(distribution: str, *, device: str) -> Checked:
    """Check the golden vectors of a plugin that is installed beside the application.

    Its models are checked once more when they are next loaded, so that what was found has its consequence.
    """
    from cxrdesk.inference.proofs import here
    from cxrdesk.inference.site_check import check_site

    checked = check_site(None, distribution, device=device)
    here(paths.proofs_file(), device).forget([model.id for model in checked.models])
    return checked


def verify_due(
    *, device: str, told: Callable[[str], object] = lambda _: None, cancelled: Callable[[], bool] = lambda: False
) -> list[Installed]:
    """Verify what was last verified with another torch, driver, device or Python; returns what is disabled by it.

    Parameters
    ----------
    told : callable
        Told the name of each plugin before it is run.
    """
    folder = store()
    due = folder.due(fingerprint(device)) if read_state(folder.root) else []
    failed = []
    for name in due:
        told(name)
        try:
            done = verify(name, device=device, cancelled=cancelled)
        except UserError as error:
            log.warning("%s could not be verified: %s", name, error.text)
            continue
        failed += [done] if done.failures else []
    return failed


def sites_in_use(
    *,
    device: str,
    told: Callable[[str], object],
    noticed: Callable[[str], object],
    cancelled: Callable[[], bool],
) -> list[Path]:
    """Folders of the packages in use, after those were verified that an update may have changed.

    Parameters
    ----------
    noticed : callable
        Told in a sentence what is not used and why.
    """
    try:
        for plugin in verify_due(device=device, told=told, cancelled=cancelled):
            noticed(f"{plugin.name} was disabled: {plugin.failures[0]}.")
        return store().sites()
    except CancelledError:
        return []
    except UserError as error:
        noticed(error.text)
        return []


def check(device: str, cancelled: Callable[[], bool] = lambda: False) -> Check:
    """Runs a plugin in a child process."""

    def run(site: Path, distribution: str) -> Checked:
        from cxrdesk.inference.site_check import check_site

        return check_site(site, distribution, device=device, cancelled=cancelled)

    return run


class WindowInstaller:
    """What the window asks for, in a thread of its own; see `cxrdesk.ui.plugin_work.Installer`.

    Parameters
    ----------
    device : callable
        The device of the settings, as they are when it is asked for.
    """

    def __init__(self, device: Callable[[], str]) -> None:
        self._device = device

    def examine(self, path: Path) -> Offer:
        """Verify a package."""
        return examine(path)

    def install(self, offer: Offer, told: Told, cancelled: Callable[[], bool]) -> Installed | None:
        """Install it; None if it was cancelled."""
        try:
            return install(offer, device=self._device(), told=told, cancelled=cancelled)
        except CancelledError:
            return None

    def installed(self) -> list[Installed]:
        """What was installed from packages."""
        return store().installed()

    def damaged(self) -> list[str]:
        """One sentence for each that is damaged."""
        return store().damaged()

    def rows(self, plugin: Installed) -> list[Row]:
        """What its publisher measured."""
        return evaluation_rows(plugin.folder)

    def card(self, plugin: Installed) -> str:
        """Its model card."""
        return card_text(plugin.folder)

    def enable(self, name: str, enabled: bool) -> None:
        """Use it, or leave it alone."""
        store().enable(name, enabled)

    def remove(self, name: str) -> None:
        """Delete it."""
        store().remove(name)

    def rollback(self, name: str) -> Installed:
        """Go back to the previous version."""
        return store().rollback(name)

    def verify(self, name: str) -> Installed:
        """Run its golden vectors again."""
        return verify(name, device=self._device())

    def look(self, folder: Path) -> Index:
        """What a folder offers."""
        versions = {item.name: item.manifest.version for item in store().installed()}
        return available(folder, publishers(), versions)

    def publishers(self) -> list[PublicKey]:
        """Whom the user trusts."""
        return [key for _, key in sorted(publishers().keys.items())]

    def read_key(self, path: Path) -> PublicKey:
        """The key in a file."""
        return load_public(path)

    def trust(self, key: PublicKey) -> None:
        """Trust a publisher."""
        publishers().add(key)

    def distrust(self, name: str) -> None:
        """Trust a publisher no more."""
        publishers().remove(name)

    def protections(self) -> list[Protection]:
        """What holds a plugin in on this machine."""
        return protections()
