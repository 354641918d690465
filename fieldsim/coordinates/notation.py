"""How a formula is written, as plain text and as LaTeX: products, derivatives of products, sums of those.

Plain text reads (1/r^2) d(r^2 F_r)/dr, where a space multiplies; LaTeX is the same with fractions and partial signs.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from fieldsim.coordinates.symbols import Atom, Call, Product, Sum, Symbol, common_factor

ONE = Product(1.0)
_GREEK = re.compile(
    "(alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|chi|psi|omega)"
)
_LATEX_FUNCTIONS = {name: "\\" + name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp")} | {
    "log": r"\ln"
}
_LARGEST_DENOMINATOR = 1000


@dataclass(frozen=True)
class Term:
    """outer * d(inner * X)/dq along a coordinate q: X is a component F_i of a vector, f, or df/dq (`twice`).

    Without `along` it is outer * X.
    """

    outer: Product
    subject: str
    along: str = ""
    inner: Product = ONE
    twice: bool = False
    direction: str = ""


class Notation(ABC):
    """One way of writing formulas."""

    # Whether the bar of a fraction groups what is above and below it.
    bar_groups: ClassVar[bool] = False

    @abstractmethod
    def name(self, name: str) -> str:
        """Write a coordinate or parameter."""

    @abstractmethod
    def indexed(self, letter: str, index: str) -> str:
        """Write a letter with an index: F_r."""

    @abstractmethod
    def unit_vector(self, name: str) -> str:
        """Write the unit vector along a coordinate."""

    @abstractmethod
    def bracket(self, inside: str) -> str:
        """Write parentheses that fit what is inside."""

    @abstractmethod
    def derivative(self, inside: str, along: str, *, twice: bool = False) -> str:
        """Write the (second) derivative of one symbol."""

    @abstractmethod
    def derivative_of_product(self, inside: str, along: str) -> str:
        """Write the derivative of a product."""

    @abstractmethod
    def fraction(self, above: str, below: str, *, below_is_one_factor: bool) -> str:
        """Write a fraction."""

    @abstractmethod
    def _function(self, call: Call, power: Fraction) -> str:
        """Write a power of a function of something."""

    @abstractmethod
    def _root(self, inside: str) -> str:
        """Write a square root."""

    @abstractmethod
    def _raised(self, base: str, power: str) -> str:
        """Write a power."""

    # ---- products

    def product(self, product: Product) -> str:
        """Write coefficient * prod atom^power."""
        number = Fraction(product.coefficient).limit_denominator(_LARGEST_DENOMINATOR)
        exact = float(number) == product.coefficient
        top = str(abs(number.numerator)) if exact else f"{abs(product.coefficient):.12g}"
        sign = "-" if product.coefficient < 0 else ""
        factors = sorted(product.powers, key=lambda pair: _place(pair[0]))
        above = self._factors(top, [(atom, power) for atom, power in factors if power > 0])
        below = self._factors(str(number.denominator if exact else 1), [(a, -p) for a, p in factors if p < 0])
        if not below:
            return sign + (self._bare_sum(product) or " ".join(above) or "1")
        return sign + self.fraction(" ".join(above) or "1", " ".join(below), below_is_one_factor=len(below) == 1)

    def _factors(self, number: str, powers: Sequence[tuple[Atom, Fraction]]) -> list[str]:
        """Write one side of a fraction as a list of factors."""
        if self.bar_groups and number == "1" and len(powers) == 1:
            (atom, power) = powers[0]
            if isinstance(atom, Sum) and power == 1:
                return [self.sum(atom)]
        return ([] if number == "1" else [number]) + [self._atom(atom, power) for atom, power in powers]

    def _bare_sum(self, product: Product) -> str:
        """Write a sum that stands alone, which needs no parentheses; nothing for any other product."""
        if product.coefficient != 1.0 or not _is_sum(product):
            return ""
        (atom, _) = next(iter(product.powers))
        return self.sum(atom) if isinstance(atom, Sum) else ""

    def prefix(self, product: Product) -> str:
        """Write a positive product so that something may follow it; nothing for one."""
        if product == ONE:
            return ""
        written = self.product(product)
        return (self.bracket(written) if self._needs_bracket(written, product) else written) + " "

    def _needs_bracket(self, written: str, product: Product) -> bool:
        """Tell whether a product must stand in parentheses before something else."""
        return _is_sum(product)

    def _atom(self, atom: Atom, power: Fraction) -> str:
        if isinstance(atom, Call):
            return self._function(atom, power)
        if power == Fraction(1, 2):
            return self._root(self.sum(atom) if isinstance(atom, Sum) else self.name(atom.name))
        base = self.bracket(self.sum(atom)) if isinstance(atom, Sum) else self.name(atom.name)
        return base if power == 1 else self._raised(base, _exponent(power))

    def sum(self, total: Sum) -> str:
        """Write a sum, positive terms first."""
        ordered = sorted(total.terms, key=lambda term: (term.coefficient < 0, _rank(term)))
        return _signed([self.product(term) for term in ordered])

    # ---- sums of derivatives

    def terms(self, terms: Sequence[Term], *, bracket: Product | None = None) -> str:
        """Write a sum of terms; a factor `bracket` goes in front of all of them."""
        if not terms:
            return "0"
        if bracket is None or bracket == ONE or len(terms) == 1:
            return _signed([self.term(term) for term in terms])
        inside = _signed([self.term(_divided(term, bracket)) for term in terms])
        return self.prefix(bracket) + self.bracket(inside)

    def term(self, term: Term) -> str:
        """Write one term with its sign."""
        sign = "-" if term.outer.coefficient < 0 else ""
        size = -term.outer if sign else term.outer
        inner = self.prefix(term.inner)
        if not term.along:
            what = term.subject
        elif term.twice and not inner:
            what = self.derivative(term.subject, term.along, twice=True)
        elif term.twice:
            what = self.derivative_of_product(inner + self.derivative(term.subject, term.along), term.along)
        elif inner:
            what = self.derivative_of_product(inner + term.subject, term.along)
        else:
            what = self.derivative(term.subject, term.along)
        after = f" {self.unit_vector(term.direction)}" if term.direction else ""
        return sign + self.prefix(size) + what + after


class TextNotation(Notation):
    """Plain text: (1/r^2) d(r^2 F_r)/dr."""

    def name(self, name: str) -> str:
        return name

    def indexed(self, letter: str, index: str) -> str:
        return f"{letter}_{index}"

    def unit_vector(self, name: str) -> str:
        return f"e_{name}"

    def bracket(self, inside: str) -> str:
        return f"({inside})"

    def derivative(self, inside: str, along: str, *, twice: bool = False) -> str:
        return f"d^2{inside}/d{along}^2" if twice else f"d{inside}/d{along}"

    def derivative_of_product(self, inside: str, along: str) -> str:
        return f"d({inside})/d{along}"

    def fraction(self, above: str, below: str, *, below_is_one_factor: bool) -> str:
        return f"{above}/{below if below_is_one_factor else self.bracket(below)}"

    def _needs_bracket(self, written: str, product: Product) -> bool:
        return "/" in written or _is_sum(product)

    def _function(self, call: Call, power: Fraction) -> str:
        written = f"{call.function}({self.product(call.argument)})"
        if power == Fraction(1, 2):
            return self._root(written)
        return written if power == 1 else self._raised(written, _exponent(power))

    def _root(self, inside: str) -> str:
        return f"sqrt({inside})"

    def _raised(self, base: str, power: str) -> str:
        return f"{base}^({power})" if "/" in power else f"{base}^{power}"


class LatexNotation(Notation):
    r"""LaTeX for math mode: \frac{1}{r^{2}} \frac{\partial}{\partial r}\left(r^{2} F_{r}\right)."""

    bar_groups = True

    def name(self, name: str) -> str:
        if _GREEK.fullmatch(name):
            return "\\" + name
        return name if len(name) == 1 else rf"\mathrm{{{name}}}"

    def indexed(self, letter: str, index: str) -> str:
        return f"{letter}_{{{self.name(index)}}}"

    def unit_vector(self, name: str) -> str:
        return rf"\mathbf{{e}}_{{{self.name(name)}}}"

    def bracket(self, inside: str) -> str:
        return rf"\left({inside}\right)"

    def derivative(self, inside: str, along: str, *, twice: bool = False) -> str:
        if twice:
            return rf"\frac{{\partial^{{2}} {inside}}}{{\partial {self.name(along)}^{{2}}}}"
        return rf"\frac{{\partial {inside}}}{{\partial {self.name(along)}}}"

    def derivative_of_product(self, inside: str, along: str) -> str:
        return rf"\frac{{\partial}}{{\partial {self.name(along)}}}" + self.bracket(inside)

    def fraction(self, above: str, below: str, *, below_is_one_factor: bool) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def _function(self, call: Call, power: Fraction) -> str:
        inside = self.product(call.argument)
        simple = len(call.argument.powers) == 1 and inside == self._only_symbol(call.argument)
        if call.function == "abs":
            written = rf"\left|{inside}\right|"
            return written if power == 1 else self._raised(written, _exponent(power))
        if power == Fraction(1, 2):
            return self._root(self._function(call, Fraction(1)))
        raised = "" if power == 1 else f"^{{{_exponent(power)}}}"
        argument = f" {inside}" if simple else self.bracket(inside)
        return _LATEX_FUNCTIONS[call.function] + raised + argument

    def _only_symbol(self, argument: Product) -> str:
        (atom, _) = next(iter(argument.powers))
        return self.name(atom.name) if isinstance(atom, Symbol) else ""

    def _root(self, inside: str) -> str:
        return rf"\sqrt{{{inside}}}"

    def _raised(self, base: str, power: str) -> str:
        return f"{base}^{{{power}}}"


TEXT, LATEX = TextNotation(), LatexNotation()


def shared_factor(terms: Sequence[Term]) -> Product:
    """Return the factor common to the outer factors of all terms."""
    return common_factor([term.outer for term in terms]) if terms else ONE


def _divided(term: Term, factor: Product) -> Term:
    return replace(term, outer=term.outer / factor)


def _is_sum(product: Product) -> bool:
    """Tell whether a product is one sum and nothing else."""
    if abs(product.coefficient) != 1.0 or len(product.powers) != 1:
        return False
    (atom, power) = next(iter(product.powers))
    return isinstance(atom, Sum) and power == 1


def _signed(parts: Sequence[str]) -> str:
    """Join terms by their own signs."""
    text = parts[0]
    for part in parts[1:]:
        text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
    return text


def _exponent(power: Fraction) -> str:
    return str(power.numerator) if power.denominator == 1 else f"{power.numerator}/{power.denominator}"


def _place(atom: Atom) -> tuple[int, int, str]:
    """Return where an atom stands in a product: symbols, functions, sums; each in the order of the coordinates."""
    if isinstance(atom, Symbol):
        return 0, atom.place, atom.name
    if isinstance(atom, Call):
        return 1, _rank(atom.argument)[0], atom.function
    return 2, min(_rank(term)[0] for term in atom.terms), TEXT.sum(atom)


def _rank(product: Product) -> tuple[int, str]:
    """Return where a product stands in a sum: constants, then in the order of the coordinates."""
    places = [_rank_of_atom(atom) for atom, _ in product.powers]
    return (min(places) if places else -100), TEXT.product(product)


def _rank_of_atom(atom: Atom) -> int:
    if isinstance(atom, Symbol):
        return atom.place
    if isinstance(atom, Call):
        return _rank(atom.argument)[0]
    return min(_rank(term)[0] for term in atom.terms)
