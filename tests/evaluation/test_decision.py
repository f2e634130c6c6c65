"""Net benefit against a published table and against counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrdesk.evaluation.decision import net_benefit, net_benefit_of_all

# "Intervention to all patients" of table 4 of PMC6993280, on hepatocellular carcinoma in cirrhosis. Its zero at a
# threshold of 30 % says that 30 % had it.
PUBLISHED = {
    0.03: 0.278, 0.05: 0.263, 0.08: 0.239, 0.10: 0.222, 0.20: 0.125, 0.30: 0.000, 0.40: -0.167, 0.50: -0.400,
    0.60: -0.750, 0.70: -1.333, 0.80: -2.500, 0.90: -6.000,
}  # fmt: skip


def test_acting_on_all_has_the_published_net_benefit():
    found = net_benefit_of_all(0.3, np.array(list(PUBLISHED)))
    assert found == pytest.approx(list(PUBLISHED.values()), abs=6e-4)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_a_score_has_what_counting_gives(seed, n):
    rng = np.random.default_rng(seed)
    labels, probabilities = rng.integers(0, 2, n), rng.integers(0, 11, n) / 10
    thresholds = np.array([0.05, 0.1, 0.3, 0.5, 0.95])
    for t, found in zip(thresholds, net_benefit(labels, probabilities, thresholds), strict=True):
        acted = probabilities >= t
        harm = sum(acted & (labels == 0)) * t / (1 - t)
        assert found == pytest.approx((sum(acted & (labels == 1)) - harm) / n)


def test_a_score_that_is_always_1_acts_on_all():
    labels = np.array([1, 0, 0, 1, 0])
    assert net_benefit(labels, np.ones(5)) == pytest.approx(net_benefit_of_all(0.4))


def test_a_perfect_score_gains_the_prevalence_everywhere():
    labels = np.array([1, 0, 0, 1, 0])
    assert net_benefit(labels, labels.astype(float)) == pytest.approx(np.full(99, 0.4))
