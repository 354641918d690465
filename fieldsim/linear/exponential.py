"""Carry M du/dt = s - A u over any time exactly, for tensor-product operators and storage.

u(t) = exp(-t B) u + (1 - exp(-t B)) B^-1 M^-1 s, B = M^-1 A = V diag(lambda) V^-1

Axes are diagonalised one after the other in the weight of the storage. An axis along which an earlier term carries
another weight (r in polar, cylindrical and spherical coordinates) gets eigenvectors for each mode of the earlier axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import factorial

import numpy as np

from fieldsim.arrays import FloatArray, IntArray
from fieldsim.errors import InvalidInput, must
from fieldsim.linear.eigenvectors import LARGEST_BASIS, eigen_basis
from fieldsim.linear.factors import Factors, Product, factorise, is_near, product_of
from fieldsim.linear.grid_operator import GridOperator
from fieldsim.linear.separable import uniform_basis
from fieldsim.linear.spectral import Basis

_LARGEST_TABLE = 1 << 26
_SERIES_BELOW = 0.5
_SERIES_TERMS = 13


@dataclass(frozen=True)
class _Carried:
    """Eigenvalues over the modes of the axes done so far, and the weights they carry along the axes still to do."""

    values: FloatArray
    weights: Product


class _ModeBases:
    """Eigenvectors of one axis for each mode of the axes before it; equal modes share theirs."""

    name = "eigenvectors of each mode"

    def __init__(self, bases: Sequence[Basis], which: IntArray) -> None:
        self._bases, self._which = bases, which
        self.values = np.stack([basis.values for basis in bases])[which]

    def forward(self, x: FloatArray, axis: int) -> FloatArray:
        blocks = x.reshape(self._which.size, x.shape[axis], -1)
        for block, number in zip(blocks, self._which.flat, strict=True):
            block[...] = self._bases[int(number)].forward(block, 0)
        return x

    def backward(self, x: FloatArray, axis: int) -> FloatArray:
        blocks = x.reshape(self._which.size, x.shape[axis], -1)
        for block, number in zip(blocks, self._which.flat, strict=True):
            block[...] = self._bases[int(number)].backward(block, 0)
        return x


class Exponential:
    """The exact solution of M du/dt = s - A u as a function of time."""

    name = "exponential"

    def __init__(
        self,
        storage: FloatArray,
        scale: float,
        order: tuple[int, ...],
        stages: Sequence[Basis | _ModeBases],
        weights: Product,
        values: Sequence[FloatArray],
    ) -> None:
        self._storage, self._scale, self._order = storage, scale, order
        self._stages, self._weights, self._values = tuple(stages), weights, tuple(values)
        parts = " x ".join(stage.name for stage in stages) or "one cell"
        self.reason = f"couplings and storage are tensor products: {parts}"

    def apply(self, u: FloatArray, time: float, *, supply: FloatArray | None = None) -> FloatArray:
        """Return u after `time` (s), in the shape of u; `supply` is the constant gain of each cell, per time.

        Raises InvalidInput for a negative time.
        """
        _check_time(time)
        modes, gained = self._modes(u, supply)
        exponents = time * self._rates(modes.ndim)
        modes *= np.exp(-exponents)
        if gained is not None:
            modes += gained * (time * _decay_mean(exponents))
        return self._backward(modes).reshape(np.shape(u))

    def carry(self, u: FloatArray, time: float, *, supply: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return u after `time` (s) and the mean of u until then; raises InvalidInput for a negative time.

        mean = phi_1(-x) u + time phi_2(-x) g of each mode, x = time * rate, g its supply.
        """
        _check_time(time)
        modes, gained = self._modes(u, supply)
        exponents = time * self._rates(modes.ndim)
        share = _decay_mean(exponents)
        means = modes * share
        modes *= np.exp(-exponents)
        if gained is not None:
            modes += gained * (time * share)
            means += gained * (time * _second_mean(exponents))
        return self._backward(modes).reshape(np.shape(u)), self._backward(means).reshape(np.shape(u))

    def _modes(self, u: FloatArray, supply: FloatArray | None) -> tuple[FloatArray, FloatArray | None]:
        if supply is None:
            return self._forward(u), None
        return self._forward(u), self._forward(np.reshape(supply, self._storage.shape) / self._storage)

    def _rates(self, dimensions: int) -> FloatArray:
        total = sum(self._values, start=np.zeros((1,) * dimensions))
        return np.asarray(total / self._scale)

    def _forward(self, u: FloatArray) -> FloatArray:
        shape = tuple(weight.size for weight in self._weights)
        x = np.array(np.reshape(u, shape).transpose(self._order), dtype=float, order="C")
        for place, (axis, stage) in enumerate(zip(self._order, self._stages, strict=True)):
            weight = self._weights[axis]
            if np.ptp(weight) > 0.0:
                x *= weight.reshape((-1,) + (1,) * (x.ndim - 1 - place))
            x = stage.forward(x, place)
        return x

    def _backward(self, x: FloatArray) -> FloatArray:
        for place in reversed(range(len(self._stages))):
            x = self._stages[place].backward(x, place)
        return np.ascontiguousarray(x.transpose(np.argsort(self._order)))


def _check_time(time: float) -> None:
    if not (np.isfinite(time) and time >= 0.0):
        raise InvalidInput(must("time", "a number of seconds, 0 or more", time, "Heat does not flow backwards."))


def _decay_mean(x: FloatArray) -> FloatArray:
    """Return phi_1(-x) = (1 - exp(-x)) / x, which is 1 at 0."""
    still = x == 0.0
    return np.asarray(np.where(still, 1.0, -np.expm1(-x) / np.where(still, 1.0, x)))


def _second_mean(x: FloatArray) -> FloatArray:
    """Return phi_2(-x) = (x - 1 + exp(-x)) / x^2, which is 1/2 at 0; by its series where the difference cancels."""
    small = x < _SERIES_BELOW
    few, rest = x[small], x[~small]
    series = np.zeros_like(few)
    for k in reversed(range(_SERIES_TERMS)):
        series *= -few
        series += 1.0 / factorial(k + 2)
    result = np.empty_like(x)
    result[small], result[~small] = series, (rest + np.expm1(-rest)) / rest**2
    return result


def find_exponential(operator: GridOperator, storage: FloatArray) -> Exponential | None:
    """Return the exact solution of storage du/dt = supply - operator u, or None where it has no such structure.

    `storage` has the grid's shape and is positive. Refused are operators and storages that are no tensor products, and
    those that need more than 2^26 entries of eigenvectors.
    """
    factors = factorise(operator)
    if factors is None:
        return None
    kept = np.squeeze(storage, axis=tuple(axis for axis, n in enumerate(operator.shape) if n == 1))
    found = product_of(kept)
    if found is None:
        return None
    scale, weights = found
    # one cell: nothing but the constant
    if not factors.terms:
        return Exponential(storage, scale, (), (), (), (np.array(factors.constant),))
    planned = _plan(factors, weights)
    if planned is None:
        return None
    order, stages, values = planned
    return Exponential(storage, scale, order, stages, weights, values)


_Plan = tuple[tuple[int, ...], list[Basis | _ModeBases], list[FloatArray]]


def _plan(factors: Factors, weights: Product) -> _Plan | None:
    """Diagonalise axis after axis: those that concern no earlier mode first."""
    left = list(range(len(factors.terms)))
    order: list[int] = []
    stages: list[Basis | _ModeBases] = []
    carried: list[_Carried] = []
    while left:
        choice = _next_axis(factors, weights, left, carried)
        if choice is None:
            return None
        axis, merged = choice
        left.remove(axis)
        stage = _stage(factors, weights[axis], axis, merged, [factors.shape[done] for done in order])
        if stage is None:
            return None
        # one more axis of modes behind those that are there
        kept = [_Carried(c.values[..., None], c.weights) for c in carried if all(c is not m for m in merged)]
        values = stage.values.reshape((1,) * (len(order) + 1 - stage.values.ndim) + stage.values.shape)
        carried = [*kept, _Carried(values, factors.terms[axis].weights)]
        order.append(axis)
        stages.append(stage)
    return tuple(order), stages, [c.values for c in carried]


def _next_axis(
    factors: Factors, weights: Product, left: list[int], carried: list[_Carried]
) -> tuple[int, list[_Carried]] | None:
    """Return an axis that can be diagonalised now, with the modes that enter its eigenproblem."""
    choices = []
    for axis in left:
        others = [other for other in left if other != axis]
        terms = [factors.terms[other] for other in others if factors.terms[other].active]
        if not all(is_near(term.weights[axis], weights[axis]) for term in terms):
            continue
        merged = [c for c in carried if not is_near(c.weights[axis], weights[axis])]
        own = factors.terms[axis].weights
        if all(is_near(c.weights[other], own[other]) for c in merged for other in others):
            choices.append((axis, merged))
    return min(choices, key=lambda choice: len(choice[1]), default=None)


def _stage(
    factors: Factors, weight: FloatArray, axis: int, merged: list[_Carried], modes: list[int]
) -> Basis | _ModeBases | None:
    term = factors.terms[axis]
    if not merged:
        uniform = uniform_basis(term, weight)
        if uniform is not None:
            return uniform
        return eigen_basis(term, weight) if term.size <= LARGEST_BASIS else None
    values = [np.broadcast_to(c.values, modes).ravel() for c in merged]
    rows, which = np.unique(np.stack(values, axis=1), axis=0, return_inverse=True)
    if len(rows) * term.size**2 > _LARGEST_TABLE:
        return None
    bases = []
    for row in rows:
        added = sum(value * c.weights[axis] for value, c in zip(row, merged, strict=True))
        bases.append(eigen_basis(replace(term, diagonal=term.diagonal + added), weight))
    return _ModeBases(bases, which.reshape(modes))
