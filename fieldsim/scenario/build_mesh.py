"""From the mesh of a checked scenario to a mesh of the Python interface: a scenario only spells its constructors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldsim.errors import InvalidInput, must
from fieldsim.scenario.amounts import Formula
from fieldsim.scenario.schema_mesh import AXES, CURVILINEAR, Axis, MeshSpec, Stretch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from fieldsim.meshes import Mesh

_MOST_GROWTH = 1e6
_PLAIN = ("cartesian", "polar", "cylindrical", "spherical")
# meshes up to here are built to check them; of larger ones a coarser copy is
_QUICKLY_BUILT = 500_000


def make_mesh(spec: MeshSpec, folder: Path, counts: Mapping[str, int] | None = None) -> Mesh:
    """Build the mesh; files of corners lie in `folder`, `counts` replaces the cells by axis. Raises InvalidInput."""
    from fieldsim import meshes

    _check_keys(spec)
    if spec.corners is not None:
        return meshes.curvilinear(_corners(spec.corners, folder), periodic=tuple(spec.periodic))
    _check_axes(spec)
    cells = dict(zip(spec.spans, spec.cells, strict=True)) if counts is None else dict(counts)
    if spec.type == CURVILINEAR:
        return _mapped(spec, cells)
    edges: dict[str, ArrayLike] = {
        name: _stretched(spec, name, stretch, cells[name]) for name, stretch in spec.stretch.items()
    }
    free = {name: span for name, span in spec.spans.items() if name not in edges}
    counted = [cells[name] for name in free]
    if spec.type not in _PLAIN:
        return meshes.orthogonal(
            spec.type, free, cells=counted, periodic=tuple(spec.periodic), edges=edges, focus=spec.focus
        )
    arguments: dict[str, Any] = {**free, "cells": counted, "edges": edges}
    if spec.type in ("cartesian", "cylindrical"):
        arguments["periodic"] = tuple(spec.periodic)
    elif set(spec.periodic) - {"phi"}:
        raise InvalidInput(must("periodic", "phi, or left out", spec.periodic, "Only phi can close on itself."))
    constructors: dict[str, Callable[..., Mesh]] = {name: getattr(meshes, name) for name in _PLAIN}
    return constructors[spec.type](**arguments)


def _check_keys(spec: MeshSpec) -> None:
    """Refuse keys that belong to another type of mesh. Raises InvalidInput naming the key first."""
    known = AXES[spec.type]
    for name in Axis.__args__:  # type: ignore[attr-defined]
        if getattr(spec, name) is not None and name not in known:
            raise InvalidInput(
                must(name, f"left out of a {spec.type} mesh ({', '.join(known)})", "a range", "Remove it.")
            )
    if spec.type != CURVILINEAR:
        for key in ("map", "corners"):
            if getattr(spec, key) is not None:
                raise InvalidInput(must(key, f"left out of a {spec.type} mesh", key, "Write type: curvilinear."))
    if spec.type in (*_PLAIN, CURVILINEAR) and spec.focus is not None:
        raise InvalidInput(f"`focus` does not belong to {spec.type} meshes: they have no foci. Remove it.")
    if spec.type != CURVILINEAR:
        return
    if (spec.map is None) == (spec.corners is None):
        got = "neither" if spec.map is None else "both"
        raise InvalidInput(
            must("mesh", "given by a `map` or by `corners`", got, 'For example map: {x: "u*cos(v)", y: "u*sin(v)"}.')
        )
    if spec.stretch:
        raise InvalidInput(must("stretch", "left out of a curvilinear mesh", "a ratio", "Stretch by the map itself."))
    if spec.corners is not None and (spec.cells or spec.spans):
        key = "cells" if spec.cells else next(iter(spec.spans))
        raise InvalidInput(must(key, "left out beside `corners`: the file has them all", "a value", "Remove it."))


def _check_axes(spec: MeshSpec) -> None:
    known = AXES[spec.type]
    if spec.map is not None:
        dim = len(spec.map)
        if sorted(spec.map) != list("xyz")[:dim] or dim < 2:
            raise InvalidInput(must("map", "formulas for x and y, or x, y and z", sorted(spec.map), "Add the rest."))
        known = known[:dim]
        if tuple(spec.spans) != known:
            wrong_axis = next(iter(set(known) ^ set(spec.spans)))
            name, got = ("mesh", "not all") if wrong_axis in known else (wrong_axis, "a range")
            rule = f"a range for {', '.join(known)}: the map has {dim} formulas"
            raise InvalidInput(must(name, f"given {rule}" if name == "mesh" else rule, got, "Write u: [0, 1]."))
    if not spec.spans:
        raise InvalidInput(must("mesh", f"given a range for {', '.join(known)}", "none", f"Add {known[0]}: [0, 1]."))
    if len(spec.cells) != len(spec.spans):
        names = ", ".join(spec.spans)
        raise InvalidInput(
            must("cells", f"one number for each of {names}", spec.cells or "none", "Write it as [64, 64].")
        )
    for name in spec.stretch:
        if name not in spec.spans:
            raise InvalidInput(must("stretch", f"for {', '.join(spec.spans)}", name, "Give an axis that has a range."))


def _mapped(spec: MeshSpec, cells: Mapping[str, int]) -> Mesh:
    """Return the curvilinear mesh of a map."""
    from fieldsim import meshes

    formulas = {str(name): _text(formula) for name, formula in sorted((spec.map or {}).items())}
    counts = [cells[name] for name in spec.spans]
    return meshes.curvilinear(map=formulas, cells=counts, periodic=tuple(spec.periodic), **spec.spans)


def _text(value: float | Formula) -> str:
    return value.resolved if isinstance(value, Formula) else repr(value)


def _corners(name: str, folder: Path) -> NDArray[np.float64]:
    """Read cell corners (dim, n0 + 1, ...): an array called corners, or one each called x, y (and z)."""
    import numpy as np

    from fieldsim.potentials import load_array, load_arrays
    from fieldsim.scenario.library import find_data

    path = find_data(name, folder)
    if path is None:
        raise InvalidInput(must("corners", "a file beside the scenario or in data/", name, "Give its name there."))
    if path.suffix.lower() != ".npz":
        return load_array(path)
    arrays = load_arrays(path)
    if "corners" in arrays:
        return arrays["corners"]
    parts = [arrays[axis] for axis in "xyz" if axis in arrays]
    if len(parts) < 2 or len({part.shape for part in parts}) != 1:
        raise InvalidInput(
            must("corners", "an array `corners`, or x, y (and z) of one shape", sorted(arrays), "Save it with these.")
        )
    return np.stack(parts)


def _stretched(spec: MeshSpec, axis: str, stretch: Stretch, cells: int) -> NDArray[np.float64]:
    """Return edges whose widths grow by a constant ratio away from one or both ends."""
    import numpy as np

    low, high = spec.spans[axis]
    ends = {side.removeprefix(axis) for side in stretch.towards}
    if not ends <= {"-", "+"}:
        raise InvalidInput(must("stretch", f"towards {axis}- or {axis}+", stretch.towards, "Name ends of this axis."))
    index = np.arange(cells)
    steps = {"-": index, "+": index[::-1]}
    away = reduce(np.minimum, (steps[end] for end in sorted(ends)))
    if stretch.ratio ** int(away.max(initial=0)) > _MOST_GROWTH:
        raise InvalidInput(
            must(
                "ratio",
                f"small enough that cells grow less than {_MOST_GROWTH:g} times",
                stretch.ratio,
                "Use 1.05.",
            )
        )
    widths = stretch.ratio ** away.astype(float)
    edges: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(widths)])
    edges *= (high - low) / edges[-1]
    edges += low
    edges[-1] = high
    return edges


def checked_mesh(spec: MeshSpec, folder: Path) -> Mesh | None:
    """Build the mesh to check it, or the same with fewer cells where that is quicker; raises InvalidInput.

    None where only the whole mesh can tell: a coarse copy of a large map may fold where the map does not.
    """
    if spec.corners is not None:
        return make_mesh(spec, folder)
    _check_keys(spec)
    _check_axes(spec)
    if spec.type == CURVILINEAR:
        if prod(spec.cells) <= _QUICKLY_BUILT:
            return make_mesh(spec, folder)
        most = round(_QUICKLY_BUILT ** (1.0 / len(spec.cells)))
        try:
            return make_mesh(spec, folder, _at_most(spec, most))
        except InvalidInput:
            return None
    if max(spec.cells) <= 100_000:
        return make_mesh(spec, folder)
    return make_mesh(spec, folder, _at_most(spec, 4))


def _at_most(spec: MeshSpec, most: int) -> dict[str, int]:
    return {name: min(count, most) for name, count in zip(spec.spans, spec.cells, strict=True)}


def refined(spec: MeshSpec, numerator: int, denominator: int = 1) -> MeshSpec:
    """Return the mesh with its numbers of cells multiplied by a fraction (at least 4 remain)."""
    cells = [max(4, count * numerator // denominator) for count in spec.cells]
    return spec.model_copy(update={"cells": cells})
