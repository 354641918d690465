"""The command line: `fieldsim run`, `verify`, `sweep`, `validate`, `list`, `show`, `new`, `formulas`, `doctor`."""
