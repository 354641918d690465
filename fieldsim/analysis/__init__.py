"""Questions to a field: its lines, integrals, stationary points, ways down, and how accurate an answer is."""
