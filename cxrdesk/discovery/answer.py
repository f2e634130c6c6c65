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

MOST_MODELS = 100
"""Of one plugin: each gets a card on the screen."""
_LONGEST_LINE = 200
_LONGEST_WORDS = 1000
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
    name = _entry(item, entries)
    if len(item["detectors"]) + len(item["segmenters"]) > MOST_MODELS:
        raise ValueError(f"more than {MOST_MODELS} models")
    plugin = Plugin(
        name=name,
        distribution=found.name,
        version=found.version,
        detectors=tuple(ListedDetector(spec=decoded(DetectorSpec, spec)) for spec in item["detectors"]),
        segmenters=tuple(ListedSegmenter(spec=decoded(SegmenterSpec, spec)) for spec in item["segmenters"]),
        site=found.site,
    )
    for model in (*plugin.detectors, *plugin.segmenters):
        _check_words(model.spec)
    return plugin


def _check_words(spec: DetectorSpec | SegmenterSpec) -> None:
    """Words go on a card, which must stay one: laying out ten thousand letters holds up the screen."""
    for key, most in (("id", _LONGEST_LINE), ("version", _LONGEST_LINE), ("name", _LONGEST_LINE)):
        if len(getattr(spec, key)) > most:
            raise ValueError(f"a model's {key} is longer than {most} characters")
    for key in ("looks_for", "trained_on", "licence"):
        if len(getattr(spec, key)) > _LONGEST_WORDS:
            raise ValueError(f"a model's {key} is longer than {_LONGEST_WORDS} characters")
    if any("\n" in getattr(spec, key) for key in ("version", "name", "looks_for")):
        raise ValueError("a model's name, version or sentence has more than one line")


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
