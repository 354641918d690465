"""Errors and observed orders of every operator on a mesh of the catalogue, against exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from oracles import (
    case_for,
    curl_of,
    divergence_of,
    gradient_of,
    hessian_of,
    jacobian_of,
    laplacian_of,
    native_tensor,
    native_vector,
    places,
    sampled,
    vector_laplacian_of,
)

import fieldsim as fs
from fieldsim.meshes import Mesh

# Exact to rounding: nothing is left whose order could be seen (the curl of a central field).
EXACT = 1e-12
OPERATORS = ("gradient", "divergence", "curl", "laplacian", "vector laplacian", "hessian", "jacobian")


def applied(f, F, order: int) -> dict[str, np.ndarray]:
    """Return the values of every operator by name."""
    result = {
        "gradient": fs.gradient(f, order).values,
        "divergence": fs.divergence(F, order).values,
        "laplacian": fs.laplacian(f, order).values,
        "vector laplacian": fs.laplacian(F, order).values,
        "hessian": fs.hessian(f, order).values,
        "jacobian": fs.jacobian(F, order).values,
    }
    if f.mesh.dim > 1:
        result["curl"] = fs.curl(F, order).values
    return result


def exact(mesh: Mesh, case, x) -> dict[str, np.ndarray]:
    """Return what `applied` approximates, in the mesh's own components."""
    result = {
        "gradient": native_vector(mesh, gradient_of(case.scalar, x)),
        "divergence": divergence_of(case.vector, x),
        "laplacian": laplacian_of(case.scalar, x),
        "vector laplacian": native_vector(mesh, vector_laplacian_of(case.vector, x)),
        "hessian": native_tensor(mesh, hessian_of(case.scalar, x)),
        "jacobian": native_tensor(mesh, jacobian_of(case.vector, x)),
    }
    if mesh.dim > 1:
        curl = curl_of(case.vector, x)
        result["curl"] = curl if mesh.dim == 2 else native_vector(mesh, curl)
    return result


def scales(mesh: Mesh, case, truth, x) -> dict[str, float]:
    """Return the size of the derivatives that each operator adds up."""
    second = max(np.abs(part(x, k, k)).max() for part in case.vector for k in range(mesh.dim))
    size = {name: np.abs(truth[name]).max() for name in ("gradient", "hessian", "jacobian")}
    return {
        **size,
        "divergence": size["jacobian"],
        "curl": size["jacobian"],
        "laplacian": size["hessian"],
        "vector laplacian": second,
    }


def errors(mesh: Mesh, order: int, waves: float) -> dict[str, float]:
    """Return the largest error of each operator over all cells, relative to the derivatives it adds up."""
    case = case_for(mesh, waves)
    x = places(mesh.points)
    truth = exact(mesh, case, x)
    size = scales(mesh, case, truth, x)
    got = applied(*sampled(mesh, case, x), order)
    return {name: float(np.abs(got[name] - truth[name]).max() / size[name]) for name in truth}


def rounding(mesh: Mesh, order: int, waves: float) -> dict[str, float]:
    """Return the change of each operator when every input number moves by a few units in the last place."""
    case = case_for(mesh, waves)
    x = places(mesh.points)
    size = scales(mesh, case, exact(mesh, case, x), x)
    f, F = sampled(mesh, case, x)
    random = np.random.default_rng(1)
    moved = [
        field.with_values(field.values + 1e-15 * np.abs(field.values).max() * random.uniform(-1, 1, field.values.shape))
        for field in (f, F)
    ]
    before, after = applied(f, F, order), applied(*moved, order)
    noise = {name: float(np.abs(after[name] - before[name]).max() / size[name]) for name in before}
    if not mesh.orthogonal:
        # The metric is differentiated itself: a constant vector shows what its rounding leaves.
        still = applied(f, F.with_values(np.full_like(F.values, np.abs(F.values).max())), order)
        for name in ("divergence", "curl", "jacobian", "vector laplacian"):
            noise[name] = max(noise[name], float(np.abs(still[name]).max() / size[name]))
    return noise


@dataclass(frozen=True)
class Observed:
    """The order seen between n and 2 n cells an axis, and the error at 2 n."""

    order: float
    error: float
    cells: int


def observed_orders(factory, n: int, order: int, waves: float) -> dict[str, Observed]:
    """Return, by operator, the order observed from n to 2 n cells."""
    coarse, fine = (errors(factory(cells), order, waves) for cells in (n, 2 * n))
    with np.errstate(divide="ignore"):
        return {name: Observed(float(np.log2(coarse[name] / fine[name])), fine[name], 2 * n) for name in coarse}


def nearest_orders(factory, sizes, order: int, settled: Callable[[str, Observed], bool]) -> dict[str, Observed | None]:
    """Return, by operator, the observed order nearest to `order` among errors clear of rounding; None: there are none.

    `sizes` are the (cells, waves) to try, one after the other until every order is `settled`.
    """
    nearest: dict[str, Observed | None] = {}
    for n, waves in sizes:
        noise = rounding(factory(2 * n), order, waves)
        latest = observed_orders(factory, n, order, waves)
        for name, seen in latest.items():
            best = nearest.setdefault(name, None)
            clear = seen.error > max(30 * noise[name], EXACT)
            if clear and (best is None or abs(seen.order - order) < abs(best.order - order)):
                nearest[name] = seen
        if all(settled(name, seen) if seen else latest[name].error < EXACT for name, seen in nearest.items()):
            break
    return nearest
