"""The conformance kit: what must hold for every plugin, as ``cxrdesk plugins check`` runs it and as tests.

In a plugin's own tests::

    from cxrdesk.api.testing import conformance
    from cxrdesk_mine import plugin

    test_conforms = conformance(plugin)

Importing this module imports neither torch nor Qt nor pytest.
"""

from cxrdesk.api.testing.checks import CHECKS, Check, Outcome, Skipped, State
from cxrdesk.api.testing.pytest_helpers import conformance
from cxrdesk.api.testing.running import check_model, check_plugin
from cxrdesk.api.testing.subject import Subject
from cxrdesk.api.testing.target import Target, find_target, in_site

__all__ = [
    "CHECKS",
    "Check",
    "Outcome",
    "Skipped",
    "State",
    "Subject",
    "Target",
    "check_model",
    "check_plugin",
    "conformance",
    "find_target",
    "in_site",
]
