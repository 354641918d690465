"""The catalogue names every constructor and every argument; potentials survive pickling."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest

from fieldsim import potentials as pot

EXAMPLES = {
    "point_charges": {"charges": [1e-9], "at": [(0, 0, 0)]},
    "point_masses": {"masses": [1.0], "at": [(0, 0, 0)]},
    "ideal_dipole": {"moment": (0, 0, 1e-9)},
    "charged_line": {"charge": 1e-9, "start": (0, 0, 0), "end": (0, 0, 1)},
    "paraboloid": {"top": 1.0, "curvatures": (1.0, 2.0, 3.0)},
    "constant": {"level": 4.0, "unit": "V"},
    "formula": {"expression": "sin(x)*y + r", "unit": "V"},
}


@pytest.mark.parametrize("name", sorted(pot.CATALOGUE))
def test_every_argument_has_its_unit(name):
    entry = pot.CATALOGUE[name]
    assert entry.build is getattr(pot, name)
    assert set(entry.units) == set(inspect.signature(entry.build).parameters) - {"name"}
    assert entry.meaning


@pytest.mark.parametrize("name", sorted(pot.CATALOGUE))
def test_every_kind_builds_evaluates_and_pickles(name):
    entry = pot.CATALOGUE[name]
    numbers = dict.fromkeys(("charge", "separation", "radius", "mass", "density"), 1.0)
    arguments = EXAMPLES.get(name) or {k: v for k, v in numbers.items() if k in entry.units}
    potential = entry.build(**arguments)
    x = np.array([[0.3, 0.7], [0.2, -0.4], [1.4, 0.6]])
    gradient = potential.gradient(x)
    assert np.isfinite(gradient).all()
    cut = potential.cut(1e-3)
    np.testing.assert_array_equal(cut.value(x), potential.value(x))
    again = pickle.loads(pickle.dumps(cut))
    np.testing.assert_array_equal(again.gradient(x), gradient)
    assert (again.unit, again.name) == (potential.unit, potential.name)


def test_no_potential_is_missing_from_the_catalogue():
    returns_potential = {
        name
        for name in pot.__all__
        if name.islower()
        and "Potential" not in name
        and name not in {"data_file", "load_array", "load_arrays", "load_elevation", "sampled", "sampled_file"}
        and not name.startswith("prem_")
    }
    assert returns_potential == set(pot.CATALOGUE)
