"""Read from the arrays of a GridOperator alone whether it is a sum of tensor products, and which.

A = sum_a L_a (x) prod_{b != a} diag(w_ab), L_a the three-point operator of axis a: couplings c_a, diagonal d_a

Every entry is compared with its product. Entries are not negative, so agreement to a relative 1e-12 bounds the
operators by each other, (1 - 1e-12) A <= A' <= (1 + 1e-12) A, and one refinement removes the difference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.linear.grid_operator import GridOperator

COARSE = 1e-12
FINE = 1e-13
_SAMPLED_ABOVE = 1 << 14
_COMPILED_ABOVE = 1 << 17
_LARGEST = float(np.finfo(float).max)
_SAMPLE = 8

# a product of one vector an axis
Product = tuple[FloatArray, ...]


@dataclass(frozen=True)
class Term:
    """The three-point operator of one axis and the weights it carries along the other axes.

    `couplings` has one entry a face, as in GridOperator; `weights[b]` are one at the middle of axis b, and all one
    along the own axis. A term whose couplings are all zero is not `active`: its weights mean nothing.
    """

    couplings: FloatArray
    diagonal: FloatArray
    weights: Product
    periodic: bool
    active: bool

    @property
    def size(self) -> int:
        """Number of cells along the axis."""
        return self.diagonal.size


@dataclass(frozen=True)
class Factors:
    """A separable operator over the axes that are longer than one cell.

    `constant` is what is left on the diagonal of a grid of one cell. `singular` says that A 1 = 0 and nothing else;
    `definite` that no entry is negative; `close` that the arrays agree with the products to 1e-13.
    """

    terms: tuple[Term, ...]
    constant: float
    singular: bool
    definite: bool
    close: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """The grid's shape without its axes of one cell."""
        return tuple(term.size for term in self.terms)

    def common_weight(self, axis: int) -> FloatArray | None:
        """Return the weight that all other terms carry along `axis`, or None where they differ."""
        found = [term.weights[axis] for other, term in enumerate(self.terms) if other != axis and term.active]
        if not found:
            return np.ones(self.terms[axis].size)
        first = found[0]
        return first if all(is_near(other, first) for other in found[1:]) else None


def factorise(operator: GridOperator) -> Factors | None:
    """Return the tensor products that add up to `operator`, or None where there are none.

    Negative couplings, values that are not finite and operators that fall apart into unconnected singular parts are
    refused too. The cost is a pass or two over the arrays; those that repeat along an axis (stride 0) cost less.
    """
    if operator.size == 0:
        return None
    with np.errstate(all="ignore"):
        return _factorise(_squeezed(operator))


def _factorise(slim: GridOperator) -> Factors | None:
    found = _terms(slim)
    if found is None:
        return None
    terms, close = found
    connected = all(float(term.couplings.min()) > 0.0 for term in terms)
    diagonal = _collapsed(slim.diagonal)
    lowest = float(diagonal.min())
    singular = lowest == 0.0 and not diagonal.any()
    if not connected and not lowest > 0.0:
        return None
    attributed = _attribute(diagonal, slim.shape, terms) if terms else ((), True)
    if attributed is None:
        return None
    constant = 0.0 if terms else float(slim.diagonal)
    return Factors(attributed[0], constant, singular, lowest >= 0.0, close and attributed[1])


def _squeezed(operator: GridOperator) -> GridOperator:
    """Leave out the axes of one cell; two cells that meet at both their ends meet once, twice as strongly."""
    couplings, periodic = [], []
    kept = [axis for axis, n in enumerate(operator.shape) if n > 1]
    dropped = tuple(axis for axis, n in enumerate(operator.shape) if n == 1)
    for axis in kept:
        coupling, closed = operator.couplings[axis], operator.periodic[axis]
        if closed and operator.shape[axis] == 2:
            coupling, closed = coupling.sum(axis=axis, keepdims=True), False
        couplings.append(np.squeeze(coupling, axis=dropped))
        periodic.append(closed)
    diagonal = np.squeeze(operator.diagonal, axis=dropped)
    return GridOperator(diagonal, tuple(couplings), tuple(periodic))


def _terms(operator: GridOperator) -> tuple[tuple[Term, ...], bool] | None:
    terms, all_close = [], True
    for axis, coupling in enumerate(operator.couplings):
        array = _collapsed(coupling)
        product = _product(array, axis)
        if product is None:
            return None
        close = _holds(array, [product])
        if close is None:
            return None
        all_close &= close
        lengths = [n if other != axis else 1 for other, n in enumerate(operator.shape)]
        weights = tuple(
            np.ones(1) if other == axis else np.broadcast_to(factor, (n,) if factor.size == 1 else factor.shape)
            for other, (factor, n) in enumerate(zip(product, lengths, strict=True))
        )
        closed = operator.periodic[axis]
        own = np.broadcast_to(product[axis], coupling.shape[axis])
        size = own.size if closed else own.size + 1
        terms.append(Term(np.array(own), np.zeros(size), weights, closed, bool(own.any())))
    return tuple(terms), all_close


def product_of(array: FloatArray) -> tuple[float, Product] | None:
    """Return the middle entry of a positive array and one factor an axis, one at the middle; None if no product."""
    with np.errstate(all="ignore"):
        slim = _collapsed(array)
        middle = [n // 2 for n in slim.shape]
        scale = float(slim[tuple(middle)])
        if not (np.isfinite(scale) and scale > 0.0):
            return None
        lines = [
            slim[tuple(slice(None) if other == axis else middle[other] for other in range(slim.ndim))] / scale
            for axis in range(slim.ndim)
        ]
        if not all(float(line.min()) > 0.0 for line in lines):
            return None
        scaled = [line * scale if axis == 0 else line for axis, line in enumerate(lines)]
        if lines and _holds(slim, [tuple(scaled)]) is None:
            return None
    factors = [np.broadcast_to(line, (n,)) for line, n in zip(lines, array.shape, strict=True)]
    return scale, tuple(factors)


def _product(array: FloatArray, axis: int) -> Product | None:
    """Return the only product the array can be, read from the lines through its middle, or None."""
    middle = [n // 2 for n in array.shape]
    own = array[tuple(slice(None) if other == axis else middle[other] for other in range(array.ndim))]
    if not np.isfinite(own).all() or own.min() < 0.0:
        return None
    peak = int(own.argmax())
    if own[peak] == 0.0:
        return None if array.any() else tuple(own if other == axis else np.ones(1) for other in range(array.ndim))
    factors = []
    for other in range(array.ndim):
        point = [peak if k == axis else middle[k] for k in range(array.ndim)]
        index = tuple(slice(None) if k == other else point[k] for k in range(array.ndim))
        line = own if other == axis else array[index] / own[peak]
        if other != axis and not line.min() > 0.0:
            return None
        factors.append(line)
    return tuple(factors)


def _attribute(
    diagonal: FloatArray, shape: tuple[int, ...], terms: tuple[Term, ...]
) -> tuple[tuple[Term, ...], bool] | None:
    """Share the diagonal out among the terms: what lies inside goes to one of them, the rest is their walls."""
    if diagonal.size == 1 and float(diagonal.ravel()[0]) == 0.0:
        return terms, True
    full = np.broadcast_to(diagonal, shape)
    for owner in range(len(terms)):
        if not terms[owner].active:
            continue
        parts = _shares(full, terms, owner)
        products = [
            tuple(part if other == axis else terms[axis].weights[other] for other in range(len(terms)))
            for axis, part in enumerate(parts)
            if part.any()
        ]
        close = _holds(full, products)
        if close is not None:
            return tuple(replace(term, diagonal=part) for term, part in zip(terms, parts, strict=True)), close
    return None


def _shares(diagonal: FloatArray, terms: tuple[Term, ...], owner: int) -> list[FloatArray]:
    """Return the diagonal of each term, read from the lines through the middle of the grid."""
    ndim = len(terms)
    middle = [n // 2 for n in diagonal.shape]
    # one at the middle by construction of the weights, so that a line there shows its own part plus the owner's
    inside = float(diagonal[tuple(middle)])
    parts = []
    for axis, term in enumerate(terms):
        line = diagonal[tuple(slice(None) if other == axis else middle[other] for other in range(ndim))]
        if not term.active:
            parts.append(np.zeros(term.size))
            continue
        part = np.array(line)
        if axis != owner:
            part -= inside * terms[owner].weights[axis]
            part[np.abs(part) <= COARSE * np.abs(line)] = 0.0
        parts.append(part)
    return parts


def _holds(array: FloatArray, products: list[Product]) -> bool | None:
    """Compare a few entries, then all of them: True to FINE, False to COARSE, None beyond."""
    if array.size > _SAMPLED_ABOVE:
        steps = [max(1, n // _SAMPLE) for n in array.shape]
        some = array[tuple(slice(None, None, step) for step in steps)]
        thinned = [
            tuple(f if f.size == 1 else f[::step] for f, step in zip(product, steps, strict=True))
            for product in products
        ]
        if _agrees(some, thinned) is None:
            return None
    return _agrees(array, products)


def _agrees(array: FloatArray, products: list[Product]) -> bool | None:
    if array.size >= _COMPILED_ABOVE:
        return _large_agrees(array, products)
    error = -array
    for product in products:
        part = np.ones(())
        for factor in product:
            part = part[..., None] * factor
        error = error + part
    # an infinite entry agrees with nothing
    error, size = np.abs(error), np.minimum(np.abs(array), _LARGEST)
    if (error <= FINE * size).all():
        return True
    return False if (error <= COARSE * size).all() else None


def _large_agrees(array: FloatArray, products: list[Product]) -> bool | None:
    from fieldsim.kernels.products import count_deviations

    # rows along the last axis, planes along the first one
    planes, row = (array.shape[0], array.shape[-1]) if array.ndim > 1 else (1, array.size)
    shape = (planes, array.size // (planes * row), row)
    first, rest = np.zeros((len(products), planes)), np.zeros((len(products), *shape[1:]))
    for number, product in enumerate(products):
        part = np.ones(())
        for factor in product[1:] if array.ndim > 1 else product:
            part = part[..., None] * factor
        first[number] = product[0] if array.ndim > 1 else 1.0
        rest[number] = part.reshape(shape[1:])
    values = np.ascontiguousarray(array).reshape(shape)
    if count_deviations(values, first, rest, FINE) == 0:
        return True
    return False if count_deviations(values, first, rest, COARSE) == 0 else None


def _collapsed(array: FloatArray) -> FloatArray:
    """Keep one entry along the axes on which the array only repeats itself in memory."""
    index = tuple(
        slice(0, 1) if step == 0 and n > 1 else slice(None) for n, step in zip(array.shape, array.strides, strict=True)
    )
    return array[index]


def is_near(a: FloatArray, b: FloatArray) -> bool:
    """Whether `a` agrees with the positive `b` to a relative 1e-12, entry by entry."""
    return bool((np.abs(a - b) <= COARSE * b).all())
