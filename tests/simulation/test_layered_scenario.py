"""A wall of many layers through the scenario language, exact to rounding."""

from __future__ import annotations

import numpy as np
import pytest

from fieldsim.scenario.compute import solve as solve_scenario
from fieldsim.scenario.load import load

LAYERS = """\
fieldsim: 1
title: A wall of forty layers
parameters: {L: 40 cm, hot: 60 K, cold: 0 K}
mesh: {type: cartesian, x: [0, L], cells: [120]}
model: {heat: {conductivity: "where(sin(40*pi*x/L) > 0, 1.4, 0.03)"}}
boundary: {x-: {value: hot}, x+: {value: cold}}
"""


def test_forty_layers_from_a_scenario(tmp_path):
    """Concrete and insulation by turns: q = dT/sum(d/k) to 1e-11, and the corners of the profile with it."""
    path = tmp_path / "layers.yaml"
    path.write_text(LAYERS, encoding="utf-8")
    solution = solve_scenario(load(path))
    result = solution.result
    resistance = 20 * (0.01 / 1.4 + 0.01 / 0.03)
    assert result.at_boundary("x+").flux_out == pytest.approx(60 / resistance, rel=1e-11)
    assert -result.at_boundary("x-").flux_out == pytest.approx(60 / resistance, rel=1e-11)
    np.testing.assert_allclose(result.flux.values[0], 60 / resistance, rtol=1e-11)
    # at the end of every pair of layers a twentieth of the drop is left behind
    pairs = np.arange(21) * 0.02
    np.testing.assert_allclose(result.at(pairs[:, None]), 60 - 60 * np.arange(21) / 20, atol=1e-10)
