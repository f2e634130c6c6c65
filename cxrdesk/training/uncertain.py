"""What a label that its reader was not sure of counts for in training: policies by name.

Irvin et al. 2019 (CheXpert, arXiv 1901.07031) name the first three; Pham et al. 2021 (arXiv 1911.06475) the last.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from cxrdesk.evaluation.datasets import Row

POLICIES: Mapping[str, float] = {
    "zeros": 0.0,
    "ones": 1.0,
    "ignore": math.nan,
    # The middle of the range 0.55 to 0.85 that the paper draws from.
    "soft-ones": 0.7,
}
"""Name of a policy to what an uncertain label becomes; NaN does not count."""


def training_labels(row: Row, findings: Sequence[str], policy: Mapping[str, str]) -> tuple[float, ...]:
    """A film's labels for training: 0, 1, the policy's value where uncertain, NaN where the film has no label.

    Parameters
    ----------
    policy : mapping
        Finding key to a name of `POLICIES`; a finding without one is ignored where it is uncertain.
    """
    return tuple(
        POLICIES[policy.get(finding, "ignore")]
        if finding in row.uncertain
        else float(row.labels.get(finding, math.nan))
        for finding in findings
    )
