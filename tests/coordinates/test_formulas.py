"""What is printed is what is computed: textbook strings, and the printed text read back and evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import inf, pi
from operator import itemgetter

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.coordinates import REGISTRY, Coordinates
from fieldsim.coordinates.formulas import formula_sheet
from fieldsim.coordinates.notation import LATEX, TEXT
from fieldsim.coordinates.symbols import symbol
from fieldsim.errors import InvalidInput
from fieldsim.meshes import build_mesh

SYSTEMS = {kind.__name__: kind() for kinds in REGISTRY.values() for kind in kinds}
EVERY_SYSTEM = pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)

# ---- textbook forms


# D. J. Griffiths, Introduction to Electrodynamics, inside front cover (s there is r here); ISO 80000-2:2019, 2-17.
TEXTBOOK = {
    "Cartesian1": {
        "volume": "dx",
        "grad f": "df/dx e_x",
        "div F": "dF_x/dx",
        "lap f": "d^2f/dx^2",
    },
    "Cartesian2": {
        "volume": "dx dy",
        "grad f": "df/dx e_x + df/dy e_y",
        "div F": "dF_x/dx + dF_y/dy",
        "(curl F)_z": "dF_y/dx - dF_x/dy",
        "lap f": "d^2f/dx^2 + d^2f/dy^2",
    },
    "Cartesian3": {
        "volume": "dx dy dz",
        "grad f": "df/dx e_x + df/dy e_y + df/dz e_z",
        "div F": "dF_x/dx + dF_y/dy + dF_z/dz",
        "(curl F)_x": "dF_z/dy - dF_y/dz",
        "(curl F)_y": "dF_x/dz - dF_z/dx",
        "(curl F)_z": "dF_y/dx - dF_x/dy",
        "lap f": "d^2f/dx^2 + d^2f/dy^2 + d^2f/dz^2",
    },
    "Polar": {
        "x": "r cos(phi)",
        "y": "r sin(phi)",
        "h_r": "1",
        "h_phi": "r",
        "volume": "r dr dphi",
        "grad f": "df/dr e_r + (1/r) df/dphi e_phi",
        "div F": "(1/r) d(r F_r)/dr + (1/r) dF_phi/dphi",
        "(curl F)_z": "(1/r) (d(r F_phi)/dr - dF_r/dphi)",
        "lap f": "(1/r) d(r df/dr)/dr + (1/r^2) d^2f/dphi^2",
    },
    "Cylindrical": {
        "x": "r cos(phi)",
        "y": "r sin(phi)",
        "z": "z",
        "volume": "r dr dphi dz",
        "grad f": "df/dr e_r + (1/r) df/dphi e_phi + df/dz e_z",
        "div F": "(1/r) d(r F_r)/dr + (1/r) dF_phi/dphi + dF_z/dz",
        "(curl F)_r": "(1/r) dF_z/dphi - dF_phi/dz",
        "(curl F)_phi": "dF_r/dz - dF_z/dr",
        "(curl F)_z": "(1/r) (d(r F_phi)/dr - dF_r/dphi)",
        "lap f": "(1/r) d(r df/dr)/dr + (1/r^2) d^2f/dphi^2 + d^2f/dz^2",
    },
    "Spherical": {
        "x": "r sin(theta) cos(phi)",
        "y": "r sin(theta) sin(phi)",
        "z": "r cos(theta)",
        "h_r": "1",
        "h_theta": "r",
        "h_phi": "r sin(theta)",
        "volume": "r^2 sin(theta) dr dtheta dphi",
        "grad f": "df/dr e_r + (1/r) df/dtheta e_theta + (1/(r sin(theta))) df/dphi e_phi",
        "div F": "(1/r^2) d(r^2 F_r)/dr + (1/(r sin(theta))) d(sin(theta) F_theta)/dtheta"
        " + (1/(r sin(theta))) dF_phi/dphi",
        "(curl F)_r": "(1/(r sin(theta))) (d(sin(theta) F_phi)/dtheta - dF_theta/dphi)",
        "(curl F)_theta": "(1/r) ((1/sin(theta)) dF_r/dphi - d(r F_phi)/dr)",
        "(curl F)_phi": "(1/r) (d(r F_theta)/dr - dF_r/dtheta)",
        "lap f": "(1/r^2) d(r^2 df/dr)/dr + (1/(r^2 sin(theta))) d(sin(theta) df/dtheta)/dtheta"
        " + (1/(r^2 sin(theta)^2)) d^2f/dphi^2",
    },
    # P. Moon & D. E. Spencer, Field Theory Handbook (1961), parabolic cylinder and bicylinder coordinates.
    "Parabolic": {
        "x": "(sigma^2 - tau^2)/2",
        "y": "sigma tau",
        "h_sigma": "sqrt(sigma^2 + tau^2)",
        "lap f": "(1/(sigma^2 + tau^2)) (d^2f/dsigma^2 + d^2f/dtau^2)",
    },
    "Bipolar": {
        "h_tau": "a/(cosh(tau) - cos(sigma))",
        "lap f": "((cosh(tau) - cos(sigma))^2/a^2) (d^2f/dsigma^2 + d^2f/dtau^2)",
    },
}


def formulas_of(sheet):
    """Return every formula of a sheet by its left side; the volume element as "volume"."""
    formulas = [*sheet.definition, *sheet.scale_factors, sheet.gradient, sheet.divergence, *sheet.curl, sheet.laplacian]
    return {f.left: f.text for f in formulas} | {"volume": sheet.volume_element.text}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_prints_the_textbook_forms(name):
    found = formulas_of(formula_sheet(SYSTEMS[name]))
    assert {left: found[left] for left in TEXTBOOK[name]} == TEXTBOOK[name]


def test_the_line_has_no_curl():
    assert formula_sheet(SYSTEMS["Cartesian1"]).curl == ()


def test_latex_of_the_spherical_divergence():
    assert formula_sheet("spherical").divergence.latex == (
        r"\frac{1}{r^{2}} \frac{\partial}{\partial r}\left(r^{2} F_{r}\right)"
        r" + \frac{1}{r \sin \theta} \frac{\partial}{\partial \theta}\left(\sin \theta F_{\theta}\right)"
        r" + \frac{1}{r \sin \theta} \frac{\partial F_{\phi}}{\partial \phi}"
    )


@pytest.mark.parametrize("name", [*REGISTRY, "curvilinear"])
def test_latex_can_be_typeset(name):
    """Matplotlib's reader of TeX formulas refuses what is unbalanced or unknown."""
    from matplotlib.mathtext import MathTextParser

    parser = MathTextParser("path")
    rows = formula_sheet(name).latex.splitlines()
    assert (rows[0], rows[-1]) == (r"\begin{align*}", r"\end{align*}")
    for row in rows[1:-1]:
        for side in row.removesuffix(r" \\").split(" &= "):
            assert parser.parse(f"${side}$").width > 0


# ---- the printed text, read back


class Reader:
    """Evaluate printed formulas: every node is a function of native coordinates (dict name -> array)."""

    # The central difference of order 8.
    OFFSETS = np.arange(-4, 5)
    WEIGHTS = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
    STEP = 0.01
    TOKEN = re.compile(r"d\^2f/d(\w+)\^2|d(f|F_\w+)/d(\w+)|d\(|\)/d(\w+)|[A-Za-z_]\w*|\d+|[-+*/^()]|\s+")

    def __init__(self, text, names):
        self.names = names
        self.tokens = [m for m in self.TOKEN.finditer(text) if not m.group().isspace()]
        assert "".join(m.group() for m in self.TOKEN.finditer(text)) == text
        self.at = 0
        self.value = self.sum()
        assert self.at == len(self.tokens)

    def __call__(self, q):
        return self.value(q)

    def next(self):
        return self.tokens[self.at].group() if self.at < len(self.tokens) else ""

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def sum(self):
        sign = -1.0 if self.next() == "-" and self.take() else 1.0
        terms = [(sign, self.term())]
        while self.next() in ("+", "-"):
            sign = 1.0 if self.take().group() == "+" else -1.0
            terms.append((sign, self.term()))
        return lambda q: sum(s * t(q) for s, t in terms)

    def term(self):
        value = self.factor()
        while self.next() and self.next() not in ("+", "-") and not self.next().startswith(")"):
            if self.next() == "/":
                self.take()
                value = (lambda a, b: lambda q: a(q) / b(q))(value, self.factor())
            else:
                value = (lambda a, b: lambda q: a(q) * b(q))(value, self.factor())
        return value

    def factor(self):
        value = self.primary()
        if self.next() == "^":
            self.take()
            power = self.primary()
            return lambda q: value(q) ** power(q)
        return value

    def primary(self):
        token = self.take()
        second, subject, along, _ = token.groups()
        text = token.group()
        if second:
            return self.derivative(self.derivative(self.names["f"], second), second)
        if along:
            return self.derivative(self.names[subject], along)
        if text in ("(", "d("):
            inside = self.sum()
            close = self.take()
            if text == "(":
                assert close.group() == ")"
                return inside
            return self.derivative(inside, close.group(4))
        if text.isdigit():
            return lambda q: float(text)
        if self.next() == "(" and hasattr(np, text):
            argument = self.primary()
            return lambda q: getattr(np, text)(argument(q))
        return self.names[text]

    def derivative(self, inside, along):
        def value(q):
            steps = ({**q, along: q[along] + k * self.STEP} for k in self.OFFSETS)
            return sum(w * inside(moved) for w, moved in zip(self.WEIGHTS, steps, strict=True)) / self.STEP

        return value


K = np.array([[0.9, 0.5, -0.4], [-0.3, 0.8, 0.6], [0.7, -0.2, 0.5]])
PHASES = np.array([0.3, -0.5, 1.1])


def wave(x, m=0):
    """Return sin(k_m . x + c_m), a field without symmetry."""
    return np.sin(np.tensordot(K[m, : len(x)], np.asarray(x), 1) + PHASES[m])


def slope(x, m, k):
    """Return d wave_m / dx_k."""
    return K[m, k] * np.cos(np.tensordot(K[m, : len(x)], np.asarray(x), 1) + PHASES[m])


def sector(system, cells):
    spans = {
        n: (low + 0.45 * (high - low), low + 0.55 * (high - low))
        for n, (low, high) in zip(system.names, system.whole, strict=True)
    }
    return build_mesh(system, spans, cells=(cells,) * system.dim)


def scope(system):
    """Return what the names of a printed formula stand for on a coordinate system with the waves as fields."""

    def at(q):
        return [q[name] for name in system.names]

    def component(i):
        def value(q):
            x = np.stack(np.broadcast_arrays(*system.to_cartesian(at(q))))
            return sum(e * wave(x, k) for k, e in enumerate(system.basis(at(q))[i]))

        return value

    names = {name: itemgetter(name) for name in system.names}
    names["f"] = lambda q: wave(np.stack(np.broadcast_arrays(*system.to_cartesian(at(q)))))
    names |= {f"F_{name}": component(i) for i, name in enumerate(system.names)}
    if hasattr(system, "focus"):
        names["a"] = lambda q: system.focus
    return names


@EVERY_SYSTEM
def test_what_is_printed_is_what_is_computed(system):
    """The printed formulas equal the exact derivatives of Cartesian waves, and the kernels' results."""
    mesh, sheet, names = sector(system, 10), formula_sheet(system), scope(system)
    dim, x = mesh.dim, mesh.points
    q = dict(zip(system.names, mesh.centers, strict=True))
    f = fs.ScalarField(mesh, wave(x))
    F = fs.VectorField(mesh, [wave(x, m) for m in range(dim)], basis="cartesian")

    def printed(formula, extra=None):
        return np.broadcast_to(Reader(formula.text, names | (extra or {}))(q), mesh.shape)

    def agree(found, exact, kernel):
        np.testing.assert_allclose(found, exact, atol=2e-9)
        np.testing.assert_allclose(kernel, found, atol=1e-6)

    agree(printed(sheet.divergence), sum(slope(x, m, m) for m in range(dim)), fs.divergence(F, 8).values)
    agree(printed(sheet.laplacian), -np.sum(K[0, :dim] ** 2) * wave(x), fs.laplacian(f, 8).values)

    exact = np.einsum("ik...,k...->i...", mesh.basis, np.stack([slope(x, 0, k) for k in range(dim)]))
    for i, name in enumerate(system.names):
        chosen = {f"e_{n}": (lambda same: lambda q: same)(float(n == name)) for n in system.names}
        agree(printed(sheet.gradient, chosen), exact[i], fs.gradient(f, 8).values[i])

    if dim == 2:
        agree(printed(sheet.curl[0]), slope(x, 1, 0) - slope(x, 0, 1), fs.curl(F, 8).values)
    if dim == 3:
        whirl = [slope(x, (m + 2) % 3, (m + 1) % 3) - slope(x, (m + 1) % 3, (m + 2) % 3) for m in range(3)]
        exact = np.einsum("ik...,k...->i...", mesh.basis, np.stack(whirl))
        for i in range(3):
            agree(printed(sheet.curl[i]), exact[i], fs.curl(F, 8).values[i])


@EVERY_SYSTEM
def test_the_printed_metric_is_the_mesh_s(system):
    mesh, sheet, names = sector(system, 5), formula_sheet(system), scope(system)
    q = dict(zip(system.names, mesh.centers, strict=True))

    def printed(formula, extra=None):
        return np.broadcast_to(Reader(formula.text, names | (extra or {}))(q), mesh.shape)

    factors = [np.broadcast_to(h, mesh.shape) for h in mesh.scale_factors]
    for formula, h in zip(sheet.scale_factors, factors, strict=True):
        np.testing.assert_allclose(printed(formula), h, rtol=1e-14)
    for formula, place in zip(sheet.definition, mesh.points, strict=False):
        np.testing.assert_allclose(printed(formula), place, atol=1e-14)
    steps = {f"d{n}": lambda q: 1.0 for n in system.names}
    np.testing.assert_allclose(printed(sheet.volume_element, steps), np.prod(factors, axis=0), rtol=1e-13)


SYMMETRIC = {
    "cylindrical (r, z)": lambda: fs.cylindrical(r=(1, 2), z=(0, 1), cells=(12, 12)),
    "cylindrical (r)": lambda: fs.cylindrical(r=(1, 2), cells=12),
    "spherical (r, theta)": lambda: fs.spherical(r=(1, 2), theta=(0.8, 1.8), cells=(12, 12)),
    "spherical (r)": lambda: fs.spherical(r=(1, 2), cells=12),
    "polar (r)": lambda: fs.polar(r=(1, 2), cells=12),
}


@pytest.mark.parametrize("name", SYMMETRIC)
def test_left_out_axes_drop_their_derivatives(name):
    """On a symmetric mesh the sheet names active axes only, and equals the kernels for components given natively."""
    mesh = SYMMETRIC[name]()
    sheet, system = mesh.formulas(), mesh.coordinates
    along = set(re.findall(r"/d(\w+)", " ".join(f.text for f in (sheet.gradient, sheet.divergence, *sheet.curl))))
    assert along == set(mesh.names)

    def value(m):
        return lambda q: np.sin(sum((0.4 + 0.2 * m) * q[n] for n in mesh.names) + m)

    names = scope(system) | {"f": value(0)} | {f"F_{n}": value(m) for m, n in enumerate(system.names)}
    q = {n: np.broadcast_to(c, mesh.shape) for n, c in zip(system.names, mesh.open_centers, strict=True)}
    f = fs.ScalarField(mesh, value(0)(q))
    F = fs.VectorField(mesh, [value(m)(q) for m in range(mesh.dim)])
    curl = fs.curl(F, 8).values
    np.testing.assert_allclose(Reader(sheet.divergence.text, names)(q), fs.divergence(F, 8).values, atol=1e-6)
    np.testing.assert_allclose(Reader(sheet.laplacian.text, names)(q), fs.laplacian(f, 8).values, atol=1e-6)
    for formula, kernel in zip(sheet.curl, curl if mesh.dim == 3 else [curl], strict=True):
        np.testing.assert_allclose(np.broadcast_to(Reader(formula.text, names)(q), mesh.shape), kernel, atol=1e-6)


# ---- other systems, and the tracer


@dataclass(frozen=True)
class Oblate(Coordinates):
    """Oblate spheroidal coordinates, as a user would add them; the parameter keeps its own name."""

    ring: float = 2.0
    name = "oblate"
    names = ("mu", "nu", "phi")
    limits = ((0.0, inf), (0.0, pi), (-inf, inf))
    periods = (None, None, 2 * pi)
    whole = ((0.0, 1.0), (0.0, pi), (0.0, 2 * pi))
    reference = (1.0, 1.0, 0.0)

    def to_cartesian(self, q):
        rho = self.ring * np.cosh(q[0]) * np.sin(q[1])
        return rho * np.cos(q[2]), rho * np.sin(q[2]), self.ring * np.sinh(q[0]) * np.cos(q[1])

    def from_cartesian(self, x):
        raise NotImplementedError

    def scale_factors(self, q):
        h = self.ring * np.hypot(np.sinh(q[0]), np.cos(q[1]))
        return h, h, self.ring * np.cosh(q[0]) * np.sin(q[1])


def test_a_new_system_needs_nothing_more():
    sheet = formula_sheet(Oblate())
    assert sheet.scale_factors[0].text == "ring sqrt(sinh(mu)^2 + cos(nu)^2)"
    assert sheet.note == "ring = 2"
    assert sheet.scale_factors[2].latex == r"\mathrm{ring} \cosh \mu \sin \nu"


r, theta, s = symbol("r", 0, 0.0, inf), symbol("theta", 1, 0.0, pi), symbol("s", 2)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r * r / r, "r"),
        (np.sqrt(r**2), "r"),
        (np.sqrt(s**2), "abs(s)"),
        (np.sqrt(np.sin(theta) ** 2 * r**4), "r^2 sin(theta)"),
        (np.sqrt(np.sin(s) ** 2), "abs(sin(s))"),
        (np.sqrt(r), "sqrt(r)"),
        (r**1.5 / 2, "r^(3/2)/2"),
        (r - r, "0"),
        (r + r, "2 r"),
        (1.0 - r, "1 - r"),
        (2.0 / (1.0 + np.cos(s)), "2/(1 + cos(s))"),
        (3.0 * s + 3.0 * r, "3 (r + s)"),
        (r * s + r * theta, "r (theta + s)"),
        ((r * s + r * theta) / r - s, "theta"),
        (-(r + s) * (r + s), "-(r + s)^2"),
        (np.float64(0.25) * r, "r/4"),
        (np.multiply(np.float64(2.0), r), "2 r"),
        (0.123456 * r, "0.123456 r"),
        (np.reciprocal(np.tan(s)) + np.square(np.tanh(r)), "tanh(r)^2 + 1/tan(s)"),
        (np.exp(2 * s) * np.log(r), "log(r) exp(2 s)"),
        (np.sin(0.0 * r), "0"),
        (np.abs(s), "abs(s)"),
    ],
)
def test_products_simplify_as_on_paper(formula, text):
    assert TEXT.product(formula) == text


def test_latex_of_products():
    assert LATEX.product(np.sqrt(r + s) / 2) == r"\frac{\sqrt{r + s}}{2}"
    assert LATEX.product(np.sin(2 * s) ** 2) == r"\sin^{2}\left(2 s\right)"
    assert LATEX.product(np.abs(s) * np.sqrt(np.exp(s))) == r"\left|s\right| \sqrt{\exp s}"
    assert LATEX.product(r**1.5) == r"r^{3/2}"


class Unwritable(Oblate):
    def scale_factors(self, q):
        return np.floor(q[0]), q[0], q[0]


class Foreign(Oblate):
    def scale_factors(self, q):
        return "r", q[0], q[0]


def test_says_what_cannot_be_written_out():
    with pytest.raises(InvalidInput, match=r"`scale_factors` must be made of .* got 'floor'"):
        formula_sheet(Unwritable())
    with pytest.raises(InvalidInput, match="`scale_factors` must be a formula of the coordinates"):
        formula_sheet(Foreign())


def test_says_which_names_there_are():
    with pytest.raises(InvalidInput, match="Did you mean 'spherical'"):
        formula_sheet("sperical")
    with pytest.raises(InvalidInput, match="`axes` must be among r, phi, z"):
        formula_sheet("cylindrical", ("x",))


def test_powers_are_read_exactly():
    assert dict((r ** (1 / 3)).powers).popitem()[1] == Fraction(1, 3)
    with pytest.raises(TypeError):
        r**s


# ---- meshes


def test_mesh_prints_its_formulas():
    text = fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4, 4)).formulas().text
    assert text.startswith("cylindrical (r, phi, z)\nnothing varies along phi\n")
    assert "\n  div F = (1/r) d(r F_r)/dr + dF_z/dz\n" in text


def test_curvilinear_mesh_prints_the_general_form():
    sheet = fs.curvilinear(map={"x": "u + v**2/4", "y": "v + u*v/3"}, cells=(4, 4)).formulas()
    assert sheet.divergence.text == "(1/J) (d(J a^u . F)/du + d(J a^v . F)/dv)"
    assert sheet.curl[0].text == "(1/J) (d(a_v . F)/du - d(a_u . F)/dv)"
    assert sheet.gradient.text == "a^u df/du + a^v df/dv"
    assert "\nMetric\n  a_u = dx/du\n" in sheet.text


# A skew map with its tangents dx/du, dx/dv, dx/dw by hand.
MAPS = {
    2: (lambda u, v: (u + v**2 / 4, v + u * v / 3), lambda u, v: ((1, v / 3), (v / 2, 1 + u / 3))),
    3: (
        lambda u, v, w: (u + v**2 / 4, v + u * w / 3, w + u**2 / 5),
        lambda u, v, w: ((1, w / 3, 2 * u / 5), (v / 2, 1, 0), (0, u / 3, 1)),
    ),
}


@pytest.mark.parametrize("dim", MAPS)
def test_the_general_form_holds_on_a_skew_map(dim):
    place, tangents = MAPS[dim]
    letters = "uvw"[:dim]
    sheet = fs.curvilinear(map=place, cells=(3,) * dim).formulas()
    rng = np.random.default_rng(5)
    q = {n: rng.uniform(0.1, 0.9, 20) for n in letters}

    def at(q):
        return [q[n] for n in letters]

    def rows(q):
        """Return the covariant vectors (20, dim, dim), one a row."""
        full = [[np.broadcast_to(c, q["u"].shape) for c in row] for row in tangents(*at(q))]
        return np.moveaxis(np.array(full, dtype=float), -1, 0)

    def dual(q):
        return np.linalg.inv(rows(q)).transpose(0, 2, 1)

    def vector(q):
        return np.stack([wave(place(*at(q)), m) for m in range(dim)], axis=-1)

    def slopes(q):
        return np.stack([slope(place(*at(q)), 0, k) for k in range(dim)], axis=-1)

    def dot(basis, i, field):
        return lambda q: np.einsum("pk,pk->p", basis(q)[:, i], field(q))

    def component(i, k):
        return lambda q: dual(q)[:, i, k]

    names = {n: itemgetter(n) for n in letters}
    names |= {"f": lambda q: wave(place(*at(q))), "J": lambda q: np.linalg.det(rows(q))}
    for i, n in enumerate(letters):
        names |= {f"up_{n}_F": dot(dual, i, vector), f"down_{n}_F": dot(rows, i, vector)}
        names[f"up_{n}_G"] = dot(dual, i, slopes)

    def printed(formula, extra=None):
        text = re.sub(r"a\^(\w) \. grad f", r"up_\1_G", formula.text)
        text = re.sub(r"a\^(\w) \. F", r"up_\1_F", text)
        text = re.sub(r"a_(\w) \. F", r"down_\1_F", text)
        return Reader(re.sub(r"a\^(\w)", r"e_\1", text), names | (extra or {}))(q)

    x = place(*at(q))
    close = partial(np.testing.assert_allclose, atol=1e-10)
    close(printed(sheet.divergence), sum(slope(x, m, m) for m in range(dim)))
    close(printed(sheet.laplacian), -np.sum(K[0, :dim] ** 2) * wave(x))
    for k in range(dim):
        close(printed(sheet.gradient, {f"e_{n}": component(i, k) for i, n in enumerate(letters)}), slope(x, 0, k))
    if dim == 2:
        close(printed(sheet.curl[0]), slope(x, 1, 0) - slope(x, 0, 1))
        return
    whirl = np.stack([slope(x, (m + 2) % 3, (m + 1) % 3) - slope(x, (m + 1) % 3, (m + 2) % 3) for m in range(3)])
    for i in range(3):
        close(printed(sheet.curl[i]), np.einsum("pk,kp->p", dual(q)[:, i], whirl))
