"""Questions to a field: its lines, where they begin and end."""
