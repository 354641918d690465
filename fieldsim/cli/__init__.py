"""The command line: `fieldsim run`, `validate`, `verify`, `list`, `show`, `new`, `schema`, `view`, `doctor`."""
