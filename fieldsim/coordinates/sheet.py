"""A formula sheet as data: each formula as plain text and as LaTeX, and the page made of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Formula:
    """The right-hand side of one formula, as plain text and as LaTeX for math mode; `left` is what it defines."""

    left: str
    text: str
    left_latex: str
    latex: str


@dataclass(frozen=True)
class FormulaSheet:
    """The vector calculus of one coordinate system; axes that a mesh leaves out drop their derivatives."""

    name: str
    names: tuple[str, ...]
    definition: tuple[Formula, ...]
    scale_factors: tuple[Formula, ...]
    volume_element: Formula
    gradient: Formula
    divergence: Formula
    curl: tuple[Formula, ...]
    laplacian: Formula
    note: str = ""
    orthogonal: bool = True

    @property
    def text(self) -> str:
        """The whole sheet as plain text."""
        parts = [f"{self.name} ({', '.join(self.names)})"] + ([self.note] if self.note else [])
        for title, formulas in self._sections():
            parts += ["", title, *(f"  {f.left} = {f.text}" for f in formulas)]
        return "\n".join(parts) + "\n"

    @property
    def latex(self) -> str:
        """The whole sheet as one LaTeX align* environment (amsmath)."""
        rows = [rf"{f.left_latex} &= {f.latex}" for _, formulas in self._sections() for f in formulas]
        return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}\n"

    def _sections(self) -> list[tuple[str, tuple[Formula, ...]]]:
        found = [
            ("Definition", self.definition),
            ("Scale factors" if self.orthogonal else "Metric", self.scale_factors),
            ("Volume element", (self.volume_element,)),
            ("Gradient", (self.gradient,)),
            ("Divergence", (self.divergence,)),
            ("Curl", self.curl),
            ("Laplacian", (self.laplacian,)),
        ]
        return [(title, formulas) for title, formulas in found if formulas]
