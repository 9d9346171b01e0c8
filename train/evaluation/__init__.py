"""Evaluation: how good a model, or a folder of transcriptions, is."""
