"""LaTeX tokens to ids and back, over a fixed vocabulary.

Knows nothing of how LaTeX is split: tokens come from `i2l_batch.latex`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from i2l_batch.errors import CheckpointError
from i2l_batch.latex import detokenize

PAD, BOS, EOS, UNK = range(4)
SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>")


class Tokenizer:
    """A vocabulary: four special tokens, then LaTeX tokens in a fixed order."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        if tuple(vocabulary[:4]) != SPECIALS or len(set(vocabulary)) != len(vocabulary):
            raise CheckpointError(
                f"the vocabulary must be distinct tokens that start with {' '.join(SPECIALS)}"
            )
        self.vocabulary = tuple(vocabulary)
        self._ids = {token: i for i, token in enumerate(self.vocabulary)}

    @classmethod
    def from_tokens(cls, tokens: Iterable[str]) -> Tokenizer:
        """The vocabulary of these tokens, sorted, so that the same tokens give the same ids."""
        return cls([*SPECIALS, *sorted(set(tokens))])

    def __len__(self) -> int:
        return len(self.vocabulary)

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """Ids of the tokens, `<unk>` for unknown ones; no bos, no eos."""
        return [self._ids.get(token, UNK) for token in tokens]

    def decode(self, ids: Iterable[int]) -> str:
        """LaTeX of the ids up to the first eos; other special tokens are left out."""
        tokens: list[str] = []
        for i in ids:
            if i == EOS:
                break
            if i >= len(SPECIALS):
                tokens.append(self.vocabulary[i])
        return detokenize(tokens)
