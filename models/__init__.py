"""The networks: tensors in, log-probabilities out. Knows nothing of files of papers, nor of Ray."""
