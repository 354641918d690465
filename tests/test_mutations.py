"""The tests themselves are tested: each fault is put into a copy of the package, and the tests named must fail.

A mutation that no longer fits its file fails too, so that the list stays true to the code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Mutation:
    """A fault: `old` becomes `new` in a file of the package, and some test in `tests` must notice."""

    name: str
    file: str
    old: str
    new: str
    tests: str


MUTATIONS = (
    Mutation(
        "arithmetic in place of harmonic means",
        "physics/conduction.py",
        "total = _part(below, axis, 0, n - 1, of=n) + _part(above, axis, 1, n, of=n)",
        "total = 4.0 / (1.0 / _part(below, axis, 0, n - 1, of=n) + 1.0 / _part(above, axis, 1, n, of=n))",
        "physics/test_finite_volume.py simulation/test_steady.py",
    ),
    Mutation(
        "half the distance to a wall",
        "physics/finite_volume.py",
        "areas, self.mesh.half_distances(side.axis)[side.end][index]",
        "areas, 0.5 * self.mesh.half_distances(side.axis)[side.end][index]",
        "simulation/test_steady.py",
    ),
    Mutation(
        "a sink that supplies",
        "physics/finite_volume.py",
        "result -= self._sink(t) * u",
        "result += self._sink(t) * u",
        "simulation/test_nonlinear.py",
    ),
    Mutation(
        "the sign of what leaves through a wall",
        "boundary/law.py",
        "return self.slope * (inner - self.reference) + self.flux",
        "return self.slope * (inner - self.reference) - self.flux",
        "boundary/test_boundary.py",
    ),
    Mutation(
        "the surface value on the wrong side of the cell's",
        "boundary/law.py",
        "inner - self.flux_out(inner) / wall.conductance",
        "inner + self.flux_out(inner) / wall.conductance",
        "boundary/test_boundary.py",
    ),
    Mutation(
        "a film without the half cell in series",
        "boundary/conditions.py",
        "slope = h * wall.conductance / (h + wall.conductance)",
        "slope = h",
        "boundary/test_boundary.py simulation/test_steady.py",
    ),
    Mutation(
        "a seam that loses what crosses it",
        "linear/grid_operator.py",
        "_add_seam(result, flow, axis, sign=-1.0)",
        "_add_seam(result, flow, axis, sign=1.0)",
        "linear/test_linear.py",
    ),
    Mutation(
        "gravity that repels",
        "physics/models.py",
        "source_factor=-4.0 * pi",
        "source_factor=4.0 * pi",
        "simulation/test_steady.py simulation/test_answers.py",
    ),
    Mutation(
        "a weight of TR-BDF2",
        "stepping/tableaux.py",
        "_W = sqrt(2.0) / 4.0",
        "_W = sqrt(2.0) / 4.01",
        "stepping/test_stepping.py",
    ),
    Mutation(
        "one sign in Fornberg's recursion",
        "stencils.py",
        "(distance * weights[m, :, j] - m * weights[m - 1, :, j]) / gap",
        "(distance * weights[m, :, j] + m * weights[m - 1, :, j]) / gap",
        "test_stencils.py",
    ),
    Mutation(
        "the sign of one half of the curl",
        "operators/plans.py",
        "1.0 if (j + 1) % 3 == k else -1.0",
        "1.0",
        "operators/test_operator_closed_forms.py",
    ),
    Mutation(
        "the metric left out of derivatives of components",
        "operators/plans.py",
        "first.scaled(1.0 / outer, inner)",
        "first",
        "operators/test_operator_closed_forms.py",
    ),
    Mutation(
        "vector components that keep their sign beyond a pole",
        "operators/terms.py",
        "return component_signs(self.mesh.coordinates, pole)[component]",
        "return 1",
        "operators/test_operator_closed_forms.py operators/test_operator_coursework.py",
    ),
    Mutation(
        "metric terms of curvilinear meshes that do not cancel",
        "operators/skew.py",
        "flux[i, n] = forth - back",
        "flux[i, n] = jacobian * contravariant[i, n]",
        "operators/test_operator_identities.py",
    ),
    Mutation(
        "a contact that is not felt",
        "physics/conduction.py",
        "return total if extra is None else total + extra",
        "return total",
        "physics/test_contact.py",
    ),
    Mutation(
        "a sub-face on the wrong side of its cell",
        "physics/corners.py",
        "outward = 1.0 - 2.0 * offset[axis]",
        "outward = 1.0",
        "simulation/test_skew_tensors.py",
    ),
    Mutation(
        "half a film on skew meshes",
        "physics/elimination.py",
        "areas * walls.film[numbers], 0.0)",
        "0.5 * areas * walls.film[numbers], 0.0)",
        "physics/test_energy_form.py",
    ),
    Mutation(
        "one digit of a coefficient of ESDIRK4",
        "stepping/tableaux.py",
        "-654441 / 2922500",
        "-654440 / 2922500",
        "stepping/test_stepping.py",
    ),
    Mutation(
        "drift against the stream",
        "physics/drift.py",
        "np.where(flow > 0.0, flow * lower, flow * upper)",
        "np.where(flow < 0.0, flow * lower, flow * upper)",
        "physics/test_drift.py",
    ),
    Mutation(
        "descent uphill",
        "analysis/descent.py",
        "move = -rate * slope",
        "move = rate * slope",
        "analysis/test_descent.py",
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_fault_is_noticed(mutation, tmp_path):
    package = tmp_path / "fieldsim"
    # with its compiled kernels: those that the fault does not touch are not compiled again
    shutil.copytree(ROOT / "fieldsim", package)
    for name in ("tests", "scenarios", "data", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    path = package / mutation.file
    text = path.read_text()
    assert text.count(mutation.old) == 1, "the mutation must name one place of the file"
    path.write_text(text.replace(mutation.old, mutation.new))
    files = [f"tests/{name}" for name in mutation.tests.split()]
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:cacheprovider", *files]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 1, f"no test noticed:\n{run.stdout[-2000:]}\n{run.stderr[-2000:]}"
    assert " failed" in run.stdout
