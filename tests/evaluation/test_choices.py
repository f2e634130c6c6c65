"""Calibration against scikit-learn's; thresholds hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn")
scipy_stats = pytest.importorskip("scipy.stats")

from cxrdesk.evaluation.calibration import logit, overlap, platt, temperature  # noqa: E402
from cxrdesk.evaluation.choices import thresholds  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402


def sample(slope, offset, n=4000, seed=0):
    """Probabilities whose true calibration is ``sigmoid(slope * logit + offset)``."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, n)
    labels = (rng.uniform(0, 1, n) < 1 / (1 + np.exp(-(slope * scores + offset)))).astype(np.int64)
    return labels, 1 / (1 + np.exp(-scores))


def loss(labels, raw, calibration):
    p = np.array([calibration.apply(value) for value in raw])
    return -np.mean(labels * np.log(p) + (1 - labels) * np.log1p(-p))


@pytest.mark.parametrize(("slope", "offset"), [(0.5, 0.0), (1.0, -1.0), (2.0, 0.7)])
def test_platt_finds_the_true_curve(slope, offset):
    labels, raw = sample(slope, offset, n=20_000)
    found = platt(labels, raw, "test")
    assert found.method == "platt"
    assert found.fitted_on == "test"
    assert found.slope == pytest.approx(slope, rel=0.06)
    assert found.offset == pytest.approx(offset, abs=0.08)


def test_platt_is_scikit_learns_sigmoid():
    """scikit-learn's own Platt scaling, which smooths its targets, differs by little over many films."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression

    labels, raw = sample(0.6, 0.4)
    found = platt(labels, raw, "test")
    # A classifier whose decision function is the log odds themselves.
    identity = LogisticRegression().fit(np.array([[-1.0], [1.0]]), [0, 1])
    identity.coef_, identity.intercept_ = np.array([[1.0]]), np.array([0.0])
    reference = CalibratedClassifierCV(FrozenEstimator(identity), method="sigmoid").fit(logit(raw)[:, None], labels)
    expected = reference.predict_proba(logit(raw)[:, None])[:, 1]
    np.testing.assert_allclose([found.apply(value) for value in raw], expected, atol=2e-3)


def test_platt_is_the_optimum():
    from scipy.optimize import minimize

    labels, raw = sample(0.6, 0.4, n=300)
    scores, signs = logit(raw), 2 * labels - 1
    best = minimize(lambda c: np.logaddexp(0, -signs * (c[0] * scores + c[1])).mean(), [1.0, 0.0], tol=1e-12)
    found = platt(labels, raw, "test")
    assert (found.slope, found.offset) == pytest.approx(tuple(best.x), abs=2e-3)


@pytest.mark.parametrize("slope", [0.2, 1.0, 3.0])
def test_temperature_finds_the_true_slope(slope):
    found = temperature(*sample(slope, 0.0, n=20_000), "test")
    assert found.method == "temperature"
    assert found.offset == 0
    assert found.slope == pytest.approx(slope, rel=0.06)


def test_calibration_lowers_the_loss_and_keeps_the_order():
    from cxrdesk.api.evidence import Calibration

    labels, raw = sample(0.4, -0.5)
    for fit in (temperature, platt):
        found = fit(labels, raw, "")
        assert loss(labels, raw, found) < loss(labels, raw, Calibration())
        applied = np.array([found.apply(value) for value in np.sort(raw)])
        assert (np.diff(applied) >= 0).all()


@pytest.mark.parametrize("fit", [temperature, platt, lambda *a: thresholds(*a[:2])])
@pytest.mark.parametrize("labels", [[0] * 5, [1] * 5])
def test_one_class_is_told(fit, labels):
    with pytest.raises(UserError) as caught:
        fit(np.array(labels), np.linspace(0.1, 0.9, 5), "")
    assert caught.value.code == "one-class"


def test_classes_that_do_not_overlap_are_told():
    """The likelihood has no maximum there: any slope is beaten by a steeper one."""
    labels = np.array([0] * 20 + [1] * 20)
    raw = np.linspace(0.1, 0.9, 40)
    assert not overlap(labels, raw)
    with pytest.raises(UserError) as caught:
        platt(labels, raw, "")
    assert caught.value.code == "separated"
    assert 0 < temperature(labels, raw, "").slope <= np.exp(4)


def test_scores_that_fall_with_the_finding_are_told():
    labels, raw = sample(1.0, 0.0)
    with pytest.raises(UserError) as caught:
        platt(1 - labels, raw, "")
    assert caught.value.code == "no-rise"


@pytest.mark.parametrize("raw", [[0.0, 1.0, 0.0, 1.0], [0.5, 0.5, 0.5, 0.5]])
def test_ends_and_ties_are_survived(raw):
    labels = np.array([0, 1, 1, 0])
    found = temperature(labels, np.array(raw), "")
    assert np.isfinite(found.slope)
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(80, 300), st.floats(0, 4), st.sampled_from([0.5, 0.8, 0.9]))
def test_thresholds_hold_what_they_promise(seed, n, gap, share):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    probabilities = 1 / (1 + np.exp(-(rng.normal(0, 1, n) + gap * (labels - 0.5))))
    found = thresholds(labels, probabilities, share=share)
    assert 0 < found["sensitive"] <= found["balanced"] <= found["specific"] < 1
    # A threshold is no film's own score, so that the last bits of an answer cannot turn a call.
    assert not np.isin(list(found.values()), probabilities).any()
    positives, negatives = probabilities[labels == 1], probabilities[labels == 0]
    for name, hits in (
        ("sensitive", (positives >= found["sensitive"]).sum()),
        ("specific", (negatives < found["specific"]).sum()),
    ):
        of = len(positives) if name == "sensitive" else len(negatives)
        low = scipy_stats.binomtest(int(hits), of).proportion_ci(0.95, method="exact").low
        assert low >= share - 1e-9


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_balanced_is_near_the_best_and_hangs_on_no_film(seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(400) % 2
    probabilities = 1 / (1 + np.exp(-(rng.normal(0, 1, 400) + 3 * (labels - 0.5))))

    def gain(threshold):
        return ((probabilities[labels == 1] >= threshold).mean() + (probabilities[labels == 0] < threshold).mean()) / 2

    found = thresholds(labels, probabilities, share=0.5)["balanced"]
    best = max(gain(value) for value in probabilities)
    assert gain(found) >= best - 0.03
    kept = rng.random(400) < 0.98
    again = thresholds(labels[kept], probabilities[kept], share=0.5)["balanced"]
    assert abs(found - again) < 0.2


def test_thresholds_do_not_depend_on_the_order_of_films():
    labels, raw = sample(2.0, 0.0, n=400)
    turned = np.random.default_rng(0).permutation(400)
    one, other = thresholds(labels, raw, share=0.8), thresholds(labels[turned], raw[turned], share=0.8)
    assert (one["sensitive"], one["specific"]) == pytest.approx((other["sensitive"], other["specific"]), abs=0.1)


def test_too_few_films_for_the_promise_are_told():
    """No miss in 71 films leaves 0.025 ** (1 / 71) < 0.95; in 72 it is enough."""
    assert 0.025 ** (1 / 71) < 0.95 < 0.025 ** (1 / 72)
    for n, enough in ((71, False), (72, True)):
        labels = np.array([0] * n + [1] * n)
        probabilities = np.linspace(0.01, 0.99, 2 * n)
        if enough:
            assert set(thresholds(labels, probabilities)) == {"balanced", "sensitive", "specific"}
        else:
            with pytest.raises(UserError, match="too few") as caught:
                thresholds(labels, probabilities)
            assert caught.value.code == "too-few-films"


def test_ties_are_parted_only_between_scores():
    labels = np.array([0] * 100 + [1] * 100)
    probabilities = np.array([0.2] * 99 + [0.8] + [0.2] + [0.8] * 99)
    found = thresholds(labels, probabilities, share=0.9)
    assert found["balanced"] == pytest.approx(0.5)
