"""From a file to a checked scenario: read, apply settings, validate, cross-check; every fault at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from fieldsim.errors import Finding, ScenarioError
from fieldsim.scenario.amounts import Setting
from fieldsim.scenario.cross_checks import cross_check
from fieldsim.scenario.faults import findings_of
from fieldsim.scenario.nodes import Node, plain
from fieldsim.scenario.overrides import apply, changes_question
from fieldsim.scenario.reader import read_file
from fieldsim.scenario.schema import Scenario
from fieldsim.scenario.setting import collect


@dataclass(frozen=True)
class Loaded:
    """A checked scenario with what it was made from."""

    scenario: Scenario
    setting: Setting
    root: Node
    path: Path
    data: bytes
    settings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The scenario's name: that of its file."""
        return self.path.stem

    @property
    def question_changed(self) -> bool:
        """Whether --set asks something else than the file, so that the numbers of its checks are not the answer."""
        return changes_question(self.root, self.settings)

    @property
    def sha256(self) -> str:
        """Hash of the file as given."""
        return hashlib.sha256(self.data).hexdigest()


def load(path: Path | str, settings: Sequence[str] = ()) -> Loaded:
    """Read and check a scenario file with ``key=value`` settings; raises ScenarioError with every fault."""
    root, data = read_file(path)
    return check_tree(root, data, Path(path), settings)


def check_tree(root: Node, data: bytes, path: Path, settings: Sequence[str] = ()) -> Loaded:
    """Check a tree that has been read."""
    name = str(path)
    root = apply(root, settings, name)
    setting, findings = collect(root)
    try:
        scenario = Scenario.model_validate(plain(root), context=setting)
    except ValidationError as error:
        raise ScenarioError(name, _ordered([*findings, *findings_of(error, root, Scenario)])) from None
    findings += cross_check(scenario, setting, root, path.parent)
    if findings:
        raise ScenarioError(name, _ordered(findings))
    return Loaded(scenario, setting, root, path, data, tuple(settings))


def _ordered(findings: list[Finding]) -> list[Finding]:
    """Return the findings in the order of the file, each once."""
    unique = {(f.path, f.message): f for f in findings}
    return sorted(unique.values(), key=lambda f: (f.line or 0, f.column or 0))
