"""Pictures: compose a Scene from fields, draw it with PyVista or matplotlib."""
