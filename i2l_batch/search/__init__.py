"""Finding formulas of a results folder by their LaTeX."""
