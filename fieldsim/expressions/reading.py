"""Read the text of a formula into Python's own syntax tree, after guards that keep the parser safe.

The raw text is scanned first: its length, characters, words, brackets and number of operators are checked
before `ast.parse` sees it, so that no text can exhaust the parser's stack or reach a construct outside
arithmetic. Every refusal names the column.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from dataclasses import dataclass

from fieldsim.errors import ExpressionError, must

MAX_LENGTH = 2000
"""Longest formula in characters."""
MAX_NESTING = 50
"""Deepest nesting of parentheses."""
MAX_OPERATORS = 400
"""Most operators, commas and calls in one formula."""
MAX_DEPTH = 150
"""Deepest syntax tree; a sum of n terms is n - 1 deep."""

_RULE = "a formula"
_SHOWN = 60
_OPERATOR_WORDS = frozenset({"and", "or", "not", "if", "else"})
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<operator>\*\*|//|<<|>>|<=|>=|==|!=|:=|->|[-+*/%<>(),])"
)
_FORBIDDEN = {
    "^": "write ** for a power",
    "=": "an assignment or a named argument is not allowed; write == to compare",
    ";": "only one formula is allowed",
    ".": "attribute access not allowed; a number needs a digit beside its point",
    "[": "subscripts and lists are not allowed",
    "]": "subscripts and lists are not allowed",
    "{": "braces are not allowed",
    "}": "braces are not allowed",
    "'": "text in quotes is not allowed",
    '"': "text in quotes is not allowed",
    "&": "write `and` between two conditions",
    "|": "write `or` between two conditions; absolute value is abs(x)",
    "~": "write `not` before a condition",
    "!": "write != for not equal, `not` for negation, gamma(n + 1) for a factorial",
    ":": "a colon is not allowed",
    ":=": "an assignment is not allowed",
    "->": "an arrow is not allowed",
    "<<": "bit shifts are not allowed",
    ">>": "bit shifts are not allowed",
    "#": "a comment is not allowed inside a formula",
    "@": "write * for a product",
    "\\": "a backslash is not allowed",
    "×": "write * for a product",
    "·": "write * for a product",
    "÷": "write / for a quotient",
    "−": "write the plain minus sign -",
    "²": "write **2 for a square",
    "³": "write **3 for a cube",
    "π": "write pi",
    "√": "write sqrt(x)",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
}


class _Escaped:
    """Text whose repr shows every non-ASCII character as an escape, so that look-alikes are seen."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return ascii(self._text)


@dataclass(frozen=True)
class Source:
    """A formula as given and the name of the place it stands in, for messages."""

    text: str
    where: str

    def fault(self, position: int, problem: str) -> ExpressionError:
        """Return the error that points at `position` (counted from 0) of the formula."""
        start = max(0, position - _SHOWN)
        end = min(len(self.text), position + _SHOWN)
        shown = ("..." if start else "") + self.text[start:end] + ("..." if end < len(self.text) else "")
        return ExpressionError(must(self.where, _RULE, _Escaped(shown), f"Column {position + 1}: {problem}."))


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def starts_value(self) -> bool:
        return self.kind == "number" or self.text == "(" or self._is_name

    @property
    def ends_value(self) -> bool:
        return self.kind == "number" or self.text == ")" or self._is_name

    @property
    def is_prefix(self) -> bool:
        return self.text in ("+", "-", "not")

    @property
    def _is_name(self) -> bool:
        return self.kind == "name" and self.text not in _OPERATOR_WORDS


def read(source: Source) -> ast.expr:
    """Return the syntax tree of a formula; columns in it count from the start of `source.text`.

    Raises ExpressionError for anything that is not one arithmetic expression within the limits.
    """
    if len(source.text) > MAX_LENGTH:
        problem = f"a formula may have {MAX_LENGTH} characters, this one has {len(source.text)}"
        raise source.fault(0, f"{problem}; split it or name its parts as parameters")
    tokens = _scan(source)
    _check_order(source, tokens)
    blank = re.sub(r"[\t\r\n]", " ", source.text)
    indent = len(blank) - len(blank.lstrip())
    try:
        tree = ast.parse(blank.lstrip(), mode="eval").body
    except SyntaxError as error:
        raise _syntax_fault(source, tokens, (error.offset or 1) - 1 + indent) from None
    except (ValueError, RecursionError, MemoryError, OverflowError):
        raise source.fault(0, "the formula is too deeply nested; name its parts as parameters") from None
    if indent:
        for node in ast.walk(tree):
            if hasattr(node, "col_offset"):
                node.col_offset += indent
    return tree


def _scan(source: Source) -> list[_Token]:
    """Return the tokens of the formula; refuse characters, words and numbers outside the language."""
    tokens: list[_Token] = []
    position = 0
    while position < len(source.text):
        match = _TOKEN.match(source.text, position)
        if match is None:
            raise source.fault(position, _why_forbidden(source.text[position]))
        kind = match.lastgroup or ""
        token = _Token(kind, match.group(), position)
        position = match.end()
        if kind == "space":
            continue
        if kind == "name":
            _check_word(source, token)
        elif kind == "number":
            _check_number(source, token)
        elif token.text in _FORBIDDEN:
            raise source.fault(token.start, f"{token.text!r}: {_FORBIDDEN[token.text]}")
        tokens.append(token)
    if not tokens:
        raise source.fault(0, "the formula is empty")
    return tokens


def _why_forbidden(character: str) -> str:
    shown = ascii(character)
    if not character.isascii():
        shown = f"non-ASCII character {shown} ({unicodedata.name(character, 'no name')})"
    if character in _FORBIDDEN:
        return f"{shown}: {_FORBIDDEN[character]}"
    return f"{shown} is not allowed; names are made of the letters a-z, A-Z, digits and _"


def _check_word(source: Source, token: _Token) -> None:
    word = token.text
    if keyword.iskeyword(word) and word not in _OPERATOR_WORDS:
        raise source.fault(token.start, f"`{word}` is a word of the Python language, not a name; rename it")
    if word.startswith("_") or "__" in word:
        before = source.text[token.start - 1] if token.start else " "
        problem = "write numbers without _" if before.isdigit() else "a name must not begin with _ or contain __"
        raise source.fault(token.start, f"{word[:40]!r} is not allowed: {problem}")


def _check_number(source: Source, token: _Token) -> None:
    if re.fullmatch(r"0+[1-9][0-9]*", token.text):
        raise source.fault(token.start, "write a number without leading zeros")
    if float(token.text) == float("inf"):
        raise source.fault(token.start, "the number is too large (largest 1.8e308)")


def _check_order(source: Source, tokens: list[_Token]) -> None:
    """Refuse what would strain the parser (depth, chains) and name the commonest slips of order."""
    nesting: list[_Token] = []
    operators = prefixes = 0
    previous: _Token | None = None
    for token in tokens:
        _check_neighbours(source, previous, token)
        operators += token.kind == "operator" or token.text in _OPERATOR_WORDS
        prefixes = prefixes + 1 if token.is_prefix else 0
        if token.text == "(":
            nesting.append(token)
        elif token.text == ")":
            if not nesting:
                raise source.fault(token.start, "this ) has no matching (")
            nesting.pop()
        elif token.text == "," and not nesting:
            raise source.fault(token.start, "a comma is not allowed here; write a decimal point as 1.5")
        if len(nesting) > MAX_NESTING or prefixes > MAX_NESTING:
            raise source.fault(token.start, f"nested deeper than {MAX_NESTING} levels; name its parts as parameters")
        if operators > MAX_OPERATORS:
            raise source.fault(token.start, f"more than {MAX_OPERATORS} operators; name its parts as parameters")
        previous = token
    if nesting:
        raise source.fault(nesting[-1].start, "this ( is never closed")


def _check_neighbours(source: Source, left: _Token | None, right: _Token) -> None:
    """Refuse two values without an operator between them and an operator without a value before it."""
    if left is not None and left.ends_value:
        if right.starts_value:
            _check_missing_operator(source, left, right)
    elif right.text == ")":
        if left is not None and left.text not in ("(", ","):
            raise source.fault(left.start, f"{left.text!r} has no value after it")
    elif not right.starts_value and not right.is_prefix:
        raise source.fault(right.start, f"{right.text!r} has no value before it")


def _check_missing_operator(source: Source, left: _Token, right: _Token) -> None:
    touching = left.start + len(left.text) == right.start
    if right.text == "(" and left.kind == "name":
        return
    if touching and left.kind == "number" and right.kind == "name":
        if right.text in ("j", "J"):
            raise source.fault(right.start, "complex numbers are not allowed")
        if left.text == "0" and right.text[0] in "xXbBoO":
            raise source.fault(left.start, "write numbers in decimal")
    advice = f"an operator is missing between {left.text[:40]!r} and {right.text[:40]!r}; write * for a product"
    if left.kind == "name":
        advice += f", {left.text[:40]}(...) for a function"
    raise source.fault(right.start, advice)


def _syntax_fault(source: Source, tokens: list[_Token], position: int) -> ExpressionError:
    last = tokens[-1]
    if not last.ends_value:
        return source.fault(last.start, f"the formula ends after {last.text!r}; a value is missing")
    conditional = next((token for token in tokens if token.text == "if"), None)
    if conditional is not None and not any(token.text == "else" for token in tokens):
        return source.fault(conditional.start, "`if` needs an `else`: a if condition else b")
    near = next((token for token in tokens if token.start >= position), last)
    return source.fault(near.start, f"{near.text[:40]!r} does not fit here")
