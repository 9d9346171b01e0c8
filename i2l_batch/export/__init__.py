"""Formulas out of a results folder, in the forms that other programs read."""
