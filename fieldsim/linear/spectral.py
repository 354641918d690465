"""Solve uniform grids by sine, cosine and Fourier transforms with the stencil's own eigenvalues.

One axis of n cells with coupling c and walls at half a cell (diagonal 2 c at the end) or insulated (0):
lambda_k = 4 c sin^2(angle_k / 2), angle_k = pi k/n (DCT-II), pi (k + 1)/n (DST-II), pi (2 k + 1)/(2 n) (DCT-IV and
DST-IV), pi (k + 1)/(n + 1) (DST-I: walls at a whole cell, diagonal c), 2 pi k/n (periodic).
The answer is that of the matrix, not of the differential equation (Strang, SIAM Review 41 (1999) 135).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from scipy import fft, fftpack

from fieldsim.arrays import FloatArray
from fieldsim.linear.factors import COARSE, FINE, Factors, Term

_SINGLE_BELOW = 1 << 15
_WORKERS = 2
_BLOCK = 1 << 16


class Basis(Protocol):
    """The eigenvectors V of one axis, V^T w V = 1, and their eigenvalues; both transforms may overwrite their input."""

    @property
    def name(self) -> str:
        """What the transform is called in the log."""

    @property
    def values(self) -> FloatArray:
        """Eigenvalues in the order of the transform, zero exactly where the axis has a null vector."""

    def forward(self, x: FloatArray, axis: int) -> FloatArray:
        """Return V^T x along `axis`."""

    def backward(self, x: FloatArray, axis: int) -> FloatArray:
        """Return V x along `axis`."""


class FastSolver(Protocol):
    """A direct solver with its name and a sentence for the log that says why it was chosen."""

    name: str
    reason: str

    def apply(self, b: FloatArray) -> FloatArray:
        """Return x with A x = b, in the shape of b; where A 1 = 0, the x of mean zero for b less its mean."""


@dataclass(frozen=True)
class TrigonometricBasis:
    """A sine, cosine or Fourier transform, orthogonal up to factors that forward and backward share."""

    name: str
    values: FloatArray
    close: bool

    def forward(self, x: FloatArray, axis: int) -> FloatArray:
        """Return the transform along `axis`; a periodic axis is packed as re 0, re 1, im 1, re 2, im 2, ..."""
        workers = _workers(x)
        if self.name == "FFT":
            with fft.set_workers(workers):
                return np.asarray(fftpack.rfft(x, axis=axis, overwrite_x=True))
        kind, number = _TRANSFORMS[self.name]
        function = fft.dst if kind == "sine" else fft.dct
        return np.asarray(function(x, type=number, axis=axis, overwrite_x=True, workers=workers))

    def backward(self, x: FloatArray, axis: int) -> FloatArray:
        """Return the inverse transform along `axis`."""
        workers = _workers(x)
        if self.name == "FFT":
            with fft.set_workers(workers):
                return np.asarray(fftpack.irfft(x, axis=axis, overwrite_x=True))
        kind, number = _TRANSFORMS[self.name]
        function = fft.idst if kind == "sine" else fft.idct
        return np.asarray(function(x, type=number, axis=axis, overwrite_x=True, workers=workers))


_TRANSFORMS: dict[str, tuple[Literal["cosine", "sine"], Literal[1, 2, 4]]] = {
    "DCT-II": ("cosine", 2),
    "DST-II": ("sine", 2),
    "DCT-IV": ("cosine", 4),
    "DST-IV": ("sine", 4),
    "DST-I": ("sine", 1),
}
# what lies on the diagonal at the two ends, in units of the coupling
_WALLS = {
    (0.0, 0.0): "DCT-II",
    (2.0, 2.0): "DST-II",
    (0.0, 2.0): "DCT-IV",
    (2.0, 0.0): "DST-IV",
    (1.0, 1.0): "DST-I",
}
_ANGLES: dict[str, Callable[[FloatArray, int], FloatArray]] = {
    "DCT-II": lambda k, n: k / n,
    "DST-II": lambda k, n: (k + 1) / n,
    "DCT-IV": lambda k, n: (2 * k + 1) / (2 * n),
    "DST-IV": lambda k, n: (2 * k + 1) / (2 * n),
    "DST-I": lambda k, n: (k + 1) / (n + 1),
    "FFT": lambda k, n: 2 * ((k + 1) // 2) / n,
}


def trigonometric_basis(term: Term) -> TrigonometricBasis | None:
    """Return the transform that diagonalises a term with constant couplings and walls of one kind, or None.

    The diagonal may hold a constant beside its walls. Weights are not looked at.
    """
    coupling = float(term.couplings.mean())
    spread = float(np.abs(term.couplings - coupling).max())
    if spread > COARSE * coupling:
        return None
    inside = term.diagonal if term.periodic else term.diagonal[1:-1]
    shift = float(inside.mean()) if inside.size else float(term.diagonal.min())
    uneven = float(np.abs(inside - shift).max()) if inside.size else 0.0
    if uneven > COARSE * abs(shift):
        return None
    close = spread <= FINE * coupling and uneven <= FINE * abs(shift)
    if term.periodic:
        return TrigonometricBasis("FFT", _eigenvalues("FFT", term.size, coupling, shift), close)
    ends = term.diagonal[[0, -1]]
    for (first, last), name in _WALLS.items():
        expected = shift + coupling * np.array([first, last])
        error, size = np.abs(ends - expected), np.abs(expected) + abs(shift)
        if (error <= COARSE * size).all():
            close = close and bool((error <= FINE * size).all())
            return TrigonometricBasis(name, _eigenvalues(name, term.size, coupling, shift), close)
    return None


def _eigenvalues(name: str, n: int, coupling: float, shift: float) -> FloatArray:
    angles = np.pi * _ANGLES[name](np.arange(n, dtype=float), n)
    return np.asarray(4.0 * coupling * np.sin(angles / 2.0) ** 2 + shift)


class SpectralSolver:
    """Transform, divide by the eigenvalues, transform back: one array beside the right-hand side."""

    name = "spectral"

    def __init__(self, factors: Factors, bases: Sequence[Basis]) -> None:
        self._shape = factors.shape
        self._bases = tuple(bases)
        self._singular = factors.singular
        self._constant = factors.constant
        transforms = " x ".join(basis.name for basis in self._bases) or "one cell"
        self.reason = f"uniform grid and constant coefficients: {transforms} with the stencil's own eigenvalues"

    def apply(self, b: FloatArray) -> FloatArray:
        """Return x with A x = b, in the shape of b; where A 1 = 0, the x of mean zero for b less its mean."""
        x = np.array(b, dtype=float, order="C").reshape(self._shape)
        for axis, basis in enumerate(self._bases):
            x = basis.forward(x, axis)
        divide(x, [basis.values for basis in self._bases], self._constant, singular=self._singular)
        for axis, basis in enumerate(self._bases):
            x = basis.backward(x, axis)
        return x.reshape(np.shape(b))


def spectral_solver(factors: Factors) -> SpectralSolver | None:
    """Return the solver by transforms, or None where an axis is not uniform or the operator may be singular."""
    bases = []
    for axis, term in enumerate(factors.terms):
        weight = factors.common_weight(axis)
        if weight is None or float(np.ptp(weight)) > COARSE:
            return None
        basis = trigonometric_basis(term)
        if basis is None:
            return None
        bases.append(basis)
    if not factors.definite and not regular([basis.values for basis in bases], factors.constant):
        return None
    return SpectralSolver(factors, bases)


def regular(values: Sequence[FloatArray], constant: float) -> bool:
    """Whether no sum of eigenvalues is zero to rounding: a negative diagonal may be resonant."""
    total = np.full((), constant)
    for vector in values:
        total = total[..., None] + vector
    size = np.abs(total)
    return bool(size.min() > COARSE * size.max())


def divide(x: FloatArray, values: Sequence[FloatArray], constant: float, *, singular: bool) -> None:
    """Divide x in place by constant + values[0][i] + values[1][j] + ...; if `singular`, the first entry becomes 0."""
    if not values:
        x[...] = 0.0 if singular else x / constant
        return
    rest = np.full((), constant)
    for vector in values[1:]:
        rest = rest[..., None] + vector
    rows = max(1, _BLOCK // rest.size)
    for start in range(0, x.shape[0], rows):
        block = x[start : start + rows]
        denominator = values[0][start : start + rows].reshape((-1,) + (1,) * rest.ndim) + rest
        if singular and start == 0:
            first = (0,) * x.ndim
            denominator[first], block[first] = 1.0, 0.0
        block /= denominator


def _workers(x: FloatArray) -> int:
    return 1 if x.size < _SINGLE_BELOW else _WORKERS
