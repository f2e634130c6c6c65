"""The version of the plugin contract, apart from the application's."""

from __future__ import annotations

import re

API_VERSION = "1.0"


def refusal(wanted: object) -> str | None:
    """Why a plugin written for version `wanted` cannot be honoured, or None if it can.

    Within a major version the contract only grows, so an older minor is honoured and a newer one is not.
    """
    if not isinstance(wanted, str) or not (match := re.fullmatch(r"(\d+)\.(\d+)", wanted)):
        return f'states no API version: its module must say CXRDESK_API = "{API_VERSION}"'
    major, minor = int(match[1]), int(match[2])
    own_major, own_minor = (int(part) for part in API_VERSION.split("."))
    if major != own_major or minor > own_minor:
        return f"was written for plugin API {wanted}, this cxrdesk offers {API_VERSION}"
    return None
