"""The formula sheet of a general curvilinear mesh, in the symbols of its metric: a_i = dx/dq_i, a^i, J = det(a_i).

grad f = a^i d_i f;  div F = (1/J) d_i(J a^i . F);  a^i . curl F = eps_ijk (1/J) d_j(a_k . F).
"""

from __future__ import annotations

from collections.abc import Sequence

from fieldsim.coordinates.notation import LATEX
from fieldsim.coordinates.sheet import Formula, FormulaSheet


def general_sheet(names: Sequence[str]) -> FormulaSheet:
    """Return the formulas of any smooth map from `names` to the plane or to space."""
    dim, listed = len(names), ", ".join(names)
    element = "dA" if dim == 2 else "dV"
    flux = [(f"d(J a^{n} . F)/d{n}", _along(n, rf"J \mathbf{{a}}^{{{n}}} \cdot \mathbf{{F}}")) for n in names]
    slopes = [(f"d(J a^{n} . grad f)/d{n}", _along(n, rf"J \mathbf{{a}}^{{{n}}} \cdot \nabla f")) for n in names]
    rises = [(f"a^{n} df/d{n}", rf"\mathbf{{a}}^{{{n}}} " + LATEX.derivative("f", n)) for n in names]
    return FormulaSheet(
        "curvilinear",
        tuple(names),
        (Formula(f"({', '.join('xyz'[:dim])})", f"x({listed})", r"\mathbf{x}", rf"\mathbf{{x}}({listed})"),),
        _general_metric(names),
        Formula(element, "J " + " ".join(f"d{n}" for n in names), element, "J" + "".join(rf" \,d{n}" for n in names)),
        _general("grad f", r"\nabla f", rises),
        _general("div F", r"\nabla \cdot \mathbf{F}", flux, over_jacobian=True),
        _general_curl(names),
        _general("lap f", r"\nabla^{2} f", slopes, over_jacobian=True),
        "components of F and grad f are Cartesian; a . b is the scalar product",
        orthogonal=False,
    )


def _general_metric(names: Sequence[str]) -> tuple[Formula, ...]:
    """Return the covariant basis, its inverse and the Jacobian."""
    rows = [rf"\mathbf{{a}}_{{{n}}}" for n in names]
    return (
        *(
            Formula(f"a_{n}", f"dx/d{n}", row, LATEX.derivative(r"\mathbf{x}", n))
            for n, row in zip(names, rows, strict=True)
        ),
        Formula("a^i . a_j", "1 if i = j else 0", r"\mathbf{a}^{i} \cdot \mathbf{a}_{j}", r"\delta^{i}_{j}"),
        Formula("J", f"det({', '.join(f'a_{n}' for n in names)})", "J", rf"\det({', '.join(rows)})"),
    )


def _general_curl(names: Sequence[str]) -> tuple[Formula, ...]:
    """Return the contravariant components a^i . curl F; in the plane the one there is."""
    found = []
    for i in range(3) if len(names) == 3 else [2]:
        j, k = names[(i + 1) % 3], names[(i + 2) % 3]
        left, left_latex = "(curl F)_z", r"(\nabla \times \mathbf{F})_{z}"
        if len(names) == 3:
            left = f"a^{names[i]} . curl F"
            left_latex = rf"\mathbf{{a}}^{{{names[i]}}} \cdot (\nabla \times \mathbf{{F}})"
        forth = _along(j, rf"\mathbf{{a}}_{{{k}}} \cdot \mathbf{{F}}")
        back = _along(k, rf"\mathbf{{a}}_{{{j}}} \cdot \mathbf{{F}}")
        text = f"(1/J) (d(a_{k} . F)/d{j} - d(a_{j} . F)/d{k})"
        found.append(Formula(left, text, left_latex, rf"\frac{{1}}{{J}} \left({forth} - {back}\right)"))
    return tuple(found)


def _general(left: str, left_latex: str, terms: list[tuple[str, str]], *, over_jacobian: bool = False) -> Formula:
    text, latex = " + ".join(t for t, _ in terms), " + ".join(t for _, t in terms)
    if over_jacobian:
        text, latex = f"(1/J) ({text})", rf"\frac{{1}}{{J}} \left({latex}\right)"
    return Formula(left, text, left_latex, latex)


def _along(name: str, inside: str) -> str:
    """Write the derivative of a product in LaTeX."""
    return LATEX.derivative_of_product(inside, name)
