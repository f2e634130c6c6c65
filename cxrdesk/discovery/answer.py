"""What a listing child said of one distribution, as types; whatever is not so is a failure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.discovery.installed import Installed
from cxrdesk.discovery.plain import decoded
from cxrdesk.discovery.registry import ListedDetector, ListedSegmenter, Plugin, PluginFailure
from cxrdesk.imaging.words import shown_text

_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+){0,8}")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Plugins of one distribution, and those of it that failed."""

    plugins: tuple[Plugin, ...] = ()
    failures: tuple[PluginFailure, ...] = ()


def read_answer(found: Installed, said: Any) -> Answer:
    """The answer in JSON types; names and versions are those of the metadata, whatever the child says.

    An answer that is none is a failure of code ``"bad-listing"``.
    """
    try:
        entries = [entry.name for entry in found.entries]
        plugins = tuple(_plugin(found, item, entries) for item in said["plugins"])
        failures = tuple(_failure(found, item, entries) for item in said["failures"])
        names = [plugin.name for plugin in plugins] + [failure.name for failure in failures]
        if len(set(names)) < len(names):
            raise ValueError("a plugin is named twice")
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        reason = f"what it declares is not understood: {shown_text(str(error))}"
        return Answer(failures=(found.failure("bad-listing", reason),))
    return Answer(plugins=plugins, failures=failures)


def _plugin(found: Installed, item: dict[str, Any], entries: list[str]) -> Plugin:
    return Plugin(
        name=_entry(item, entries),
        distribution=found.name,
        version=found.version,
        detectors=tuple(ListedDetector(spec=decoded(DetectorSpec, spec)) for spec in item["detectors"]),
        segmenters=tuple(ListedSegmenter(spec=decoded(SegmenterSpec, spec)) for spec in item["segmenters"]),
        site=found.site,
    )


def _failure(found: Installed, item: dict[str, Any], entries: list[str]) -> PluginFailure:
    code, reason = str(item["code"]), shown_text(str(item["reason"]))
    if len(code) > 64 or not _CODE.fullmatch(code):
        raise ValueError("a failure has no code")
    return found.failure(code, reason, entry=_entry(item, entries))


def _entry(item: dict[str, Any], entries: list[str]) -> str:
    name = item["name"]
    if name not in entries:
        raise ValueError("it names a plugin that its metadata does not")
    return str(name)
