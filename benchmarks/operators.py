"""Speed of the operators, in multiples of the time one array of the same size takes to copy in the same run.

    python benchmarks/operators.py [--cells 256] [--peers] [--first-call]

Peers (py-pde, findiff, numpy.gradient, PyVista) are measured beside where they are installed: pip install ".[bench]".
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable

import numpy as np
from machine import copy_time, describe, median_time

import fieldsim as fs

TURN = 2.0 * np.pi


def meshes(n: int) -> dict[str, fs.Mesh]:
    """Return one mesh of n^3 cells of each kind."""
    return {
        "cartesian": fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(n, n, n)),
        "cartesian, periodic": fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(n, n, n), periodic=("x", "y", "z")),
        "cartesian, stretched": fs.cartesian(edges={a: np.expm1(np.linspace(0, 1, n + 1)) for a in "xyz"}),
        "cylindrical": fs.cylindrical(r=(0.1, 1), phi=(0, TURN), z=(0, 1), cells=(n, n, n)),
        "cylindrical, with axis": fs.cylindrical(r=(0, 1), phi=(0, TURN), z=(0, 1), cells=(n, n, n)),
        "spherical shell": fs.spherical(r=(0.1, 1), theta=(0.3, 2.8), phi=(0, TURN), cells=(n, n, n)),
        "spherical ball": fs.spherical(r=(0, 1), theta=(0, np.pi), phi=(0, TURN), cells=(n, n, n)),
    }


def operators(mesh: fs.Mesh, order: int) -> dict[str, Callable[[], object]]:
    """Return the four operators with preallocated results."""
    rng = np.random.default_rng(1)
    f = fs.ScalarField(mesh, rng.random(mesh.shape))
    F = fs.VectorField(mesh, rng.random((3, *mesh.shape)))
    scalar, vector = np.empty(mesh.shape), np.empty((3, *mesh.shape))
    return {
        "gradient": lambda: fs.gradient(f, order, out=vector),
        "divergence": lambda: fs.divergence(F, order, out=scalar),
        "laplacian": lambda: fs.laplacian(f, order, out=scalar),
        "curl": lambda: fs.curl(F, order, out=vector),
    }


def row(name: str, order: int, mesh: fs.Mesh) -> str:
    """Return one row of the table, each entry a multiple of a copy taken beside it."""
    cells = []
    for run in operators(mesh, order).values():
        seconds = median_time(run)
        cells.append(f"{seconds / copy_time(mesh.shape):10.2f}")
    return f"{name:24s} {order:5d} " + " ".join(cells)


# Arrays each operator must read and write on a curvilinear mesh, a written one counted twice (its line is fetched
# first): gradient f, 9 of a^i -> 3; divergence F, 9 of JA^i, 1/J -> 1; Laplacian f, 6 of g^ij, 3 of drift -> 1;
# curl F, 9 of a_k, 9 of b_i -> 3. A copy moves 3.
MOVED = {"gradient": 16, "divergence": 15, "laplacian": 12, "curl": 27}


def curvilinear_row(n: int) -> str:
    """Return each operator's time on a warped cube in units of the time to move the arrays it must touch."""
    mesh = fs.curvilinear(
        map={"x": "u + 0.08*sin(3*v + w)", "y": "v + 0.07*sin(3*w)*u", "z": "w + 0.1*u*v"}, cells=(n, n, n)
    )
    cells = []
    for name, run in operators(mesh, 2).items():
        cells.append(f"{median_time(run) / (copy_time(mesh.shape) * MOVED[name] / 3):10.2f}")
    return f"{f'curvilinear, {n}^3 (moves)':24s} {2:5d} " + " ".join(cells)


def extra_memory(mesh: fs.Mesh) -> str:
    """Return the peak memory of each operator beyond its inputs and outputs, in percent of those."""
    parts = []
    for name, run in operators(mesh, 2).items():
        run()
        arrays = 4 if name in ("gradient", "divergence") else 6 if name == "curl" else 2
        tracemalloc.start()
        run()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        parts.append(f"{name} {100 * peak / (arrays * 8 * mesh.size):.2f} %")
    return ", ".join(parts)


def same_bits(mesh: fs.Mesh) -> bool:
    """Tell whether one thread and all threads give the same bits."""
    import numba

    rng = np.random.default_rng(1)
    f, F = fs.ScalarField(mesh, rng.random(mesh.shape)), fs.VectorField(mesh, rng.random((3, *mesh.shape)))
    results = []
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        numba.set_num_threads(threads)
        results.append([fs.gradient(f).values, fs.divergence(F).values, fs.laplacian(f).values, fs.curl(F).values])
    return all(np.array_equal(a, b) for a, b in zip(*results, strict=True))


FIRST_CALL = """
import time, numpy as np, fieldsim as fs
mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(32, 32, 32))
f, F = fs.ScalarField(mesh, "x*y*z"), fs.VectorField(mesh, ["x", "y", "z"])
start = time.perf_counter()
fs.gradient(f); fs.divergence(F); fs.curl(F); fs.laplacian(f)
print(time.perf_counter() - start)
"""


def first_calls() -> tuple[float, float]:
    """Return the seconds of the first calls of all four operators with an empty cache, and with a filled one."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        times = [
            float(
                subprocess.run(
                    [sys.executable, "-c", FIRST_CALL], env=environment, capture_output=True, check=True, text=True
                ).stdout
            )
            for _ in range(2)
        ]
    return times[0], times[1]


def peers(n: int) -> list[str]:
    """Return rows for the neighbours, on a Cartesian mesh."""
    values = np.random.default_rng(1).random((n, n, n))
    copy = copy_time(values.shape)
    h = 1.0 / n
    rows = []

    def add(name: str, **runs: Callable[[], object]) -> None:
        cells = [
            f"{median_time(runs[key], 3) / copy:10.2f}" if key in runs else f"{'-':>10s}"
            for key in ("gradient", "divergence", "laplacian", "curl")
        ]
        rows.append(f"{name:24s} {2:5d} " + " ".join(cells))

    add("numpy.gradient", gradient=lambda: np.gradient(values, h))
    try:
        import pde

        grid = pde.CartesianGrid([[0, 1]] * 3, n, periodic=True)
        field = pde.ScalarField(grid, values)
        vector = pde.VectorField(grid, np.stack([values] * 3))
        gradient_out, scalar_out = pde.VectorField(grid), pde.ScalarField(grid)
        add(
            f"py-pde {pde.__version__}",
            gradient=lambda: field.gradient("periodic", out=gradient_out),
            divergence=lambda: vector.divergence("periodic", out=scalar_out),
            laplacian=lambda: field.laplace("periodic", out=scalar_out),
        )
    except ImportError:
        rows.append("py-pde is not installed")
    try:
        import findiff

        gradient = findiff.Gradient(h=[h] * 3, acc=2)
        laplacian = findiff.Laplacian(h=[h] * 3, acc=2)
        divergence, curl = findiff.Divergence(h=[h] * 3, acc=2), findiff.Curl(h=[h] * 3, acc=2)
        stack = np.stack([values] * 3)
        add(
            f"findiff {findiff.__version__}",
            gradient=lambda: gradient(values),
            divergence=lambda: divergence(stack),
            laplacian=lambda: laplacian(values),
            curl=lambda: curl(stack),
        )
    except ImportError:
        rows.append("findiff is not installed")
    try:
        import pyvista

        image = pyvista.ImageData(dimensions=(n, n, n), spacing=(h, h, h))
        image.point_data["f"] = values.ravel(order="F")
        image.point_data["F"] = np.stack([values.ravel(order="F")] * 3, axis=1)
        add(
            f"PyVista {pyvista.__version__}",
            gradient=lambda: image.compute_derivative(scalars="f"),
            divergence=lambda: image.compute_derivative(scalars="F", gradient=False, divergence=True),
            curl=lambda: image.compute_derivative(scalars="F", gradient=False, vorticity=True),
        )
    except ImportError:
        rows.append("PyVista is not installed")
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=256)
    parser.add_argument("--only", default="", help="only meshes whose name contains this")
    parser.add_argument("--orders", default="2,4,6,8")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--first-call", action="store_true")
    options = parser.parse_args()
    n = options.cells
    copy = copy_time((n, n, n))
    print(describe())
    print(
        f"{n}^3 float64, copy of one array {copy * 1e3:.1f} ms ({16 * n**3 / copy / 1e9:.1f} GB/s); times in copies\n"
    )
    print(f"{'mesh':24s} {'order':>5s} {'gradient':>10s} {'divergence':>10s} {'laplacian':>10s} {'curl':>10s}")
    for name, mesh in meshes(n).items():
        if options.only in name:
            for order in (int(o) for o in options.orders.split(",")) if name == "cartesian" else (2,):
                print(row(name, order, mesh), flush=True)
    if options.only in "curvilinear":
        print(curvilinear_row(n * 5 // 8), flush=True)
    if options.peers:
        print("\n".join(peers(n)))
    cartesian = meshes(n)["cartesian"]
    print(f"\npeak memory beyond inputs and outputs: {extra_memory(cartesian)}")
    print(f"same bits for one thread and all: {all(same_bits(mesh) for mesh in meshes(min(n, 48)).values())}")
    if options.first_call:
        empty, filled = first_calls()
        print(f"first call of all four: {empty:.1f} s with an empty cache, {filled:.2f} s with a filled one")


if __name__ == "__main__":
    main()
