"""Sources that follow several fields, R(place, t, u_1 ... u_m), with their slopes dR/du_j in every cell.

Slopes of formulas are exact, by forward differentiation (Griewank and Walther 2008); those of Python functions are
central differences.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import Place, is_pieces, read_given
from fieldsim.boundary.pieces import read_pieces
from fieldsim.errors import InvalidInput, must
from fieldsim.expressions import CONSTANTS, FUNCTIONS, compile_expression
from fieldsim.meshes import Mesh
from fieldsim.meshes.names import COORDINATE_NAMES
from fieldsim.potentials.dual import DUAL_FUNCTIONS, Dual
from fieldsim.units import looks_like_quantity

_TIME = "t"
_NUDGE = 6e-6

Fields = Mapping[str, FloatArray]
Rule = Callable[[float, Fields], FloatArray]
Slopes = Callable[[float, Fields], Mapping[str, FloatArray]]


@dataclass(frozen=True, eq=False)
class Reaction:
    """A source over a place, per volume and time: `uses` names the fields it follows, `varies` tells if it uses t."""

    name: str
    uses: frozenset[str]
    varies: bool
    rule: Rule
    slope_rule: Slopes

    def values(self, t: float, fields: Fields) -> FloatArray:
        """Return the source at time `t` (s); NaN where a field has left the range of the formula."""
        return self.rule(t, fields)

    def slopes(self, t: float, fields: Fields) -> Mapping[str, FloatArray]:
        """Return the derivative by each field that the source uses, as arrays over the place."""
        return self.slope_rule(t, fields) if self.uses else {}


def read_reaction(what: object, place: Place, names: Sequence[str], *, unit: str, name: str) -> Reaction:
    """Read a source in the fields `names`: anything `read_given` takes, formulas in all fields, or a function.

    A function takes fields by the names of its arguments: lambda u, v: u*v**2. Raises InvalidInput and its children.
    """
    if is_pieces(what):
        return _pieced(what, place, names, unit, name)
    if callable(what):
        return _function(what, place, names, name)
    if isinstance(what, str) and not looks_like_quantity(what):
        uses = compile_expression(what, place.names | {_TIME, *names}, where=name).names & set(names)
        if uses:
            return _formula(what, place, uses, name)
    given = read_given(what, place, unit=unit, name=name)  # type: ignore[arg-type]
    return Reaction(name, frozenset(), given.varies, lambda t, fields: given.values(t), lambda t, fields: {})


def check_names(names: Sequence[object], mesh: Mesh) -> None:
    """Raise InvalidInput for names of fields that a formula could not tell from something else."""
    taken = [
        ("the time", {_TIME}),
        ("a coordinate", mesh.expression_names | set(COORDINATE_NAMES)),
        ("a constant", set(CONSTANTS)),
        ("a function", set(FUNCTIONS)),
        ("a word of the formula language", {"and", "or", "not", "if", "else"}),
    ]
    for name in names:
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
            rule = "written with letters, digits and _, a letter first"
            raise InvalidInput(must("the name of a field", rule, name, "For example u, c_A or T."))
        for meaning, words in taken:
            if name in words:
                rule = f"a word of its own in formulas, where {name} is {meaning}"
                raise InvalidInput(must("the name of a field", rule, name, f"Call it {name}_1, say."))


def _formula(text: str, place: Place, uses: frozenset[str], name: str) -> Reaction:
    known = place.names | {_TIME} | uses
    plain = compile_expression(text, known, where=name)
    dual = compile_expression(text, known, functions=DUAL_FUNCTIONS, where=name)
    coordinates = dict(place.coordinates(plain.names - {_TIME} - uses))
    order = sorted(uses)

    def rule(t: float, fields: Fields) -> FloatArray:
        values = plain({**coordinates, _TIME: t, **{field: fields[field] for field in order}})
        return np.broadcast_to(np.asarray(values, dtype=float), place.shape)

    def slopes(t: float, fields: Fields) -> dict[str, FloatArray]:
        whole = (len(order), len(order), *place.shape)
        seeds = np.broadcast_to(np.eye(len(order)).reshape(*whole[:2], *(1,) * len(place.shape)), whole)
        duals = {field: Dual(fields[field], seeds[number]) for number, field in enumerate(order)}
        result = dual({**coordinates, _TIME: t, **duals})
        if not isinstance(result, Dual):  # a step of a field: flat but for its jumps
            return {field: np.zeros(place.shape) for field in order}
        found = np.broadcast_to(result.slopes, (len(order), *place.shape))
        return dict(zip(order, found, strict=True))

    return Reaction(name, uses, _TIME in plain.names, rule, slopes)


def _function(what: Callable[..., object], place: Place, names: Sequence[str], name: str) -> Reaction:
    try:
        wanted = tuple(inspect.signature(what).parameters)
    except (TypeError, ValueError) as error:
        raise InvalidInput(must(name, "a function written in Python", what, "Use lambda u, v: ...")) from error
    if not wanted or not set(wanted) <= {*names, _TIME}:
        only = f"a function whose arguments are fields ({', '.join(names)}) or t"
        raise InvalidInput(must(name, only, f"the arguments ({', '.join(wanted)})", "Name them as the fields."))
    uses = frozenset(wanted) - {_TIME}

    def rule(t: float, fields: Fields) -> FloatArray:
        try:
            with np.errstate(all="ignore"):
                values = np.asarray(what(**{key: t if key == _TIME else fields[key] for key in wanted}), dtype=float)
            return np.broadcast_to(values, place.shape)
        except (TypeError, ValueError) as error:
            needed = f"a function that takes arrays and returns numbers over {place.shape}"
            got = f"{type(error).__name__}: {error}"
            raise InvalidInput(must(name, needed, got, "Use NumPy functions.")) from error

    def slopes(t: float, fields: Fields) -> dict[str, FloatArray]:
        result = {}
        sizes = {field: float(np.abs(fields[field]).max(initial=0.0)) for field in uses}
        for field in sorted(uses):
            # what is nought so far has no size of its own
            nudge = _NUDGE * (sizes[field] or max(sizes.values()) or 1.0)
            above = rule(t, {**fields, field: fields[field] + nudge})
            result[field] = (above - rule(t, {**fields, field: fields[field] - nudge})) / (2.0 * nudge)
        return result

    return Reaction(name, uses, _TIME in wanted, rule, slopes)


def _pieced(what: Sequence[object], place: Place, names: Sequence[str], unit: str, name: str) -> Reaction:
    parts = [
        (piece.mask, read_reaction(piece.thing, piece.place, names, unit=unit, name=piece.name))
        for piece in read_pieces(what, place, name)
    ]
    uses = frozenset[str]().union(*(part.uses for _, part in parts))

    def rule(t: float, fields: Fields) -> FloatArray:
        result = np.empty(place.shape)
        for mask, part in parts:
            result[mask] = part.values(t, {key: values[mask] for key, values in fields.items()})
        return result

    def slopes(t: float, fields: Fields) -> dict[str, FloatArray]:
        result = {key: np.zeros(place.shape) for key in uses}
        for mask, part in parts:
            found = part.slopes(t, {key: values[mask] for key, values in fields.items()})
            for key, slope in found.items():
                result[key][mask] = slope
        return result

    return Reaction(name, uses, any(part.varies for _, part in parts), rule, slopes)
