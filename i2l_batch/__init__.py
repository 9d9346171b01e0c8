"""Transcribe the formulas of papers and images to LaTeX, in batches, into a parquet data set."""

__version__ = "0.1.0"
