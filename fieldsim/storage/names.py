"""Which names a run, or a file made from a user's word, may have on every common file system."""

from __future__ import annotations

import unicodedata

from fieldsim.errors import InvalidInput, must

LONGEST_NAME = 255  # bytes, the limit of the common file systems

_SEPARATORS = frozenset('/\\<>:"|?*')
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}
)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # control, format, surrogate, private, unassigned
_REMEDY = "Choose a plain name such as heat_wall-2."


def check_name(name: str, *, what: str = "name") -> str:
    """Return `name` when it may name a file or folder; raise InvalidInput about `what` when it may not."""
    rule = _broken_rule(name)
    if rule is not None:
        raise InvalidInput(must(what, rule, name, _REMEDY))
    return name


def _broken_rule(name: object) -> str | None:
    if not isinstance(name, str):
        return "text"
    if not name:
        return "at least one character long"
    if any(unicodedata.category(character) in _UNSEEN for character in name):
        return "free of control and invisible characters"
    if any(character in _SEPARATORS for character in name):
        return 'a single name without / \\ < > : " | ? *'
    if name[0] in "-.~ ":
        return 'a name that does not begin with "-", ".", "~" or a space'
    if name[-1] in ". ":
        return "a name that does not end in a dot or a space"
    if name.split(".")[0].lower() in _RESERVED:
        return "none of the device names (con, nul, com1, ...)"
    if len(name.encode("utf-8")) > LONGEST_NAME:
        return f"at most {LONGEST_NAME} bytes long"
    return None
