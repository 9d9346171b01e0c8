from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.errors import CheckpointError
from i2l_batch.models.tokenizer import BOS, EOS, PAD, SPECIALS, UNK, Tokenizer

TOKENS = [r"\frac", "{", "}", "_", "^", "a", "b", r"\left(", r"\right)", "1"]


@given(st.lists(st.sampled_from(TOKENS)))
def test_decoding_undoes_encoding(tokens: list[str]) -> None:
    tokenizer = Tokenizer.from_tokens(TOKENS)
    assert tokenizer.decode(tokenizer.encode(tokens)) == " ".join(tokens)


def test_the_same_tokens_give_the_same_ids() -> None:
    forward, backward = Tokenizer.from_tokens(TOKENS), Tokenizer.from_tokens([*TOKENS[::-1], "a"])
    assert forward.vocabulary == backward.vocabulary
    assert forward.vocabulary[4:] == tuple(sorted(TOKENS))
    assert len(forward) == 4 + len(TOKENS)


def test_special_tokens_have_fixed_ids() -> None:
    vocabulary = Tokenizer.from_tokens(TOKENS).vocabulary
    assert [vocabulary[i] for i in (PAD, BOS, EOS, UNK)] == list(SPECIALS)


def test_unknown_tokens_are_unk_and_left_out_of_latex() -> None:
    tokenizer = Tokenizer.from_tokens(TOKENS)
    ids = tokenizer.encode(["a", r"\nosuch", "b"])
    assert ids[1] == UNK
    assert tokenizer.decode(ids) == "a b"


def test_decoding_stops_at_the_first_eos() -> None:
    tokenizer = Tokenizer.from_tokens(TOKENS)
    a, b = tokenizer.encode(["a", "b"])
    assert tokenizer.decode([BOS, a, PAD, EOS, b]) == "a"
    assert tokenizer.decode([EOS, a]) == ""


@pytest.mark.parametrize(
    "vocabulary", [[], ["a", "b"], [*SPECIALS[::-1], "a"], [*SPECIALS, "a", "a"]]
)
def test_a_wrong_vocabulary_is_refused(vocabulary: list[str]) -> None:
    with pytest.raises(CheckpointError, match="distinct tokens that start with <pad> <bos>"):
        Tokenizer(vocabulary)
