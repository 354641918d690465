"""The tree of a scenario file: plain values, each with the place it was written at.

A place is a line and a column (counted from one), or the command-line option that put the value there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fieldsim.errors import Finding

Path = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z_][\w+\- ]*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written."""

    line: int | None = None
    column: int | None = None
    option: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One value: `content` is a dict of nodes, a list of nodes, or a scalar; `count` is its size in nodes."""

    content: Any
    place: Place = field(default_factory=Place)
    key_place: Place | None = None
    count: int = 1

    def under_key(self, place: Place) -> Node:
        """Return this node as the value of a key written at `place`."""
        return replace(self, key_place=place)


def plain(node: Node) -> Any:
    """Return the dicts, lists and scalars of `node` without their places."""
    if isinstance(node.content, dict):
        return {key: plain(value) for key, value in node.content.items()}
    if isinstance(node.content, list):
        return [plain(value) for value in node.content]
    return node.content


def child(node: Node, step: str | int) -> Node | None:
    """Return the node below `node` at a key or an index, or None."""
    content = node.content
    if isinstance(content, dict) and isinstance(step, str):
        found = content.get(step)
        return found if isinstance(found, Node) else None
    if isinstance(content, list) and isinstance(step, int) and 0 <= step < len(content):
        found = content[step]
        return found if isinstance(found, Node) else None
    return None


def place_of(root: Node, path: Sequence[str | int], *, of_key: bool = False) -> Place:
    """Return the place of the value at `path`, or of the nearest value above it that exists."""
    node = root
    for step in path:
        below = child(node, step)
        if below is None:
            return node.place
        node = below
    return node.key_place if of_key and node.key_place is not None else node.place


def spell(path: Sequence[str | int]) -> str:
    """Return a path as text, ``mesh.x[1]``; keys that are not plain ASCII are escaped."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + escaped(step)
    return text


def escaped(key: str) -> str:
    """Return a key as it may be printed: homoglyphs and invisible characters shown by their code."""
    if _PLAIN_KEY.match(key) and len(key) <= 60:
        return key
    text = key.encode("unicode_escape").decode("ascii")
    return "'" + (text if len(text) <= 60 else text[:57] + "...") + "'"


def finding(root: Node, path: Sequence[str | int], message: str, *, of_key: bool = False) -> Finding:
    """Return a finding about the value (or the key) at `path`, with its place filled in."""
    place = place_of(root, path, of_key=of_key)
    if place.option:
        message = f"{message} (from {place.option})"
    return Finding(message=message, path=spell(path), line=place.line, column=place.column)
