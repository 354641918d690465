"""Potentials written as a formula of place, differentiated exactly by carrying slopes through the formula.

Names: x, y, z in metres; r = sqrt(x^2 + y^2 + z^2), or sqrt(x^2 + y^2) in a cylindrical system; phi = atan2(y, x)
in [0, 2 pi); theta = the angle from +z (ISO 80000-2). On points with two coordinates z is zero, so r and phi are
the polar ones. Singular points give NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from fieldsim.errors import InvalidInput, must
from fieldsim.expressions import Expression, compile_expression
from fieldsim.potentials.base import Potential
from fieldsim.potentials.checks import FloatArray, finite_number
from fieldsim.potentials.dual import DUAL_FUNCTIONS, Dual, atan2, hypot

# the coordinates a point must have for each name to mean something
_NEEDED = {"x": 1, "y": 2, "z": 3, "r": 1, "phi": 2, "theta": 3}


@dataclass(frozen=True, kw_only=True, eq=False)
class Formula(Potential):
    """A compiled formula, the names it may use, and the gradient where the user has given one."""

    expression: Expression
    allowed: frozenset[str]
    components: tuple[Expression, ...] | None
    parameters: Mapping[str, float] = field(default_factory=dict)
    system: Literal["spherical", "cylindrical"] = "spherical"

    @property
    def needed_coordinates(self) -> int:
        """Return what the names in the formula need."""
        names = self.expression.names.union(*(c.names for c in self.components or ()))
        return max((_NEEDED[name] for name in names if name in _NEEDED), default=1)

    def _value(self, x: FloatArray) -> FloatArray:
        return self._number(self.expression, x)

    def _gradient(self, x: FloatArray) -> FloatArray:
        out = np.zeros(x.shape)
        if self.components is not None:
            for axis, component in enumerate(self.components):
                out[axis] = self._number(component, x)
            return out
        on_slopes = _on_slopes(self.expression.text, self.allowed)
        result = on_slopes({**self.parameters, **self._named(_seeds(x), on_slopes.names)})
        if isinstance(result, Dual):
            out[:] = result.slopes
            # no gradient where there is no value: at the middle of 1/r a slope of zero would be a lie
            out[:, ~np.isfinite(result.value)] = np.nan
        return out

    def _number(self, expression: Expression, x: FloatArray) -> FloatArray:
        result: Any = expression({**self.parameters, **self._named(list(x), expression.names)})
        return np.array(np.broadcast_to(result, x.shape[1:]))

    def _named(self, cartesian: Sequence[Any], names: frozenset[str]) -> dict[str, Any]:
        """Return the coordinates that `names` asks for, worked out from x, y and z with or without slopes."""
        found = {name: cartesian[i] for i, name in enumerate(("x", "y", "z")) if name in names}
        if "r" in names:
            found["r"] = hypot(*cartesian[: 2 if self.system == "cylindrical" else 3])
        if "phi" in names:
            # the same turn as on meshes, [0, 2 pi)
            found["phi"] = atan2(cartesian[1], cartesian[0]) % (2.0 * np.pi)
        if "theta" in names:
            found["theta"] = atan2(hypot(cartesian[0], cartesian[1]), cartesian[2])
        return found


@lru_cache(maxsize=128)
def _on_slopes(text: str, names: frozenset[str]) -> Expression:
    """Return the formula for numbers that carry slopes; kept apart so that potentials can be pickled."""
    return compile_expression(text, names, functions=DUAL_FUNCTIONS)


def _seeds(x: FloatArray) -> list[Dual]:
    """Return x, y and z, each with its own gradient."""
    return [Dual(row, np.repeat(unit[:, np.newaxis], len(row), axis=1)) for row, unit in zip(x, np.eye(3), strict=True)]


def formula(
    expression: str | float,
    unit: str = "",
    gradient: Sequence[str | float] | None = None,
    *,
    parameters: Mapping[str, float] | None = None,
    system: Literal["spherical", "cylindrical"] = "spherical",
    name: str = "",
    quantity: str = "",
) -> Formula:
    """Give a potential by a formula of x, y, z, r, theta, phi and `parameters` (numbers in SI units).

    `system` says what r means with three coordinates: the distance from the origin, or from the z axis.
    `gradient`, one formula an axis, replaces the exact gradient that is otherwise worked out. Raises
    ExpressionError for what is not in the language, InvalidInput for parameters that are not numbers.
    """
    numbers = {key: finite_number(f"parameters[{key!r}]", value) for key, value in (parameters or {}).items()}
    clash = sorted(set(numbers) & set(_NEEDED))
    if clash:
        raise InvalidInput(must("parameters", "named apart from the coordinates", clash, "Rename them."))
    if system not in ("spherical", "cylindrical"):
        raise InvalidInput(must("system", "'spherical' or 'cylindrical'", system, "It says what r means."))
    names = {*_NEEDED, *numbers}
    components = None
    if gradient is not None:
        if isinstance(gradient, str) or not 1 <= len(gradient) <= len(("x", "y", "z")):
            raise InvalidInput(must("gradient", "one to three formulas", gradient, "Give one formula an axis."))
        components = tuple(compile_expression(text, names, where=f"gradient[{i}]") for i, text in enumerate(gradient))
    return Formula(
        expression=compile_expression(expression, names),
        allowed=frozenset(names),
        components=components,
        parameters=numbers,
        system=system,
        name=name,
        unit=unit,
        quantity=quantity,
    )
