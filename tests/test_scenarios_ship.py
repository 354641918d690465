"""Every scenario that ships validates, teaches, names its sources, and meets its checks."""

from __future__ import annotations

import re

import pytest

from fieldsim.scenario.library import scenario_names, shipped_scenario
from fieldsim.scenario.load import Loaded, load
from fieldsim.scenario.resolved import resolved_text
from fieldsim.scenario.verify import verify_scenario

EXPECTED = {
    "bipolar_lines", "composite_wall", "contact_joint", "decay_chain", "dielectric_ball", "dipole", "double_star",
    "drug_bead", "earth", "eccentric_pipe", "fisher_wave", "furnace_wall", "gray_scott", "ground_seasons",
    "heated_rod", "hot_wall", "membrane", "mountain", "point_charge", "quenched_ball",
    "radiating_bar", "ring_plate", "river_cloud", "room_temperature",
    "square_cable", "terrain", "terrain_following", "uniform_gravity", "wood_plate",
}  # fmt: skip


def loaded(name: str) -> Loaded:
    path = shipped_scenario(name)
    assert path is not None
    return load(path)


def test_the_promised_scenarios_ship() -> None:
    assert set(scenario_names()) >= EXPECTED


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_scenario_teaches(name: str) -> None:
    scenario = loaded(name).scenario
    assert len(re.findall(r"[.!?](?:\s|$)", scenario.about.strip())) == 3, "three sentences on what to look for"
    assert scenario.question is not None
    assert scenario.question.strip().endswith("?")
    assert scenario.check
    assert all(len(check.source) > 5 for check in scenario.check)
    assert scenario.probe
    assert len(scenario.view) >= 2


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_scenario_meets_its_checks(name: str) -> None:
    verification = verify_scenario(loaded(name))
    assert verification.passed, [check for check in verification.checks if not check.passed]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_scenario_written_out_in_si_is_the_same_scenario(name: str) -> None:
    from pathlib import Path

    from fieldsim.scenario.load import check_tree
    from fieldsim.scenario.reader import read_text

    once = resolved_text(loaded(name))
    again = check_tree(read_text(once, name), once.encode(), Path(name))
    assert resolved_text(again) == once


@pytest.mark.slow
@pytest.mark.parametrize("name", ["heated_rod", "ring_plate", "quenched_ball", "point_charge"])
def test_the_order_of_a_scenario_is_two(name: str) -> None:
    orders = verify_scenario(loaded(name), with_order=True).orders
    found = [float(number) for line in orders for number in re.findall(r"observed order ([-\d.]+)", line)]
    assert found
    assert min(found) >= 1.8
