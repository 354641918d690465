"""What the mesh constructors accept and refuse, and what they say: the rule, what was given, the remedy."""

from __future__ import annotations

import re
import time
from math import inf, nan, pi

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import FieldSimError, InvalidInput, Refused

TURN = (0.0, 2 * pi)


def refusal(build) -> str:
    """Return the message of the InvalidInput that `build` must raise, in the one shape all messages have."""
    with pytest.raises(InvalidInput) as caught:
        build()
    text = str(caught.value)
    assert re.search(r"[.?)]$", text), text
    assert "`" in text, text
    return text


# ---- ranges


def test_ends_may_carry_units():
    mesh = fs.spherical(r=("5 mm", "2 cm"), theta=(0, "90 deg"), cells=(4, 4))
    assert mesh.axes[0].edges[[0, -1]] == pytest.approx([0.005, 0.02])
    assert mesh.axes[1].edges[-1] == pytest.approx(pi / 2)
    assert "`x` must be a quantity in m" in refusal(lambda: fs.cartesian(x=(0, "5 s"), cells=4))


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ((1, 0), "must be a pair (low, high) with low < high; got (1, 0). Write x=(0, 1)."),
        ((1, 1), "must be wider than zero; got (1, 1)."),
        ((0, nan), "must be a pair of finite numbers; got (0, nan)."),
        ((-inf, 0), "must be a pair of finite numbers; got (-inf, 0)."),
        ((0, 1e-320), "must be between 1e-150 and 1e150 wide"),
        ((0, 1e300), "must be between 1e-150 and 1e150 wide"),
        ((0, 1, 2), "must be a pair (low, high) of numbers; got (0, 1, 2)."),
        (3, "must be a pair (low, high) of numbers; got 3."),
        ((0, None), "must be a pair (low, high) of numbers; got (0, None)."),
        ((0, 1j), "must be a pair (low, high) of numbers"),
        ((None, 1), "must be a pair (low, high) of numbers"),
    ],
)
def test_ranges_that_are_refused(span, said):
    assert said in refusal(lambda: fs.cartesian(x=span, cells=4))
    assert said.replace("x=", "z=") in refusal(lambda: fs.cylindrical(r=(0, 1), z=span, cells=(4, 4)))


def test_a_range_too_narrow_for_its_cells_is_refused():
    """Two edges of a cell would be the same number."""
    assert "`x`" in refusal(lambda: fs.cartesian(x=(1.0, 1.0 + 1e-15), cells=64))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: fs.polar(r=(-1, 1), cells=4), "`r` must be within [0, inf]; got (-1.0, 1.0)."),
        (lambda: fs.spherical(r=(-1, 1), cells=4), "`r` must be within [0, inf]"),
        (
            lambda: fs.spherical(r=(0, 1), theta=(0, 4), cells=(4, 4)),
            "`theta` must be within [0, 3.14159]; got (0.0, 4.0).",
        ),
        (lambda: fs.spherical(r=(0, 1), theta=(-0.1, 1), cells=(4, 4)), "`theta` must be within [0, 3.14159]"),
        (lambda: fs.spherical(r=(0, 1), theta=(0, 180), cells=(4, 4)), "`theta` must be within [0, 3.14159]"),
        (lambda: fs.polar(r=(0, 1), phi=(0, 7), cells=(4, 4)), "`phi` must be at most 6.28319 (a full turn) long"),
        (lambda: fs.polar(r=(0, 1), phi=(0, 360), cells=(4, 4)), "`phi` must be at most 6.28319 (a full turn) long"),
        (lambda: fs.polar(r=(0, 1), phi=(-4, 4), cells=(4, 4)), "`phi` must be at most 6.28319 (a full turn) long"),
        (lambda: fs.polar(r=(0, 1), phi=(0, 2 * pi + 1e-6), cells=(4, 4)), "a full turn"),
    ],
)
def test_ranges_beyond_the_coordinates(build, said):
    assert said in refusal(build)


def test_a_full_turn_is_recognised_to_rounding():
    assert fs.polar(r=(0, 1), phi=(0.0, 2 * pi * (1 + 1e-14)), cells=(4, 8)).sides["phi-"].kind == "seam"
    assert fs.polar(r=(0, 1), phi=(-pi, pi), cells=(4, 8)).sides["phi+"].kind == "seam"
    assert fs.polar(r=(0, 1), phi=(0.0, 2 * pi * (1 - 1e-9)), cells=(4, 8)).sides["phi-"].kind == "wall"


# ---- counts


@pytest.mark.parametrize("cells", [0, -3, True, 2.5, nan, "5", None, (4, 4), (), (4.0,), ("4",), [[4]], {}, object()])
def test_counts_that_are_refused(cells):
    assert "`cells` must be" in refusal(lambda: fs.cartesian(x=(0, 1), cells=cells))


def test_one_count_for_each_axis():
    assert "must be 2 numbers, one for each of x, y; got 4" in refusal(
        lambda: fs.cartesian(x=(0, 1), y=(0, 1), cells=4)
    )
    assert "one for each of r, z; got (4,)" in refusal(lambda: fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4,)))
    assert "given for x, y" in refusal(lambda: fs.cartesian(x=(0, 1), y=(0, 1)))


@pytest.mark.parametrize("number", [np.int64(5), np.int32(5), np.uint8(5), 5])
def test_counts_may_be_numpy_integers(number):
    assert fs.cartesian(x=(0, 1), cells=number).shape == (5,)
    assert fs.cartesian(x=(0, 1), y=(0, 1), cells=(number, number)).shape == (5, 5)
    assert fs.cartesian(x=(0, 1), y=(0, 1), cells=np.array([number, 3])).shape == (5, 3)


@pytest.mark.parametrize("cells", [10**18, 10**30])
def test_counts_beyond_memory_are_refused_before_any_work(cells):
    began = time.process_time()
    with pytest.raises(FieldSimError):
        fs.cartesian(x=(0, 1), cells=cells)
    assert time.process_time() - began < 1.0


def test_fields_beyond_memory_are_refused_before_any_work():
    """FAULTS, Grid: 100000^3 cells need 7.1 PiB a field."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(100_000,) * 3)
    began = time.process_time()
    for values in (1.0, "x*y*z"):
        with pytest.raises(Refused, match="PiB"):
            fs.ScalarField(mesh, values)
    assert time.process_time() - began < 1.0


# ---- which axes


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: fs.cartesian(y=(0, 1), cells=4), "x, or x and y, or x, y and z; got ['y']"),
        (lambda: fs.cartesian(x=(0, 1), z=(0, 1), cells=(4, 4)), "got ['x', 'z']"),
        (lambda: fs.cartesian(cells=4), "got []"),
        (lambda: fs.polar(phi=(0, 1), cells=4), "all of r, phi, or without phi; got ['phi']"),
        (
            lambda: fs.cylindrical(z=(0, 1), cells=4),
            "all of r, phi, z, or without phi, or without z, or without phi and z",
        ),
        (
            lambda: fs.spherical(r=(0, 1), phi=(0, 1), cells=(4, 4)),
            "or without phi, or without phi and theta; got ['r', 'phi']",
        ),
        (lambda: fs.spherical(theta=(0, 1), cells=4), "got ['theta']"),
    ],
)
def test_axes_that_are_no_symmetry_to_leave_out(build, said):
    assert said in refusal(build)


@pytest.mark.parametrize(
    ("mesh", "names", "dim"),
    [
        (lambda: fs.cartesian(x=(0, 1), cells=4), ("x",), 1),
        (lambda: fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4)), ("x", "y"), 2),
        (lambda: fs.polar(r=(0, 1), cells=4), ("r",), 2),
        (lambda: fs.cylindrical(r=(0, 1), cells=4), ("r",), 3),
        (lambda: fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4, 4)), ("r", "z"), 3),
        (lambda: fs.cylindrical(r=(0, 1), phi=TURN, cells=(4, 4)), ("r", "phi"), 3),
        (lambda: fs.spherical(r=(0, 1), cells=4), ("r",), 3),
        (lambda: fs.spherical(r=(0, 1), theta=(0, pi), cells=(4, 4)), ("r", "theta"), 3),
    ],
)
def test_left_out_axes(mesh, names, dim):
    """Cylindrical and spherical vectors keep three components (CONTRACT section 1)."""
    assert mesh().names == names
    assert mesh().dim == dim


# ---- edges


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ([0, 1, 1, 2], "strictly increasing; got '1 then 1 at index 2'"),
        ([0, 2, 1, 3], "strictly increasing; got '2 then 1 at index 2'"),
        ([3, 2, 1], "strictly increasing; got '3 then 2 at index 1'"),
        ([0, nan, 1], "finite; got 'nan at index 1'"),
        ([0, 1, inf], "finite; got 'inf at index 2'"),
        ([0], "a list of at least two numbers; got (1,). n cells have n + 1 edges."),
        ([], "a list of at least two numbers"),
        (5, "a list of at least two numbers"),
        ([[0, 1], [2, 3]], "a list of at least two numbers; got (2, 2)"),
        (["a", "b"], "a sequence of real numbers"),
        ([0, 1j], "a sequence of real numbers"),
    ],
)
def test_edges_that_are_refused(edges, said):
    assert f"`edges['x']` must be {said}" in refusal(lambda: fs.cartesian(edges={"x": edges}))
    assert "edges['r']" in refusal(lambda: fs.polar(edges={"r": edges}))


@pytest.mark.parametrize(
    "edges",
    [
        np.array([0, 1j]),
        np.array([0.0, 1.0, 2.0], dtype=object),
        ["0", "1"],
        np.array(["0", "1"]),
        np.ma.masked_array([0.0, 1.0, 2.0], mask=[False, True, False]),
        np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]"),
    ],
)
def test_edges_that_are_not_plain_real_numbers(edges):
    assert "`edges['x']` must be" in refusal(lambda: fs.cartesian(edges={"x": edges}))


def test_edges_are_taken_as_they_are_and_copied():
    edges = np.array([0.0, 0.1, 0.4, 1.0], dtype=np.float32)
    mesh = fs.cartesian(edges={"x": edges, "y": [0, 1, 2]})
    edges[1] = 0.2
    assert mesh.shape == (3, 2)
    assert mesh.axes[0].edges == pytest.approx([0.0, 0.1, 0.4, 1.0], abs=1e-7)
    assert not mesh.axes[0].uniform
    assert mesh.axes[1].uniform
    assert fs.cartesian(x=(0, 1), edges={"y": [0, 1, 3]}, cells=5).shape == (5, 2)
    assert fs.cylindrical(edges={"r": [0, 0.5, 2]}, z=(0, 1), cells=3).shape == (2, 3)


def test_edges_keep_the_limits_of_the_coordinates():
    assert "`r` must be within" in refusal(lambda: fs.polar(edges={"r": [-1, 0, 1]}))
    assert "`theta` must be within" in refusal(lambda: fs.spherical(r=(0, 1), edges={"theta": [0, 2, 4]}, cells=3))
    assert fs.polar(r=(0, 1), edges={"phi": np.linspace(0, 2 * pi, 9)}, cells=3).sides["phi-"].kind == "seam"


def test_an_axis_is_given_once():
    assert "`x` is given twice" in refusal(lambda: fs.cartesian(x=(0, 1), edges={"x": [0, 1]}, cells=3))
    text = refusal(lambda: fs.cartesian(x=(0, 1), edges={"q": [0, 1]}, cells=3))
    assert "`edges` must be named by x; got 'q'." in text
    assert "Did you mean 'phi'?" in refusal(lambda: fs.polar(r=(0, 1), edges={"ph": [0, 1]}, cells=3))
    assert "`cells`" in refusal(lambda: fs.cartesian(edges={"x": [0, 1]}, cells=3))


# ---- periodic


def test_periodic_axes():
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4), periodic=("x",))
    assert [mesh.sides[s].kind for s in ("x-", "x+", "y-", "y+")] == ["seam", "seam", "wall", "wall"]
    assert mesh.walls == ("y-", "y+")
    assert fs.cartesian(edges={"x": [0, 1, 3]}, periodic=["x"]).axes[0].periodic


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: fs.cartesian(x=(0, 1), cells=4, periodic=("y",)), "`periodic` must be named by x; got 'y'."),
        (
            lambda: fs.cylindrical(r=(0, 1), phi=(0, 3), z=(0, 1), cells=(4, 4, 4), periodic=("phi",)),
            "a full turn (6.28319)",
        ),
        (lambda: fs.cylindrical(r=(0, 1), phi=(0, 6.28), cells=(4, 4), periodic=("phi",)), "Use phi=(0, 2*pi)"),
    ],
)
def test_axes_that_cannot_be_periodic(build, said):
    assert said in refusal(build)


def test_a_radius_cannot_be_periodic():
    """r = 0 and the rim are different places: there is nothing to join."""
    assert "`periodic`" in refusal(lambda: fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4, 4), periodic=("r",)))
    assert "`periodic`" in refusal(lambda: fs.cylindrical(r=(1, 2), cells=4, periodic=("r",)))


def test_a_left_out_axis_cannot_be_periodic_and_the_message_says_why():
    text = refusal(lambda: fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4, 4), periodic=("phi",)))
    assert "Did you mean 'phi'" not in text


@pytest.mark.parametrize("periodic", [True, 3])
def test_periodic_names_axes(periodic):
    assert "`periodic`" in refusal(lambda: fs.cartesian(x=(0, 1), cells=4, periodic=periodic))


# ---- further systems by name


def test_orthogonal_systems_by_name():
    mesh = fs.orthogonal("bipolar", {"sigma": (1, 2), "tau": (0.5, 1)}, cells=(4, 5))
    assert mesh.coordinates.name == "bipolar"
    assert mesh.shape == (4, 5)
    wide = fs.orthogonal("bipolar", {"sigma": (1, 2), "tau": (0.5, 1)}, cells=(4, 5), focus=2.0)
    assert wide.points == pytest.approx(2 * mesh.points)
    assert fs.orthogonal("cartesian", {"x": (0, 1), "y": (0, 1)}, cells=(3, 3)).dim == 2
    assert "Did you mean 'toroidal'?" in refusal(lambda: fs.orthogonal("torodial", {"tau": (1, 2)}, cells=3))
    assert "`focus` must be a positive" in refusal(
        lambda: fs.orthogonal("toroidal", {"tau": (1, 2), "sigma": (0, 1)}, cells=(3, 3), focus=-1)
    )
    assert "they have no foci" in refusal(lambda: fs.orthogonal("polar", {"r": (1, 2)}, cells=3, focus=1))
    assert "`axes`" in refusal(lambda: fs.orthogonal("polar", {"rho": (1, 2)}, cells=3))
