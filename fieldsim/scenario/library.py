"""Find what ships with fieldsim, scenarios and data, in an installed wheel or in a checkout."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fieldsim.errors import Finding, ScenarioError, must
from fieldsim.scenario.faults import did_you_mean
from fieldsim.scenario.nodes import plain
from fieldsim.scenario.reader import read_file


def shipped_folder(kind: str) -> Path | None:
    """Return the folder of shipped `scenarios` or `data`, or None where there is none."""
    package = Path(str(files("fieldsim")))
    for folder in (package / "shipped" / kind, package.parent / kind):
        if folder.is_dir():
            return folder
    return None


def scenario_names() -> list[str]:
    """Return the names of the scenarios that ship, sorted."""
    folder = shipped_folder("scenarios")
    return sorted(path.stem for path in folder.glob("*.yaml")) if folder is not None else []


def shipped_scenario(name: str) -> Path | None:
    """Return the file of a shipped scenario, or None."""
    folder = shipped_folder("scenarios")
    if folder is None or name not in scenario_names():
        return None
    return folder / f"{name}.yaml"


def find_scenario(text: str) -> Path:
    """Return the file that `text` means: a path, or the name of a shipped scenario.

    Raises ScenarioError with the nearest name for what is neither.
    """
    shipped = shipped_scenario(text)
    path = Path(text)
    looks_like_a_path = path.suffix in (".yaml", ".yml") or len(path.parts) != 1 or "\0" in text
    if looks_like_a_path or (shipped is None and _exists(path)):
        return path
    if shipped is not None:
        return shipped
    names = scenario_names()
    hint = did_you_mean(text, names) or "Run `fieldsim list`."
    message = must("scenario", "a file or the name of a scenario that ships", text, hint)
    raise ScenarioError(text[:200], [Finding(message)])


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def find_data(name: str, folder: Path) -> Path | None:
    """Return a data file beside the scenario or among the shipped data; a name must not lead out of them."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        return None
    shipped = shipped_folder("data")
    for place in (folder, *([shipped] if shipped is not None else [])):
        if (place / name).is_file():
            return place / name
    return None


def shipped_titles() -> dict[str, str]:
    """Return name -> title of every scenario that ships."""
    titles = {}
    for name in scenario_names():
        path = shipped_scenario(name)
        if path is not None:
            root, _ = read_file(path)
            titles[name] = str(plain(root).get("title", ""))
    return titles


def copy_scenario(name: str | None, target: Path) -> None:
    """Write a shipped scenario, or the commented template, to a file that does not exist yet.

    Raises ScenarioError and StorageError.
    """
    from fieldsim.storage import write_bytes

    data = template() if name is None else read_file(find_scenario(name))[1]
    if _exists(target):
        message = must("file", "a name that is free", str(target), "Choose another name, or remove the file.")
        raise ScenarioError(str(target), [Finding(message)])
    write_bytes(target, data)


def template() -> bytes:
    """Return the commented scenario to start from."""
    return (files("fieldsim") / "scenario" / "template.yaml").read_bytes()
