"""Fields: values on a mesh."""

from fieldsim.fields.field import Field, ScalarField, TensorField, VectorField

__all__ = ["Field", "ScalarField", "TensorField", "VectorField"]
