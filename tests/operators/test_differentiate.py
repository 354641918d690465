"""fs.differentiate on plain arrays, against formulas, polynomials and a plain loop over Fornberg's weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldsim.errors import InvalidInput, RankError
from fieldsim.operators.arrays import differentiate
from fieldsim.stencils import fornberg_weights


def stretched(count: int) -> np.ndarray:
    s = np.linspace(0.0, 1.0, count)
    return s + 0.08 * np.sin(2.5 * s)


def plain_loop(values: np.ndarray, positions: np.ndarray, m: int, p: int) -> np.ndarray:
    """Every row from the p + m + 1 nearest points, one at a time: slow and obvious."""
    result = np.empty_like(values)
    width = min(p + m + 1, values.size)
    for i in range(values.size):
        start = min(max(i - width // 2, 0), values.size - width)
        nodes = positions[start : start + width]
        weights = fornberg_weights(positions[i : i + 1], nodes[None, :], m)[m, 0]
        result[i] = weights @ values[start : start + width]
    return result


@pytest.mark.parametrize("kind", ["even", "stretched", "falling"])
@pytest.mark.parametrize("order", [2, 4, 6, 8])
@pytest.mark.parametrize("derivative", [1, 2, 3, 4])
def test_order_holds_in_every_row(kind: str, order: int, derivative: int) -> None:
    """A power beyond those a row is exact for; the largest error over all rows, the first and last included."""
    errors, counts = [], (32, 64)
    power = order + derivative + 1
    for count in counts:
        x = {"even": np.linspace(0, 1, count), "stretched": stretched(count), "falling": -stretched(count)}[kind]
        exact = np.prod(np.arange(power - derivative + 1, power + 1)) * x ** (power - derivative)
        errors.append(np.abs(differentiate(x**power, x, derivative=derivative, order=order) - exact).max())
    ratio = (counts[1] - 1) / (counts[0] - 1)
    observed = np.log(errors[0] / errors[1]) / np.log(ratio)
    assert observed > order - 0.4


@pytest.mark.parametrize("order", [2, 4, 6, 8])
@pytest.mark.parametrize("derivative", [1, 2, 3])
@pytest.mark.parametrize("uneven", [False, True])
def test_order_holds_across_a_periodic_seam(order: int, derivative: int, uneven: bool) -> None:
    errors = []
    for count in (24, 48):
        s = np.arange(count) / count * 2 * np.pi
        x = s + 0.1 * np.sin(s) if uneven else s
        exact = 3.0**derivative * np.sin(3 * x + derivative * np.pi / 2)
        got = differentiate(np.sin(3 * x), x, derivative=derivative, order=order, periodic=2 * np.pi)
        errors.append(np.abs(got - exact).max())
    assert np.log2(errors[0] / errors[1]) > order - 0.4


def test_better_than_numpy_gradient_at_the_edges() -> None:
    x = np.linspace(0, 1, 101)
    exact = 5 * np.cos(5 * x)
    ours = np.abs(differentiate(np.sin(5 * x), x, order=4) - exact)
    theirs = np.abs(np.gradient(np.sin(5 * x), x, edge_order=2) - exact)
    assert ours[0] < 0.01 * theirs[0]
    assert ours[-1] < 0.01 * theirs[-1]


def test_order_two_is_numpy_gradient_with_edge_order_two() -> None:
    rng = np.random.default_rng(3)
    values, x = rng.random((5, 30, 4)), stretched(30)
    assert np.allclose(differentiate(values, x, axis=1), np.gradient(values, x, axis=1, edge_order=2), rtol=1e-10)
    assert np.allclose(differentiate(values, 0.3, axis=1), np.gradient(values, 0.3, axis=1, edge_order=2), rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    order=st.sampled_from([1, 2, 3, 4, 6, 8]),
    derivative=st.integers(1, 5),
    extra=st.integers(0, 12),
    even=st.booleans(),
)
def test_exact_on_polynomials(seed: int, order: int, derivative: int, extra: int, even: bool) -> None:
    """Exact for degrees below order + derivative, in every row, on random uneven positions."""
    rng = np.random.default_rng(seed)
    count = order + derivative + 1 + extra
    steps = np.ones(count - 1) if even else rng.uniform(0.5, 1.5, count - 1)
    x = np.concatenate([[0.0], np.cumsum(steps)]) - rng.uniform(0, count)
    polynomial = np.polynomial.Polynomial(rng.uniform(-1, 1, order + derivative), domain=[x[0], x[-1]])
    exact = polynomial.deriv(derivative)(x)
    got = differentiate(polynomial(x), x, derivative=derivative, order=order)
    scale = np.abs(polynomial(x)).max() + np.abs(exact).max()
    assert np.abs(got - exact).max() <= 2e-8 * scale


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    order=st.sampled_from([2, 4, 6]),
    derivative=st.integers(1, 3),
    axis=st.integers(-3, 2),
    periodic=st.booleans(),
)
def test_linear_and_the_same_along_every_axis(
    seed: int, order: int, derivative: int, axis: int, periodic: bool
) -> None:
    rng = np.random.default_rng(seed)
    f, g = rng.standard_normal((2, 11, 12, 13))
    a, b = rng.standard_normal(2)

    def d(values: np.ndarray, along: int = axis) -> np.ndarray:
        return differentiate(values, 0.7, along, derivative, order, periodic=periodic)

    assert np.allclose(d(a * f + b * g), a * d(f) + b * d(g), rtol=1e-9, atol=1e-9)
    moved = np.moveaxis(d(np.moveaxis(f, axis, -1), -1), -1, axis)
    assert np.allclose(d(f), moved, rtol=1e-12, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), order=st.sampled_from([2, 4, 8]), derivative=st.integers(1, 4))
def test_reversal_turns_the_sign_of_odd_derivatives(seed: int, order: int, derivative: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.uniform(0.5, 1.5, 24))
    f = rng.standard_normal(24)
    forward = differentiate(f, x, derivative=derivative, order=order)
    backward = differentiate(f[::-1], x[::-1], derivative=derivative, order=order)[::-1]
    assert np.allclose(forward, backward, rtol=1e-7, atol=1e-7 * np.abs(forward).max())
    mirrored = differentiate(f[::-1], -x[::-1], derivative=derivative, order=order)[::-1]
    assert np.allclose(forward, (-1) ** derivative * mirrored, rtol=1e-7, atol=1e-7 * np.abs(forward).max())


@pytest.mark.parametrize("derivative", [1, 3])
def test_agrees_with_the_plain_loop(derivative: int) -> None:
    x = stretched(40)
    f = np.exp(x) * np.sin(3 * x)
    expected = plain_loop(f, x, derivative, 6)
    got = differentiate(f, x, derivative=derivative, order=6)
    assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()


LARGE = {0: (600, 13, 40), 1: (4, 300, 100), 2: (150, 9, 300)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("periodic", [False, True])
def test_compiled_rows_equal_numpy_rows(dtype: type, axis: int, even: bool, periodic: bool) -> None:
    """Arrays above and below the size where the compiled loops take over give the same numbers, of the same type."""
    rng = np.random.default_rng(5)
    shape = LARGE[axis]
    f = rng.standard_normal(shape).astype(dtype)
    if np.dtype(dtype).kind == "c":
        f = f + 1j * rng.standard_normal(shape).astype(dtype)
    n = shape[axis]
    x = np.linspace(0, 1, n, endpoint=False) if even else np.cumsum(rng.uniform(0.5, 1.5, n)) / n
    period = 1.0 if even else x[-1] - x[0] + 1.0 / n
    options = {"axis": axis, "order": 6, "derivative": 2, "periodic": period if periodic else False}
    whole = differentiate(f, x, **options)
    assert whole.dtype == f.dtype
    other = 0 if axis != 0 else 2
    part = np.take(f, range(3), axis=other)
    assert part.size < 100_000 <= f.size
    small = differentiate(part, x, **options)
    rounding = 1e-5 if np.dtype(dtype).itemsize // (1 + (np.dtype(dtype).kind == "c")) == 4 else 1e-13
    assert np.abs(np.take(whole, range(3), axis=other) - small).max() <= rounding * np.abs(small).max()


def test_long_narrow_and_wide_arrays() -> None:
    """Shapes that fill the tiles in every way: one long line, many columns, few columns, lines longer than a tile."""
    for shape, axis in [((200_003,), 0), ((50_000, 3), 0), ((12, 40_000), 0), ((12, 9000), 1), ((150, 2, 500), 0)]:
        n = shape[axis]
        x = np.arange(n) * 0.5
        along = x.reshape([-1 if k == axis else 1 for k in range(len(shape))])
        other = np.arange(np.prod(shape) // n, dtype=float).reshape(
            [1 if k == axis else m for k, m in enumerate(shape)]
        )
        f = (along / n) ** 2 + other * (along / n)
        exact = 2 * along / n**2 + other / n
        assert np.allclose(differentiate(f, x, axis=axis), exact, rtol=0, atol=1e-10)


@pytest.mark.parametrize("derivative", [1, 2, 3])
def test_compiled_weights_equal_numpy_weights(derivative: int) -> None:
    """A long uneven axis, whose weights are compiled, agrees with pieces of it, whose weights are not."""
    rng = np.random.default_rng(2)
    x = np.cumsum(rng.uniform(0.5, 1.5, 30_000))
    f = rng.standard_normal(x.size)
    whole = differentiate(f, x, derivative=derivative, order=4)
    for piece in (slice(0, 5000), slice(12_000, 17_000), slice(25_000, 30_000)):
        part = differentiate(f[piece], x[piece], derivative=derivative, order=4)
        inner = slice(None if piece.start == 0 else 8, None if piece.stop == x.size else -8)
        assert np.allclose(whole[piece][inner], part[inner], rtol=1e-8, atol=1e-10)


def test_input_is_left_alone_and_any_layout_gives_the_same_numbers() -> None:
    rng = np.random.default_rng(1)
    f = rng.standard_normal((20, 24, 16))
    f.flags.writeable = False
    expected = differentiate(f, 0.1, axis=1, order=4)
    assert np.array_equal(differentiate(np.asfortranarray(f), 0.1, axis=1, order=4), expected)
    wide = np.zeros((20, 48, 16))
    wide[:, ::2] = f
    assert np.array_equal(differentiate(wide[:, ::2], 0.1, axis=1, order=4), expected)
    assert np.array_equal(differentiate(f.astype(">f8"), 0.1, axis=1, order=4), expected)
    out = np.empty_like(f)
    assert differentiate(f, 0.1, axis=1, order=4, out=out) is out
    assert np.array_equal(out, expected)


def test_whole_numbers_and_lists_give_floats() -> None:
    assert differentiate([0, 1, 4, 9, 16], 1).tolist() == pytest.approx([0, 2, 4, 6, 8])
    assert differentiate([1.0, 2.0, 4.0], [0, 1, 3], order=1).shape == (3,)


def test_nan_spreads_one_stencil_and_no_further() -> None:
    f = np.zeros(30)
    f[15] = np.nan
    bad = np.flatnonzero(np.isnan(differentiate(f, 1.0, order=4)))
    assert bad.tolist() == [13, 14, 16, 17]


def test_tiny_and_huge_spacings_do_not_overflow() -> None:
    for h in (1e-60, 1e60):
        x = h * stretched(20)
        got = differentiate((x / h) ** 2, x, derivative=2, order=4)
        assert np.allclose(got * h * h, 2.0, rtol=1e-8)


def test_an_empty_leading_axis_gives_an_empty_answer() -> None:
    assert differentiate(np.empty((0, 9)), 1.0).shape == (0, 9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"coordinate": 0.0}, "spacing other than zero"),
        ({"coordinate": np.nan}, "finite"),
        ({"coordinate": "a"}, "a spacing, or 9 positions"),
        ({"coordinate": np.arange(8.0)}, "8 positions"),
        ({"coordinate": [0, 1, 2, 2, 3, 4, 5, 6, 7]}, "index 3"),
        ({"coordinate": [0, 1, 2, np.inf, 3, 4, 5, 6, 7]}, "index 3"),
        ({"axis": 1}, "axis"),
        ({"axis": True}, "axis"),
        ({"derivative": 0}, "derivative"),
        ({"derivative": 1.0}, "derivative"),
        ({"order": 0}, "order"),
        ({"order": 20, "derivative": 9}, "order"),
        ({"order": 10}, "at least 11"),
        ({"order": 8, "periodic": True, "derivative": 3}, "at least 11"),
        ({"coordinate": np.arange(9.0), "periodic": True}, "the period itself"),
        ({"coordinate": np.arange(9.0), "periodic": 8.0}, "endpoint=False"),
        ({"coordinate": 1.0, "periodic": 10.0}, "periodic=True"),
        ({"coordinate": 1.0, "periodic": -9.0}, "positive"),
        ({"coordinate": 1.0, "periodic": "yes"}, "period"),
        ({"out": np.empty(8)}, "out"),
        ({"out": np.empty(9, np.float32)}, "float64"),
    ],
)
def test_bad_arguments_are_refused(options: dict, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        differentiate(np.zeros(9), **{"coordinate": 1.0, **options})


@pytest.mark.parametrize(
    "values",
    [
        3.0,
        "abc",
        [True, False, True],
        [[1, 2], [3]],
        np.ma.masked_array([1.0, 2, 3]),
        np.zeros(9, np.float16),
        [None] * 5,
    ],
)
def test_bad_values_are_refused(values: object) -> None:
    with pytest.raises(InvalidInput, match="values"):
        differentiate(values, 1.0)  # type: ignore[arg-type]


def test_a_field_is_sent_to_the_operators() -> None:
    from fieldsim.fields import ScalarField
    from fieldsim.meshes import cartesian

    with pytest.raises(RankError, match="partial"):
        differentiate(ScalarField(cartesian(x=(0, 1), cells=8), "x"), 0.1)  # type: ignore[arg-type]


def test_overlapping_out_is_refused() -> None:
    f = np.zeros(9)
    with pytest.raises(InvalidInput, match="share memory"):
        differentiate(f, 1.0, out=f)
