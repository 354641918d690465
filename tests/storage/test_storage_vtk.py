"""VTK files, held against VTK's own readers (vtkmodules.vtkIOXML, an implementation that is not ours)."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from fieldsim.errors import InvalidInput
from fieldsim.storage import structured_suffix, write_collection, write_structured

READERS = {
    ".vti": "vtkXMLImageDataReader",
    ".vtr": "vtkXMLRectilinearGridReader",
    ".vts": "vtkXMLStructuredGridReader",
}
STRETCHED = [np.array([0.0, 0.1, 0.3, 0.7]), np.array([-1.0, 0.0, 3.0]), np.array([2.0, 2.5, 4.0, 4.5, 9.0])]


def read(path: Path) -> Any:
    """Return the data set that VTK reads from `path`; fail on any error or warning it reports."""
    from vtkmodules import vtkIOXML

    reader = getattr(vtkIOXML, READERS[path.suffix])()
    complaints: list[str] = []
    for event in ("ErrorEvent", "WarningEvent"):
        reader.AddObserver(event, lambda _caller, name: complaints.append(name))
    assert reader.CanReadFile(str(path)) == 1
    reader.SetFileName(str(path))
    reader.Update()
    assert complaints == []
    return reader.GetOutput()


def values(data: Any, name: str) -> np.ndarray:
    from vtkmodules.util.numpy_support import vtk_to_numpy

    return vtk_to_numpy(data.GetCellData().GetArray(name))


def corner_points(data: Any) -> np.ndarray:
    """Return every corner, (points, 3), as VTK places it."""
    return np.array([data.GetPoint(index) for index in range(data.GetNumberOfPoints())])


def cell_index(shape: tuple[int, ...], index: tuple[int, ...]) -> int:
    """Return VTK's number of a cell: x runs fastest (VTK file formats, structured data)."""
    number, stride = 0, 1
    for count, position in zip(shape, index, strict=True):
        number += stride * position
        stride *= count
    return number


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_uniform_edges_come_back_as_image_data(tmp_path: Path, axes: int) -> None:
    shape = (4, 3, 5)[:axes]
    edges = [np.linspace(0.1 * axis, 1.0 + axis, count + 1) for axis, count in enumerate(shape)]
    field = np.random.default_rng(1).normal(size=shape)
    written = write_structured(tmp_path / "0000", {"T": field}, edges=edges, units={"T": "degC"}, time=2.5)
    assert written.path == tmp_path / "0000.vti"
    data = read(written.path)
    assert data.GetClassName() == "vtkImageData"
    assert data.GetNumberOfCells() == field.size
    got = values(data, "T")
    for index in np.ndindex(shape):
        assert got[cell_index(shape, index)] == field[index]
    bounds = np.array(data.GetBounds()).reshape(3, 2)
    for axis, edge in enumerate(edges):
        np.testing.assert_allclose(bounds[axis], [edge[0], edge[-1]], rtol=1e-15)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_stretched_edges_come_back_exactly(tmp_path: Path, axes: int) -> None:
    edges = STRETCHED[:axes]
    shape = tuple(edge.size - 1 for edge in edges)
    field = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    written = write_structured(tmp_path / "a", {"V": field}, edges=edges)
    assert written.path.suffix == ".vtr"
    data = read(written.path)
    full = [*edges, np.zeros(1), np.zeros(1)][:3]
    expected = [(x, y, z) for z in full[2] for y in full[1] for x in full[0]]
    np.testing.assert_array_equal(corner_points(data), expected)
    got = values(data, "V")
    for index in np.ndindex(shape):
        assert got[cell_index(shape, index)] == field[index]


def shell(counts: tuple[int, int, int]) -> np.ndarray:
    """Return corners of a half shell 1 <= r <= 2 in (r, theta, phi), ISO 80000-2."""
    ends = ((1.0, 2.0), (0.2, 3.0), (0.0, 3.0))
    axes = [np.linspace(*end, count + 1) for end, count in zip(ends, counts, strict=True)]
    r, theta, phi = np.meshgrid(*axes, indexing="ij")
    return np.stack([r * np.sin(theta) * np.cos(phi), r * np.sin(theta) * np.sin(phi), r * np.cos(theta)])


def test_curvilinear_corners_vectors_and_tensors_come_back(tmp_path: Path) -> None:
    shape = (3, 4, 5)
    corners = shell(shape)
    rng = np.random.default_rng(2)
    vector, tensor = rng.normal(size=(3, *shape)), rng.normal(size=(3, 3, *shape))
    written = write_structured(tmp_path / "b", {"E": vector, "H": tensor}, corners=corners, units={"E": "V/m"})
    assert written.path.suffix == ".vts"
    data = read(written.path)
    np.testing.assert_array_equal(corner_points(data), corners.transpose(3, 2, 1, 0).reshape(-1, 3))
    got_vector, got_tensor = values(data, "E"), values(data, "H")
    for index in np.ndindex(shape):
        number = cell_index(shape, index)
        np.testing.assert_array_equal(got_vector[number], vector[:, *index])
        np.testing.assert_array_equal(got_tensor[number].reshape(3, 3), tensor[:, :, *index])
        # the cell VTK gives this number spans the corners the mesh gives this index
        cell = corners[(slice(None), *(slice(i, i + 2) for i in index))].reshape(3, -1)
        bounds = np.array(data.GetCell(number).GetBounds()).reshape(3, 2)
        np.testing.assert_array_equal(bounds, np.stack([cell.min(axis=1), cell.max(axis=1)], axis=1))


def test_units_time_components_and_active_arrays_are_in_the_file(tmp_path: Path) -> None:
    from vtkmodules.vtkCommonCore import vtkDataArray

    arrays = {"V": np.zeros((2, 2)), "E": np.ones((2, 2, 2))}
    path = write_structured(
        tmp_path / "c", arrays, edges=[[0, 1, 2], [0, 1, 2]], units={"V": "V", "E": "V/m"}, time=0.1
    ).path
    data = read(path)
    assert data.GetFieldData().GetArray("TimeValue").GetValue(0) == 0.1
    array = data.GetCellData().GetArray("E")
    assert array.GetInformation().Get(vtkDataArray.UNITS_LABEL()) == "V/m"
    assert [array.GetComponentName(n) for n in range(3)] == ["x", "y", "z"]
    assert data.GetCellData().GetScalars().GetName() == "V"
    assert data.GetCellData().GetVectors().GetName() == "E"
    np.testing.assert_array_equal(values(data, "E"), [[1.0, 1.0, 0.0]] * 4)


@settings(deadline=None, max_examples=40)
@given(
    field=st.sampled_from(["f4", "f8", ">f8", "i1", "i4", "i8", "u2", "?"]).flatmap(
        lambda kind: npst.arrays(kind, npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    ),
    turned=st.booleans(),
)
def test_any_numbers_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, field: np.ndarray, turned: bool
) -> None:
    if turned:
        field = field.T
    edges = [np.arange(count + 1.0) for count in field.shape]
    path = write_structured(tmp_path_factory.mktemp("any") / "d", {"T": field}, edges=edges).path
    got = values(read(path), "T")
    expected = field.ravel(order="F").astype(field.dtype.newbyteorder("="))
    assert got.tobytes() == expected.tobytes()


def test_a_view_gives_the_bytes_of_its_copy_and_two_writes_the_same_file(tmp_path: Path) -> None:
    base = np.random.default_rng(3).normal(size=(8, 6, 10))
    view = base[::2, ::-1, 3:7]
    before = base.tobytes()
    edges = [np.arange(count + 1.0) for count in view.shape]
    one = write_structured(tmp_path / "one", {"T": view}, edges=edges)
    two = write_structured(tmp_path / "two", {"T": view.copy()}, edges=edges)
    assert one.sha256 == two.sha256 == hashlib.sha256(one.path.read_bytes()).hexdigest()
    assert one.size == one.path.stat().st_size
    assert base.tobytes() == before


def test_blocks_of_a_large_field_stay_in_order(tmp_path: Path) -> None:
    shape = (64, 64, 300)  # 9.8 MB: more than one block
    field = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    path = write_structured(tmp_path / "e", {"T": field}, edges=[np.arange(n + 1.0) for n in shape]).path
    np.testing.assert_array_equal(values(read(path), "T"), field.ravel(order="F"))


def test_names_and_units_with_markup_come_back(tmp_path: Path) -> None:
    name = '|grad V| < 5 & "wall" ∂T/∂x'
    path = write_structured(tmp_path / "f", {name: np.ones(2)}, edges=[[0, 1, 2]], units={name: "W/m²<&>"}).path
    array = read(path).GetCellData().GetArray(name)
    from vtkmodules.vtkCommonCore import vtkDataArray

    assert array.GetInformation().Get(vtkDataArray.UNITS_LABEL()) == "W/m²<&>"


def test_arrays_may_bear_the_names_of_the_files_own(tmp_path: Path) -> None:
    arrays = {"x": np.array([1.0, 2.0]), "Points": np.array([3.0, 4.0]), "TimeValue": np.array([5.0, 6.0])}
    for path in (
        write_structured(tmp_path / "r", arrays, edges=[[0, 1, 4]], time=7.0).path,
        write_structured(tmp_path / "s", arrays, corners=np.array([[0.0, 1.0, 4.0], [0.0, 0.0, 0.0]]), time=7.0).path,
    ):
        data = read(path)
        for name, expected in arrays.items():
            np.testing.assert_array_equal(values(data, name), expected)
        assert data.GetFieldData().GetArray("TimeValue").GetValue(0) == 7.0
        np.testing.assert_array_equal(corner_points(data)[:, 0], [0.0, 1.0, 4.0])


def test_a_unit_that_xml_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="printable"):
        write_structured(tmp_path / "u", {"T": np.ones(1)}, edges=[[0, 1]], units={"T": "K\0"})


def test_cut_out_cells_stay_nan(tmp_path: Path) -> None:
    path = write_structured(tmp_path / "g", {"V": np.array([1.0, np.nan])}, edges=[[0, 1, 2]]).path
    got = values(read(path), "V")
    assert got[0] == 1.0
    assert np.isnan(got[1])


def test_rounding_does_not_make_a_uniform_mesh_stretched() -> None:
    assert structured_suffix(edges=[np.linspace(1e6, 1e6 + 1e-3, 65)]) == ".vti"
    assert structured_suffix(edges=[np.cumsum(np.full(1000, 0.1))]) == ".vti"
    assert structured_suffix(edges=[np.linspace(0, 1e-9, 7)]) == ".vti"
    assert structured_suffix(edges=[np.linspace(0, 1, 11) ** 1.00001]) == ".vtr"


@pytest.mark.parametrize(
    ("arrays", "grid", "says"),
    [
        ({"T": np.zeros(3)}, {"edges": [[0, 1, 2]]}, "of shape (2,)"),
        ({"T": np.zeros((4, 2))}, {"edges": [[0, 1, 2]]}, "of shape (2,)"),
        ({"T": np.zeros(2, dtype=complex)}, {"edges": [[0, 1, 2]]}, "real number type"),
        ({"T": np.zeros(2, dtype=object)}, {"edges": [[0, 1, 2]]}, "real number type"),
        ({"": np.zeros(2)}, {"edges": [[0, 1, 2]]}, "printable"),
        ({"a\nb": np.zeros(2)}, {"edges": [[0, 1, 2]]}, "printable"),
        ({}, {"edges": [[0, 2, 1]]}, "increasing"),
        ({}, {"edges": [[0, np.nan, 1]]}, "finite"),
        ({}, {"edges": []}, "1 to 3 axes"),
        ({}, {"edges": [[0, 1]], "corners": np.zeros((3, 2))}, "one without the other"),
        ({}, {}, "one without the other"),
        ({}, {"corners": np.full((3, 2, 2), np.inf)}, "finite"),
        ({}, {"corners": np.zeros((4, 2, 2))}, "of shape"),
        ({}, {"corners": np.zeros((3, 1, 2))}, "of shape"),
    ],
)
def test_bad_input_is_refused_and_leaves_no_file(tmp_path: Path, arrays: Any, grid: Any, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        write_structured(tmp_path / "h", arrays, **grid)
    assert says in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_suffix_of_another_mesh_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"ending in \.vti"):
        write_structured(tmp_path / "h.vts", {}, edges=[[0, 1]])


def test_the_collection_lists_times_and_relative_files(tmp_path: Path) -> None:
    entries = [(0.0, tmp_path / "fields" / "0000.vti"), (0.1, "fields/0001.vti")]
    path = write_collection(tmp_path / "fields.pvd", entries).path
    root = ElementTree.parse(path).getroot()
    assert root.tag == "VTKFile"
    assert root.get("type") == "Collection"
    found = [(float(item.get("timestep", "")), item.get("file")) for item in root.iter("DataSet")]
    assert found == [(0.0, "fields/0000.vti"), (0.1, "fields/0001.vti")]


@pytest.mark.parametrize(
    "entries",
    [[(0.0, "../a.vti")], [(0.0, "/etc/a.vti")], [(1.0, "a.vti"), (1.0, "b.vti")], [(float("nan"), "a.vti")]],
)
def test_a_collection_of_elsewhere_or_out_of_order_is_refused(tmp_path: Path, entries: Any) -> None:
    with pytest.raises(InvalidInput):
        write_collection(tmp_path / "fields.pvd", entries)


def test_pyvista_opens_a_collection(tmp_path: Path) -> None:
    pyvista = pytest.importorskip("pyvista")
    field = np.arange(6.0).reshape(2, 3)
    file = write_structured(
        tmp_path / "fields" / "0000", {"T": field}, edges=[[0, 1, 2], [0, 1, 2, 3]], within=tmp_path
    )
    collection = write_collection(tmp_path / "fields", [(0.5, file.path)])
    reader = pyvista.get_reader(str(collection.path))
    assert reader.time_values == [0.5]
    np.testing.assert_array_equal(reader.read()[0].cell_data["T"], field.ravel(order="F"))
