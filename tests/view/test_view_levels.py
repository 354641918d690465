"""Levels, ticks and prefixes against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fieldsim.errors import InvalidInput
from fieldsim.view.levels import (
    check_levels,
    clock,
    engineering,
    fixed_limits,
    geometric_levels,
    linear_levels,
    log_levels,
    nice_ticks,
    number_text,
)
from fieldsim.view.scene import ColourScale

magnitudes = st.floats(1e-12, 1e12)


@given(magnitudes, st.floats(1.2, 1e6), st.integers(2, 12))
def test_geometric_levels_have_one_ratio_and_lie_inside(low: float, factor: float, count: int) -> None:
    levels = geometric_levels(low, low * factor, count)
    ratios = np.divide(levels[1:], levels[:-1])
    assert np.ptp(ratios) < 1e-6 if len(ratios) else True
    assert low * (1 - 1e-9) <= levels[0]
    assert levels[-1] <= low * factor * (1 + 1e-9)


def test_geometric_levels_of_a_point_charge_halve_the_radius() -> None:
    # V = k q / r of 1 nC between 0.98 m and 0.1 m: round levels whose spheres shrink by a half
    levels = geometric_levels(8.98755 / 0.98, 8.98755 / 0.1, 4)
    assert levels == (10.0, 20.0, 40.0, 80.0)
    radii = 8.98755 / np.array(levels)
    assert np.allclose(radii[1:] / radii[:-1], 0.5)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 15))
def test_linear_levels_are_equally_spaced_and_inside(low: float, span: float, count: int) -> None:
    assume(span > 1e-6 * abs(low))
    levels = linear_levels(low, low + span, count)
    assert all(low < v < low + span for v in levels)
    assert 0.4 * count - 1 <= len(levels) <= 2.2 * count + 2
    if len(levels) > 2:
        steps = np.diff(levels)
        assert np.ptp(steps) <= 1e-6 * steps.mean()


def test_linear_levels_are_round() -> None:
    assert linear_levels(0.0, 100.0, 9) == (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)


def test_log_levels_are_one_two_five() -> None:
    assert log_levels(0.9, 120.0) == (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
    assert log_levels(1e-8, 1e8, 4)[0] == pytest.approx(1e-7)


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
def test_ticks_lie_within_their_axis_and_read_back(low: float, span: float) -> None:
    assume(span > 1e-4 * abs(low))
    numbers, texts = nice_ticks(low, low + span)
    assert len(numbers) >= 2
    assert low - 1e-5 * span <= numbers[0]
    assert numbers[-1] <= low + span * (1 + 1e-5)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-2.5, "−2.5"), (40.0, "40"), (1.5e6, "1.5×10⁶"), (1e-7, "10⁻⁷"), (99999.0, "99999")],
)
def test_numbers_are_written_as_in_print(value: float, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("largest", "unit", "shown"),
    [(6.4e6, "m", "km"), (1e-4, "m", "µm"), (0.1, "m", "cm"), (1.0, "m", "m"), (2e4, "V", "kV"), (5.0, "V/m", "V/m")],
)
def test_prefixes(largest: float, unit: str, shown: str) -> None:
    factor, name = engineering(largest, unit)
    assert name == shown
    assert 1.0 <= largest * factor < 1e5


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30), st.booleans())
def test_fixed_limits_hold_every_value(values: list[float], symmetric: bool) -> None:
    low, high = fixed_limits([np.array(values), np.array([np.nan])], symmetric=symmetric)
    assert low < high
    assert low <= min(values)
    assert max(values) <= high
    if symmetric:
        assert low == -high


def test_limits_of_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="finite somewhere"):
        fixed_limits([np.full(3, np.nan)])


@pytest.mark.parametrize("levels", [[], [1.0, 1.0], [math.nan]])
def test_bad_levels_are_refused(levels: list[float]) -> None:
    with pytest.raises(InvalidInput, match="levels"):
        check_levels(levels)


@pytest.mark.parametrize("low", [-1.0, 0.0])
def test_log_scale_needs_positive_numbers(low: float) -> None:
    with pytest.raises(InvalidInput, match="positive"):
        log_levels(low, 10.0)
    with pytest.raises(InvalidInput, match="positive"):
        ColourScale(low, 10.0, "log")


@given(st.floats(-99, 99), st.floats(-99, 99), st.sampled_from(["linear", "symlog"]))
def test_scales_keep_order_and_fill_the_bar(a: float, b: float, kind: str) -> None:
    scale = ColourScale(-100.0, 100.0, kind, threshold=1.0)  # type: ignore[arg-type]
    one, two = scale.fraction(np.array([min(a, b), max(a, b)]))
    assert 0.0 <= one <= two <= 1.0
    assert scale.fraction(-100.0) == 0.0
    assert scale.fraction(100.0) == 1.0
    assert scale.fraction(0.0) == pytest.approx(0.5)


def test_log_scale_puts_a_decade_where_it_belongs() -> None:
    assert ColourScale(1.0, 1000.0, "log").fraction(10.0) == pytest.approx(1.0 / 3.0)


@pytest.mark.parametrize(
    ("seconds", "shown", "unit"),
    [(4000.0, 4000.0, "s"), (36000.0, 10.0, "h"), (365 * 86400.0, 365.0, "d")],
    ids=["an hour", "ten hours", "a year"],
)
def test_long_times_are_told_in_hours_and_days(seconds: float, shown: float, unit: str) -> None:
    factor, found = clock(seconds)
    assert (found, factor * seconds) == (unit, pytest.approx(shown))
