"""Potentials made of potentials: superposed, multiplied, moved, and cut out around their singularities."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fieldsim.errors import UnitsError, must
from fieldsim.potentials.base import PointSource, Potential
from fieldsim.potentials.checks import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Sum(Potential):
    """The superposition of potentials of equal unit."""

    terms: tuple[Potential, ...]

    @staticmethod
    def of(first: Potential, second: Potential) -> Sum:
        """Add two potentials, opening sums so that a long sum stays one flat list."""
        if first.unit != second.unit:
            raise UnitsError(
                must(
                    "potential",
                    f"in {first.unit or 'no unit'!r} to be added to {first.name or 'the other'}",
                    second.unit or "no unit",
                    "Add potentials of the same unit only; formula() and constant() take `unit`.",
                )
            )
        terms: tuple[Potential, ...] = ()
        for part in (first, second):
            terms += part.terms if isinstance(part, Sum) else (part,)
        quantity = first.quantity if first.quantity == second.quantity else ""
        name = first.name if first.name == second.name else " + ".join(n for n in (first.name, second.name) if n)
        return Sum(terms=terms, name=name, unit=first.unit, quantity=quantity)

    @property
    def needed_coordinates(self) -> int:
        """Return the least number of coordinates that suits every term."""
        return max(term.needed_coordinates for term in self.terms)

    @property
    def singularities(self) -> tuple[PointSource, ...]:
        """Return the singularities of all terms, in order."""
        return tuple(source for term in self.terms for source in term.singularities)

    def soften(self, length: float) -> Potential:
        """Soften every term."""
        return replace(self, terms=tuple(term.soften(length) for term in self.terms))

    def _clearance(self, x: FloatArray) -> FloatArray:
        nearest = self.terms[0]._clearance(x)
        for term in self.terms[1:]:
            nearest = np.minimum(nearest, term._clearance(x))
        return nearest

    def _density_factor(self) -> float | None:
        factors = {term._density_factor() for term in self.terms}
        return factors.pop() if len(factors) == 1 else None

    def _value(self, x: FloatArray) -> FloatArray:
        total = self.terms[0]._value(x)
        for term in self.terms[1:]:
            total = total + term._value(x)
        return total

    def _gradient(self, x: FloatArray) -> FloatArray:
        total = self.terms[0]._gradient(x)
        for term in self.terms[1:]:
            total = total + term._gradient(x)
        return total

    def _laplacian(self, x: FloatArray) -> FloatArray | None:
        total = np.zeros(x.shape[1])
        for term in self.terms:
            part = term._laplacian(x)
            if part is None:
                return None
            total = total + part
        return total


@dataclass(frozen=True, kw_only=True, eq=False)
class _Wrapped(Potential):
    """A potential seen through another: what is not overridden is asked of `inner`."""

    inner: Potential

    @property
    def needed_coordinates(self) -> int:
        """Return what the inner potential needs."""
        return self.inner.needed_coordinates

    @property
    def singularities(self) -> tuple[PointSource, ...]:
        """Return the singularities of the inner potential."""
        return self.inner.singularities

    def soften(self, length: float) -> Potential:
        """Soften the inner potential."""
        return replace(self, inner=self.inner.soften(length))

    def _clearance(self, x: FloatArray) -> FloatArray:
        return self.inner._clearance(x)

    def _density_factor(self) -> float | None:
        return self.inner._density_factor()


@dataclass(frozen=True, kw_only=True, eq=False)
class Multiple(_Wrapped):
    """A potential times a number without unit."""

    factor: float

    @staticmethod
    def of(potential: Potential, factor: float) -> Potential:
        """Multiply, folding a multiple of a multiple into one."""
        inner = potential
        if isinstance(potential, Multiple):
            inner, factor = potential.inner, factor * potential.factor
        return Multiple(
            inner=inner, factor=factor, name=potential.name, unit=potential.unit, quantity=potential.quantity
        )

    @property
    def singularities(self) -> tuple[PointSource, ...]:
        """Return the inner singularities with their strengths multiplied."""
        return tuple(PointSource(s.position, self.factor * s.strength) for s in self.inner.singularities)

    def _value(self, x: FloatArray) -> FloatArray:
        return self.factor * self.inner._value(x)

    def _gradient(self, x: FloatArray) -> FloatArray:
        return self.factor * self.inner._gradient(x)

    def _laplacian(self, x: FloatArray) -> FloatArray | None:
        inner = self.inner._laplacian(x)
        return None if inner is None else self.factor * inner


@dataclass(frozen=True, kw_only=True, eq=False)
class Shifted(_Wrapped):
    """A potential moved by a vector (m)."""

    vector: tuple[float, float, float]

    @property
    def singularities(self) -> tuple[PointSource, ...]:
        """Return the inner singularities, moved."""
        x, y, z = self.vector
        return tuple(
            PointSource((s.position[0] + x, s.position[1] + y, s.position[2] + z), s.strength)
            for s in self.inner.singularities
        )

    def _clearance(self, x: FloatArray) -> FloatArray:
        return self.inner._clearance(self._moved(x))

    def _moved(self, x: FloatArray) -> FloatArray:
        moved: FloatArray = x - np.array(self.vector)[:, np.newaxis]
        return moved

    def _value(self, x: FloatArray) -> FloatArray:
        return self.inner._value(self._moved(x))

    def _gradient(self, x: FloatArray) -> FloatArray:
        return self.inner._gradient(self._moved(x))

    def _laplacian(self, x: FloatArray) -> FloatArray | None:
        return self.inner._laplacian(self._moved(x))


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut(_Wrapped):
    """A potential blanked (NaN) within a radius (m) of its singularities, which stay listed."""

    radius: float

    def _blank(self, x: FloatArray, values: FloatArray) -> FloatArray:
        return np.where(self.inner._clearance(x) < self.radius, np.nan, values)

    def _value(self, x: FloatArray) -> FloatArray:
        return self._blank(x, self.inner._value(x))

    def _gradient(self, x: FloatArray) -> FloatArray:
        return self._blank(x, self.inner._gradient(x))

    def _laplacian(self, x: FloatArray) -> FloatArray | None:
        inner = self.inner._laplacian(x)
        return None if inner is None else self._blank(x, inner)
