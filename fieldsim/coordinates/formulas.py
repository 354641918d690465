"""Formula sheets: gradient, divergence, curl and Laplacian written out for a coordinate system, as text and LaTeX.

grad f = sum_i e_i (1/h_i) d_i f;  div F = (1/J) sum_i d_i((J/h_i) F_i);  lap f = (1/J) sum_i d_i((J/h_i^2) d_i f);
(curl F)_i = eps_ijk (h_i/J) d_j(h_k F_k), J = prod h_i. The very `scale_factors` that the operators use is called with
symbols, so that what is printed is what is computed.
Source of the general forms: P. M. Morse & H. Feshbach, Methods of Theoretical Physics (1953), sec. 1.3.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import partial
from math import prod
from typing import Any

from fieldsim.coordinates.base import Coordinates
from fieldsim.coordinates.notation import LATEX, ONE, TEXT, Notation, Term, shared_factor
from fieldsim.coordinates.registry import REGISTRY
from fieldsim.coordinates.sheet import Formula, FormulaSheet
from fieldsim.coordinates.symbols import Product, Sum, symbol, traced
from fieldsim.errors import InvalidInput, must

# How the parameters of coordinate systems are written in books.
_LETTERS = {"focus": "a"}
_CARTESIAN = ("x", "y", "z")


def formula_sheet(coordinates: Coordinates | str, axes: Collection[str] | None = None) -> FormulaSheet:
    """Return the formulas of a coordinate system, given itself or by its name in the registry.

    `axes` names the coordinates a field varies along; the others' derivatives are left out (default: none is).
    Raises InvalidInput for an unknown name or axis, or a system whose scale factors cannot be written out.
    """
    from fieldsim.coordinates.mapped import Mapped
    from fieldsim.coordinates.mapped_formulas import general_sheet

    if isinstance(coordinates, str):
        if coordinates == Mapped.name:
            return general_sheet(Mapped.names)
        coordinates = _by_name(coordinates)
    if isinstance(coordinates, Mapped):
        return general_sheet(coordinates.names)
    active = coordinates.names if axes is None else tuple(axes)
    unknown = [name for name in active if name not in coordinates.names]
    if unknown:
        raise InvalidInput(must("axes", f"among {', '.join(coordinates.names)}", unknown[0], "Name active axes only."))
    return _orthogonal_sheet(coordinates, frozenset(active))


def _by_name(name: str) -> Coordinates:
    """Return the system called `name`, in the most dimensions it has."""
    if name not in REGISTRY:
        close = get_close_matches(name, REGISTRY, n=1)
        remedy = f"Did you mean {close[0]!r}?" if close else "Use one of these."
        raise InvalidInput(must("coordinates", f"one of {', '.join(REGISTRY)}, curvilinear", name, remedy))
    return REGISTRY[name][-1]()


# ---- orthogonal systems


@dataclass(frozen=True)
class _Metric:
    """The scale factors of a system as products of symbols."""

    names: tuple[str, ...]
    active: frozenset[str]
    h: tuple[Product, ...]

    @property
    def dim(self) -> int:
        return len(self.names)

    @property
    def jacobian(self) -> Product:
        return prod(self.h, start=ONE)

    def term(self, i: int, weight: Product, over: Product, subject: str, *, twice: bool = False) -> Term:
        """Return (1/over) d_i(weight X), factors that do not vary along i taken out of the derivative."""
        inside, outside = weight.split(self.names[i])
        return Term(outside / over, subject, self.names[i], inside, twice)

    def directions(self) -> list[int]:
        return [i for i, name in enumerate(self.names) if name in self.active]


def _orthogonal_sheet(coordinates: Coordinates, active: frozenset[str]) -> FormulaSheet:
    symbolic, letters = _with_symbols(coordinates)
    q: Any = [
        symbol(name, place, *limits)
        for place, (name, limits) in enumerate(zip(coordinates.names, coordinates.limits, strict=True))
    ]
    factors = tuple(traced(h, "scale_factors") for h in symbolic.scale_factors(q))
    places = tuple(traced(x, "to_cartesian") for x in symbolic.to_cartesian(q))
    m = _Metric(coordinates.names, active, factors)
    left_out = [name for name in m.names if name not in active]
    notes = [f"{letter} = {getattr(coordinates, name):g}" for name, letter in letters.items()]
    if left_out:
        notes.append(f"nothing varies along {' and '.join(left_out)}")
    return FormulaSheet(
        coordinates.name,
        m.names,
        () if _is_identity(coordinates) else _definition(places),
        tuple(_value(f"h_{n}", ("h", n), h) for n, h in zip(m.names, m.h, strict=True)),
        _volume_element(m),
        _gradient(m),
        _divergence(m),
        _curl(m),
        _laplacian(m),
        "; ".join(notes),
    )


def _with_symbols(coordinates: Coordinates) -> tuple[Coordinates, dict[str, str]]:
    """Return the system with symbols for its parameters, and the letters they are written with."""
    letters = {f.name: _LETTERS.get(f.name, f.name) for f in fields(coordinates)}
    # Parameters are written before the coordinates, and are lengths: positive.
    changes: dict[str, Any] = {name: symbol(letter, -1, 0.0) for name, letter in letters.items()}
    return (replace(coordinates, **changes) if changes else coordinates), letters


def _is_identity(coordinates: Coordinates) -> bool:
    return coordinates.names == _CARTESIAN[: coordinates.dim]


def _written(left: str, left_index: tuple[str, str] | str, write: Callable[[Notation], str]) -> Formula:
    """Return one formula in both notations; the left side is a letter with an index, or LaTeX as it stands."""
    latex = left_index if isinstance(left_index, str) else LATEX.indexed(*left_index)
    return Formula(left, write(TEXT), latex, write(LATEX))


def _value(left: str, left_index: tuple[str, str] | str, product: Product) -> Formula:
    return _written(left, left_index, lambda notation: notation.product(product))


def _definition(places: Sequence[Product]) -> tuple[Formula, ...]:
    return tuple(_value(n, n, x) for n, x in zip(_CARTESIAN, places, strict=False))


def _volume_element(m: _Metric) -> Formula:
    letter = {1: "dl", 2: "dA"}.get(m.dim, "dV")

    def write(notation: Notation) -> str:
        thin = r"\," if notation is LATEX else ""
        steps = " ".join(f"{thin}d{notation.name(n)}" if thin else f"d{n}" for n in m.names)
        return notation.prefix(m.jacobian) + steps

    return _written(letter, letter, write)


def _gradient(m: _Metric) -> Formula:
    terms = [Term(ONE / m.h[i], "f", m.names[i], direction=m.names[i]) for i in m.directions()]
    return _written("grad f", r"\nabla f", lambda w: w.terms(terms))


def _divergence(m: _Metric) -> Formula:
    def write(w: Notation) -> str:
        terms = [m.term(i, m.jacobian / m.h[i], m.jacobian, w.indexed("F", m.names[i])) for i in m.directions()]
        return w.terms(terms, bracket=_sum_in_front(terms))

    return _written("div F", r"\nabla \cdot \mathbf{F}", write)


def _laplacian(m: _Metric) -> Formula:
    J = m.jacobian
    terms = [m.term(i, J / m.h[i] ** 2, J, "f", twice=True) for i in m.directions()]
    return _written("lap f", r"\nabla^{2} f", lambda w: w.terms(terms, bracket=_sum_in_front(terms)))


def _curl(m: _Metric) -> tuple[Formula, ...]:
    """Return the components of the curl; in the plane the one there is, and on a line none."""
    if m.dim == 1:
        return ()
    if m.dim == 2:
        return (_written("(curl F)_z", r"(\nabla \times \mathbf{F})_{z}", partial(_whirl, m, j=0, k=1, own=ONE)),)
    found = []
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        name = m.names[i]
        left = LATEX.indexed(r"(\nabla \times \mathbf{F})", name)
        found.append(_written(f"(curl F)_{name}", left, partial(_whirl, m, j=j, k=k, own=m.h[i])))
    return tuple(found)


def _whirl(m: _Metric, w: Notation, *, j: int, k: int, own: Product) -> str:
    """Write (own/J) (d_j(h_k F_k) - d_k(h_j F_j))."""
    terms = []
    for along, component, sign in ((j, k, 1.0), (k, j, -1.0)):
        if m.names[along] in m.active:
            weight = sign * m.h[component]
            terms.append(m.term(along, weight, m.jacobian / own, w.indexed("F", m.names[component])))
    return w.terms(terms, bracket=shared_factor(terms))


def _sum_in_front(terms: Sequence[Term]) -> Product:
    """Return the outer factor of all terms if it is one and the same and holds a sum, which nobody writes twice."""
    outers = {term.outer for term in terms}
    if len(outers) == 1:
        (outer,) = outers
        if any(isinstance(atom, Sum) for atom, _ in outer.powers):
            return outer
    return ONE
