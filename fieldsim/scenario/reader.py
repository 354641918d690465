"""Read a scenario file: YAML 1.2 (core schema) into nodes that know their line and column.

Built from the parser's events, without recursion. Refused, each with its place: other encodings than UTF-8,
control characters, several documents, tags, duplicate keys, keys that are not text, cyclic aliases, deep
nesting, numbers that are not finite, oversized files.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from fieldsim.errors import Finding, ScenarioError
from fieldsim.scenario.nodes import Node, Path, Place, escaped, spell

MOST_BYTES = 2_000_000
MOST_NODES = 20_000
DEEPEST = 32
_MOST_DIGITS = 100

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: value
    for value, spellings in ((True, "true True TRUE"), (False, "false False FALSE"))
    for word in spellings.split()
}


def read_file(path: FilePath | str) -> tuple[Node, bytes]:
    """Return the tree of a scenario file and its bytes as they are.

    Raises ScenarioError for a file that cannot be read and for every fault of its YAML.
    """
    name = str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                _stop(name, "a scenario must be a regular file, not a folder or a device. Give a file's path.")
            data = stream.read(MOST_BYTES + 1)
    except ValueError as error:
        _stop(escaped(name), f"is not a path ({error}). Give the path of a scenario file.")
    except OSError as error:
        if isinstance(error, ScenarioError):
            raise
        _stop(name, f"cannot be read: {error.strerror}. Give a readable file or a name from `fieldsim list`.")
    if len(data) > MOST_BYTES:
        _stop(name, f"a scenario must be at most {MOST_BYTES} bytes long. Put large arrays into a data file.")
    return read_text(_decoded(data, name), name), data


def read_text(text: str, name: str) -> Node:
    """Return the tree of a scenario given as text; `name` stands for the file in messages."""
    bad = _FORBIDDEN.search(text)
    if bad is not None:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - text.rfind("\n", 0, bad.start())
        message = f"text must hold no control characters; got U+{ord(bad.group()):04X}. Remove it."
        raise ScenarioError(name, [Finding(message, line=line, column=column)])
    builder = _Builder(name)
    for event in _events(text, name):
        builder.take(event)
    return builder.result()


def _stop(name: str, message: str) -> None:
    raise ScenarioError(name, [Finding(message)])


def _decoded(data: bytes, name: str) -> str:
    """Return the text of UTF-8 bytes, with or without a byte order mark."""
    for mark, encoding in ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\0\0\xfe\xff", "UTF-32")):
        if data.startswith(mark):
            _stop(name, f"the file must be UTF-8; it begins (byte offset 0) as {encoding}. Save it as UTF-8.")
    body = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        offset = error.start + len(data) - len(body)
        shown = f"byte 0x{data[offset]:02X} at byte offset {offset}"
        message = f"the file must be UTF-8; {shown} is not. Save it as UTF-8."
        before = body[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise ScenarioError(name, [Finding(message, line=line, column=column)]) from None


def _events(text: str, name: str) -> Iterator[Any]:
    """Yield the YAML events of `text`; the parser's own errors become findings."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        where = {} if mark is None else {"line": mark.line + 1, "column": mark.column + 1}
        message = f"this is not YAML: {said[:200]}. Check quotes, brackets and indentation here and one line above."
        raise ScenarioError(name, [Finding(message, **where)]) from None
    except YAMLError as error:
        _stop(name, f"this is not YAML: {str(error)[:200]}. Check the file with `fieldsim new` as a model.")


@dataclass(slots=True)
class _Frame:
    """A mapping or a sequence that is being read."""

    place: Place
    is_mapping: bool
    anchor: str | None
    path: Path
    entries: dict[str, Node] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    key: str | None = None
    key_place: Place | None = None
    expects_key: bool = True
    count: int = 1
    in_flow: bool = False
    half_formula: Node | None = None


def _half_formula(frame: _Frame, node: Node) -> Node | None:
    """Return a value inside { } or [ ] whose parenthesis is still open, as where(x > 0 is of where(x > 0, 1, 2)."""
    text = node.content
    is_half = frame.in_flow and isinstance(text, str) and text.count("(") > text.count(")")
    return node if is_half else None


class _Builder:
    """Turns events into nodes and collects what is wrong with them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.findings: list[Finding] = []
        self.stack: list[_Frame] = []
        self.anchors: dict[str, Node] = {}
        self.root: Node | None = None
        self.documents = 0

    def take(self, event: Any) -> None:
        """Handle one event of the parser."""
        kind = type(event).__name__
        place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        if kind == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                self.fault(place, "a scenario must be one YAML document; a second one begins here. Remove `---`.")
                self.fail()
            return
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            self.refuse_tag(event, place)
            self.open(place, event, is_mapping=kind == "MappingStartEvent")
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self.close()
        elif kind == "ScalarEvent":
            self.refuse_tag(event, place)
            node = Node(self.scalar(event, place), place)
            self.anchor(event.anchor, node)
            self.put(node, is_plain=event.style is None)
        elif kind == "AliasEvent":
            self.put(self.aliased(str(event.anchor), place))

    def result(self) -> Node:
        """Return the root node, or raise everything that was found."""
        if self.root is None or self.root.content is None:
            self.fault(Place(1, 1), "the scenario is empty. Start one with `fieldsim new point_charge FILE`.")
        elif not isinstance(self.root.content, dict):
            self.fault(self.root.place, "a scenario must be a mapping of keys to values. See `fieldsim show`.")
        if self.findings or self.root is None:
            raise ScenarioError(self.name, self.findings)
        return self.root

    def fail(self) -> None:
        raise ScenarioError(self.name, self.findings)

    def fault(self, place: Place, message: str, path: Path = ()) -> None:
        self.findings.append(Finding(message, spell(path), place.line, place.column))

    def refuse_tag(self, event: Any, place: Place) -> None:
        if event.ctag is not None:
            shown = escaped(str(event.ctag))
            self.fault(place, f"tags are not allowed; got {shown}. Remove the tag.", self.path_here())

    def path_here(self) -> Path:
        """Return the path of the value that comes next."""
        if not self.stack:
            return ()
        top = self.stack[-1]
        if top.is_mapping:
            return (*top.path, top.key) if top.key is not None else top.path
        return (*top.path, len(top.items))

    def open(self, place: Place, event: Any, *, is_mapping: bool) -> None:
        if len(self.stack) >= DEEPEST:
            self.fault(place, f"nested too deeply: at most {DEEPEST} levels are read. Flatten the file.")
            self.fail()
        frame = _Frame(place, is_mapping, event.anchor, self.path_here(), in_flow=bool(event.flow_style))
        self.stack.append(frame)

    def close(self) -> None:
        frame = self.stack.pop()
        node = Node(frame.entries if frame.is_mapping else frame.items, frame.place, count=frame.count)
        self.anchor(frame.anchor, node)
        self.put(node)

    def anchor(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self.anchors[str(anchor)] = node

    def aliased(self, anchor: str, place: Place) -> Node:
        path = self.path_here()
        if any(frame.anchor == anchor for frame in self.stack):
            self.fault(place, f"cyclic alias: *{anchor} stands inside the value it names. Remove it.", path)
        elif anchor not in self.anchors:
            self.fault(place, f"alias *{anchor} names nothing above it. Write &{anchor} at its value first.", path)
        else:
            known = self.anchors[anchor]
            return Node(known.content, place, count=known.count)
        return Node(None, place)

    def put(self, node: Node, *, is_plain: bool = False) -> None:
        """Add a finished node to the collection that is open."""
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        top.count += node.count
        if top.count > MOST_NODES:
            self.fault(node.place, f"the scenario must hold at most {MOST_NODES} values. Use a data file.")
            self.fail()
        if top.expects_key or not top.is_mapping:
            self.refuse_half_formula(top)
        if not top.is_mapping:
            top.half_formula = _half_formula(top, node) if is_plain else None
            top.items.append(node)
        elif top.expects_key:
            self.take_key(top, node)
        else:
            top.half_formula = _half_formula(top, node) if is_plain else None
            if top.key is not None and top.key_place is not None:
                top.entries[top.key] = node.under_key(top.key_place)
            top.key, top.expects_key = None, True

    def refuse_half_formula(self, frame: _Frame) -> None:
        """Stop at a formula that YAML has cut at its comma: what follows would only confuse."""
        if frame.half_formula is not None:
            shown = ascii(frame.half_formula.content)[:80]
            message = f"text that holds a comma must stand in quotes here; got {shown} only. Quote the formula."
            self.fault(frame.half_formula.place, message, frame.path)
            self.fail()

    def take_key(self, frame: _Frame, node: Node) -> None:
        frame.expects_key, frame.key_place, key = False, node.place, node.content
        if not isinstance(key, str):
            shown = "a collection" if isinstance(key, dict | list) else repr(key)[:60]
            self.fault(node.place, f"keys must be text; got {shown}. Put it in quotes.", frame.path)
        elif key in frame.entries:
            first = frame.entries[key].key_place
            line = first.line if first is not None else None
            message = f"duplicate key: it stands on line {line} and again on line {node.place.line}. Keep one."
            self.fault(node.place, message, (*frame.path, key))
        else:
            frame.key = key

    def scalar(self, event: Any, place: Place) -> Any:
        """Return the value of a scalar by the core schema of YAML 1.2."""
        text: str = event.value
        if not event.implicit[0] or event.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.match(text):
            if len(text) > _MOST_DIGITS:
                message = f"a number must have at most {_MOST_DIGITS} digits; got {len(text)}. Write it as 1e30."
                self.fault(place, message, self.path_here())
                return 0
            return int(text)
        if _BASED.match(text):
            return int(text, 0) if len(text) <= _MOST_DIGITS else 0
        if _FLOAT.match(text) or _NOT_FINITE.match(text):
            value = float(text.replace(".", "", 1)) if _NOT_FINITE.match(text) else float(text)
            if value - value != 0.0:
                message = f"a number must be finite; got {text[:60]}. Give a number below 1.8e308."
                self.fault(place, message, self.path_here())
                return 0.0
            return value
        return text
