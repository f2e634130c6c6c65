"""What the distributions in a package need, against what the application ships and what comes with them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name

from cxrdesk.packages.shipped import Distribution, Shipped, environment

_ENTRY_POINTS = "cxrdesk.plugins"
"""Wherever it stands: importlib reads headings such as ``[]cxrdesk.plugins]`` as ours too."""
_MOST_TAGS = 1000
_STARTUP = frozenset({"sitecustomize", "usercustomize"})
_OWN = "cxrdesk"
INFO = ".dist-info"


class MetadataError(ValueError):
    """Wheels that are not sound, or not fit for a package; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """The distributions of a folder that will be searched for modules."""

    distributions: Mapping[str, Distribution]
    plugins: frozenset[str]
    """Names of those with an entry point for us."""

    @classmethod
    def read(cls, names: Sequence[str], texts: Mapping[str, str]) -> Site:
        """From the names of all files and the texts of the ``.dist-info`` folders.

        Raises
        ------
        MetadataError
            If a distribution is not as a wheel leaves it, does not fit this machine, or a file would be executed
            when Python starts or stand in the way of Python's own or cxrdesk's modules.
        """
        for name in names:
            _check_module(name)
        found: dict[str, Distribution] = {}
        plugins = set()
        for info in sorted({name.split("/")[0] for name in names if name.split("/")[0].endswith(INFO)}):
            made = _distribution(info, texts)
            if made.name in found:
                raise MetadataError(f"{made.name} is in it twice")
            found[made.name] = made
            if _ENTRY_POINTS in texts.get(f"{info}/entry_points.txt", ""):
                plugins.add(made.name)
        return cls(distributions=found, plugins=frozenset(plugins))


def _check_module(name: str) -> None:
    first = name.split("/")[0]
    module = first.partition(".")[0]
    if first.lower().endswith(".pth") or module.lower() in _STARTUP:
        raise MetadataError(f"{first} would be executed whenever Python starts")
    if module == _OWN or (module in sys.stdlib_module_names and not first.endswith(INFO)):
        raise MetadataError(f"{first} would stand in the way of a module of Python or cxrdesk")
    if first.lower().endswith((INFO, ".egg-info", ".egg", ".egg-link", ".data")) and not first.endswith(INFO):
        raise MetadataError(f"{first} is not what an unpacked wheel leaves")


def _distribution(info: str, texts: Mapping[str, str]) -> Distribution:
    if f"{info}/METADATA" not in texts or f"{info}/WHEEL" not in texts:
        raise MetadataError(f"{info} is not what a wheel leaves")
    told = HeaderParser().parsestr(texts[f"{info}/METADATA"])
    wheel = HeaderParser().parsestr(texts[f"{info}/WHEEL"])
    if not _fits(info, wheel.get_all("Tag", [])):
        raise MetadataError(f"{info} was built for another system or Python")
    name, version = told.get("Name", ""), told.get("Version", "")
    if not name or not version:
        raise MetadataError(f"{info} has no name or no version")
    return Distribution(
        name=canonicalize_name(name),
        version=version,
        requires=tuple(told.get_all("Requires-Dist", [])),
        pure=wheel.get("Root-Is-Purelib", "").strip().lower() == "true",
    )


def _fits(info: str, texts: Sequence[str]) -> bool:
    """Whether one of the tags is this Python's; none is spelt out, for one line can stand for billions."""
    if len(texts) > _MOST_TAGS:
        raise MetadataError(f"{info} names too many tags")
    ours = [(tag.interpreter, tag.abi, tag.platform) for tag in sys_tags()]
    for text in texts:
        parts = [frozenset(part.split(".")) for part in text.strip().lower().split("-")]
        if len(parts) != 3:
            raise MetadataError(f"{info} names a tag that is none")
        if any(all(one in part for one, part in zip(tag, parts, strict=True)) for tag in ours):
            return True
    return False


def refused(
    site: Site, name: str, version: str, shipped: Shipped = environment, *, own_may_be_here: bool = False
) -> str | None:
    """Why a plugin's distributions cannot be used here, or None if they can.

    Parameters
    ----------
    name, version : str
        The plugin's own, as the manifest says them.
    own_may_be_here : bool
        Whether the plugin itself may be installed already, as an author has it.

    Raises
    ------
    MetadataError
        If the distributions are not that plugin and what it needs.
    """
    own = site.distributions.get(name)
    if own is None or own.version != version or site.plugins != {name}:
        raise MetadataError(f"its distributions are not {name} {version} alone as a plugin")
    if not own_may_be_here and (there := shipped(name)) is not None:
        return f"{name} {there.version} is part of this installation already, and a package cannot replace it"
    for other in site.distributions.values():
        if other.name == name:
            continue
        if (there := shipped(other.name)) is not None:
            return f"it brings {other.name} {other.version}, but cxrdesk runs with {other.name} {there.version}"
        if not other.pure:
            return f"it brings {other.name} {other.version}, which is not Python alone"
    return _unmet(site, own, shipped)


def _unmet(site: Site, own: Distribution, shipped: Shipped) -> str | None:
    """The first requirement that nothing here meets, in words."""
    waiting: list[tuple[Distribution, str]] = [(own, "")]
    seen = {(own.name, "")}
    while waiting:
        asking, extra = waiting.pop(0)
        for text in asking.requires:
            wanted = _requirement(text, asking)
            if not _applies(wanted, extra, asking):
                continue
            if wanted.url is not None:
                return f"{asking.name} wants {wanted.name} from an address, and nothing is downloaded"
            key = canonicalize_name(wanted.name)
            vendored = site.distributions.get(key)
            found = vendored or shipped(key)
            if found is None:
                return f"{asking.name} needs {wanted.name}{wanted.specifier}, which neither cxrdesk nor the file brings"
            if not wanted.specifier.contains(found.version, prereleases=True):
                whose = "the file brings" if vendored is not None else "cxrdesk runs with"
                return f"{asking.name} needs {wanted.name}{wanted.specifier}, but {whose} {found.name} {found.version}"
            # What the application ships was resolved when it was built, apart from extras.
            for asked in (*(() if vendored is None else ("",)), *sorted(wanted.extras)):
                if (key, asked) not in seen:
                    seen.add((key, asked))
                    waiting.append((found, asked))
    return None


def _requirement(text: str, asking: Distribution) -> Requirement:
    try:
        return Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        raise MetadataError(f"{asking.name} names a requirement that is none") from error


def _applies(wanted: Requirement, extra: str, asking: Distribution) -> bool:
    try:
        return wanted.marker is None or wanted.marker.evaluate({"extra": extra})
    except (ValueError, RecursionError) as error:  # it compares what has no order, or a version that is none
        raise MetadataError(f"{asking.name} names a requirement whose condition cannot be told") from error
