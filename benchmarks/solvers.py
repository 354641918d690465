"""Speed of the solvers, in multiples of a bare transform, of a residual evaluation, or beside other packages.

    python benchmarks/solvers.py [--cells 256] [--peers] [--only poisson ...]

Everything is measured in one run on one machine; peers (pyamg, py-pde, FiPy, findiff) are skipped by name if absent.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from machine import copy_time, describe, median_time
from scipy import fft

import fieldsim as fs
from fieldsim.kernels.multigrid import residual
from fieldsim.linear import GridOperator, prepare
from fieldsim.linear.residual import residual_sums

TURN = 2.0 * np.pi


def cube(n: int) -> fs.Mesh:
    """Return the unit cube in n^3 cells."""
    return fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(n, n, n))


def shell(scale: float) -> fs.Mesh:
    """Return a spherical shell, 128 x 96 x 192 cells at scale 1."""
    cells = tuple(int(m * scale) for m in (128, 96, 192))
    return fs.spherical(r=(0.5, 1), theta=(0, np.pi), phi=(0, TURN), cells=cells)


def held(mesh: fs.Mesh, conductivity: object) -> fs.Problem:
    """Return a problem with every wall held at zero and a source that no symmetry simplifies."""
    source = np.random.default_rng(1).standard_normal(mesh.shape)
    return fs.Problem(mesh, fs.Heat(conductivity, source=source), {side: fs.Value(0.0) for side in mesh.walls})


def system(problem: fs.Problem) -> tuple[GridOperator, np.ndarray]:
    """Return matrix and right-hand side of a problem with walls at zero."""
    return problem.volume.matrix_at(0.0), problem.volume.supply(0.0, np.zeros(problem.mesh.shape))


def once(run: Callable[[], object]) -> float:
    """Return the time of one run in seconds."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def poisson(n: int) -> None:
    """Constant coefficients: against a bare sine transform forth and back."""
    matrix, b = system(held(cube(n), 1.0))
    eigenvalues = 1.0 + np.add.outer(np.add.outer(np.arange(n), np.arange(n)), np.arange(n))

    def bare() -> np.ndarray:
        return fft.idstn(fft.dstn(b, type=2, workers=2) / eigenvalues, type=2, workers=2, overwrite_x=True)

    prepared = prepare(matrix)
    unit = median_time(bare, 3)
    whole, again = median_time(lambda: prepare(matrix).solve(b), 3), median_time(lambda: prepared.solve(b), 3)
    print(f"Poisson {n}^3, in bare DST solves of {unit:.3f} s: choose and solve {whole / unit:.2f}, "
          f"solve again {again / unit:.2f}, residual {prepared.solve(b).residual:.1e} ({prepared.method})")  # fmt: skip


def conduction(name: str, problem: fs.Problem, rtol: float = 1e-8) -> float:
    """Variable coefficients: against one evaluation of the residual; returns the seconds."""
    matrix, b = system(problem)
    x, r = np.zeros(matrix.shape), np.empty(matrix.shape)
    planes = np.linspace(0, matrix.shape[0], 17).astype(int)
    unit = median_time(lambda: residual(r, x, b, matrix.diagonal, *matrix.couplings, planes), 9)
    start = time.perf_counter()
    prepared = prepare(matrix)
    middle = time.perf_counter()
    answer = prepared.solve(b, rtol=rtol)
    end = time.perf_counter()
    shape = " x ".join(str(m) for m in matrix.shape)
    print(f"{name}, {shape}, in residual evaluations of {1e3 * unit:.1f} ms: {(end - start) / unit:.0f} "
          f"(set-up {(middle - start) / unit:.0f}, {answer.iterations} iterations {(end - middle) / unit:.0f}), "
          f"residual {answer.residual:.1e} ({answer.status}, {answer.method})")  # fmt: skip
    return end - start


SMOOTH = "1 + 0.8*sin(5*x)*cos(4*y)*sin(3*z + 1)"
JUMP = "where(hypot(x - 0.5, hypot(y - 0.5, z - 0.5)) < 0.3, 1e4, 1)"
SHELL = "1 + 0.5*sin(3*phi)*sin(theta)*r"


def growth(n: int) -> None:
    """Time from (n/4)^3 to n^3 with a smooth coefficient: 64 times the cells."""
    fs.solve(held(cube(n // 4), SMOOTH), rtol=1e-8)
    small, large = (once(lambda m=m: fs.solve(held(cube(m), SMOOTH), rtol=1e-8)) for m in (n // 4, n))
    print(f"smooth coefficient, fs.solve, {n}^3 / {n // 4}^3: {large:.2f} s / {small:.3f} s = {large / small:.0f} "
          "(64 times the cells)")  # fmt: skip


def memory(n: int) -> None:
    """Peak memory of a solve with a smooth coefficient, in arrays of the mesh."""
    problem = held(cube(n), SMOOTH)
    matrix, b = system(problem)
    tracemalloc.start()
    prepare(matrix).solve(b, rtol=1e-8)
    lean = tracemalloc.get_traced_memory()[1] / b.nbytes
    tracemalloc.reset_peak()
    fs.solve(problem, rtol=1e-8)
    whole = tracemalloc.get_traced_memory()[1] / b.nbytes
    tracemalloc.stop()
    print(f"peak memory, {n}^3, in arrays: linear solve {lean:.1f} beside 5 given; fs.solve {whole:.1f}")


def small() -> None:
    """Problems that must answer at once, after import, in processes of their own."""
    cases = {
        "1-D 200": "fs.cartesian(x=(0, 1), cells=200)",
        "2-D 128^2": "fs.cartesian(x=(0, 1), y=(0, 1), cells=(128, 128))",
        "polar 128^2": "fs.polar(r=(0, 1), phi=(0, 6.283185307179586), cells=(128, 128))",
    }
    for name, mesh in cases.items():
        code = (
            "import time, fieldsim as fs; fs.solve, fs.Problem, fs.Heat, fs.Value; t = time.perf_counter(); "
            f"m = {mesh}; p = fs.Problem(m, fs.Heat('1 + 0.5*x', source='x'), {{s: fs.Value(0.0) for s in m.walls}}); "
            "r = fs.solve(p); print(time.perf_counter() - t)"
        )
        times = [float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
                 for _ in range(4)]  # fmt: skip
        print(f"{name}, variable coefficient, build and solve in a new process after import: {min(times[1:]):.3f} s")


def diffusion(*, peers: bool) -> None:
    """64^3, three sine modes to t = 0.05: error and time, beside py-pde's adaptive Runge-Kutta."""
    n, until = 64, 0.05
    mesh = cube(n)
    start = "+".join(f"sin({k}*pi*x)*sin({k}*pi*y)*sin({k}*pi*z)" for k in (1, 2, 3))
    exact = "+".join(f"sin({k}*pi*x)*sin({k}*pi*y)*sin({k}*pi*z)*exp(-{3 * k * k}*pi**2*t)" for k in (1, 2, 3))
    walls = {side: fs.Value(0.0) for side in mesh.walls}
    problem = fs.Problem(mesh, fs.Diffusion(1.0), walls, initial=start, exact=exact)
    truth = problem.exact_values(until)
    for method in ("tr_bdf2", "exponential"):
        options = {"until": until, "outputs": 1, "method": method}
        fs.evolve(problem, **options)
        run = fs.evolve(problem, **options)
        seconds = once(lambda options=options: fs.evolve(problem, **options))
        error = float(np.abs(run.fields[-1].values - truth).max())
        print(f"diffusion 64^3 to t = {until}, {method}: {seconds:.3f} s, largest error {error:.1e}")
    if not peers:
        return
    try:
        import pde
    except ImportError:
        print("py-pde: not installed")
        return
    grid = pde.CartesianGrid([[0, 1]] * 3, [n] * 3)
    field = pde.ScalarField(grid, problem.initial_values)
    equation = pde.DiffusionPDE(1.0, bc={"value": 0})
    equation.solve(field, t_range=1e-6, dt=1e-7, adaptive=True, tracker=None, backend="numba")
    began = time.perf_counter()
    answer = equation.solve(field, t_range=until, dt=1e-6, adaptive=True, tracker=None, backend="numba")
    seconds = time.perf_counter() - began
    print(f"  py-pde, adaptive Runge-Kutta: {seconds:.1f} s, largest error {np.abs(answer.data - truth).max():.1e}")


def against_peers(n: int) -> None:
    """Variable coefficients against pyamg at n/2; Poisson problems at the sizes that peers can do."""
    m = n // 2
    matrix, b = system(held(cube(m), SMOOTH))
    ours = once(lambda: prepare(matrix).solve(b, rtol=1e-8))
    try:
        import pyamg

        stored = matrix.matrix().tocsr()
        stored.indices, stored.indptr = stored.indices.astype(np.int32), stored.indptr.astype(np.int32)
        began = time.perf_counter()
        pyamg.ruge_stuben_solver(stored).solve(b.ravel(), tol=1e-8, accel="cg")
        seconds = time.perf_counter() - began
        print(f"smooth coefficient {m}^3: ours {ours:.3f} s; pyamg, Ruge-Stuben and CG, {seconds:.1f} s = "
              f"{seconds / ours:.0f} times")  # fmt: skip
    except ImportError:
        print("pyamg: not installed")
    small = 32
    own = once(lambda: fs.solve(held(cube(small), 1.0)))
    print(f"Poisson {small}^3: fs.solve {own:.3f} s")
    try:
        import pde

        grid = pde.CartesianGrid([[0, 1]] * 3, [small // 2] * 3)
        right = pde.ScalarField.random_normal(grid)
        seconds = once(lambda: pde.solve_poisson_equation(right, bc={"value": 0}))
        print(f"  py-pde {pde.__version__} at {small // 2}^3: {seconds:.2f} s")
    except ImportError:
        print("py-pde: not installed")
    try:
        import fipy

        mesh = fipy.Grid3D(nx=small, ny=small, nz=small, dx=1 / small, dy=1 / small, dz=1 / small)
        unknown = fipy.CellVariable(mesh=mesh)
        unknown.constrain(0.0, mesh.exteriorFaces)
        seconds = once(lambda: (fipy.DiffusionTerm() == -1.0).solve(var=unknown))
        print(f"  FiPy {fipy.__version__} at {small}^3: {seconds:.1f} s")
    except ImportError:
        print("FiPy: not installed")
    try:
        import findiff

        plane = 128
        square = fs.cartesian(x=(0, 1), y=(0, 1), cells=(plane, plane))
        own = once(lambda: fs.solve(held(square, 1.0)))
        laplace = findiff.FinDiff(0, 1 / plane, 2) + findiff.FinDiff(1, 1 / plane, 2)
        conditions = findiff.BoundaryConditions((plane, plane))
        conditions[0, :] = conditions[-1, :] = conditions[:, 0] = conditions[:, -1] = 0
        seconds = once(findiff.PDE(laplace, np.ones((plane, plane)), conditions).solve)
        print(f"  findiff {findiff.__version__} at {plane}^2: {seconds:.2f} s, beside ours {own:.3f} s")
    except ImportError:
        print("findiff: not installed")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=256, help="cells along an edge of the cube")
    parser.add_argument("--peers", action="store_true", help="measure other packages beside")
    cases = ("poisson", "smooth", "jump", "shell", "growth", "memory", "small", "diffusion", "peers")
    parser.add_argument("--only", nargs="+", choices=cases, default=cases, help="what to measure")
    options = parser.parse_args()
    n = options.cells
    unit = copy_time((n, n, n))
    print(f"{describe()}\ncopy of one {n}^3 array {1e3 * unit:.1f} ms ({16 * n**3 / unit / 1e9:.1f} GB/s)\n")
    for warm_up in (held(cube(32), SMOOTH), held(shell(0.25), SHELL)):
        fs.solve(warm_up, solver="cg", rtol=1e-8)
    residual_sums(*[system(held(cube(64), 1.0))[k] for k in (0, 1, 1)])
    runs = {
        "poisson": lambda: poisson(n),
        "smooth": lambda: conduction("smooth coefficient", held(cube(n), SMOOTH)),
        "jump": lambda: conduction("jump of 1e4", held(cube(n), JUMP)),
        "shell": lambda: conduction("spherical shell", held(shell(n / 256), SHELL)),
        "growth": lambda: growth(n),
        "memory": lambda: memory(n),
        "small": small,
        "diffusion": lambda: diffusion(peers=options.peers),
        "peers": lambda: against_peers(n),
    }
    for name, run in runs.items():
        if name in options.only and (name != "peers" or options.peers):
            run()


if __name__ == "__main__":
    main()
