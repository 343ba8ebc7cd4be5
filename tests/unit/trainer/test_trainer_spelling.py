"""The bytes of single tokens, for the vocabularies that there are."""

from types import SimpleNamespace
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models

from trainer.serve.spelling import Spelling


def tokenizer(pieces: list[str], decoder: Any) -> Any:
    """As much of a fast tokenizer as spelling needs."""
    backend = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[]))
    backend.decoder = decoder
    return SimpleNamespace(
        backend_tokenizer=backend,
        added_tokens_decoder={99: "<tool_call>"},
        convert_ids_to_tokens=lambda token: pieces[token] if token < len(pieces) else None,
        decode=lambda tokens: "<tool_call>",
    )


@pytest.mark.parametrize(
    ("pieces", "decoder", "expected"),
    [
        (["Ġhigh", "Ã", "¶", "Ċ"], decoders.ByteLevel(), [b" high", b"\xc3", b"\xb6", b"\n"]),
        (["▁high", "ö", "<0xF0>"], decoders.ByteFallback(), [b" high", "ö".encode(), b"\xf0"]),
    ],
)
def test_a_token_is_spelled_in_its_own_bytes(pieces: list[str], decoder: Any, expected: list[bytes]) -> None:
    spelling = Spelling(tokenizer(pieces, decoder))
    assert [spelling.bytes_of(token) for token in range(len(pieces))] == expected
    assert spelling.bytes_of(99) == b"<tool_call>"
    assert spelling.bytes_of(77) == b""


def test_a_part_of_a_character_is_written_as_its_bytes() -> None:
    spelling = Spelling(tokenizer(["Ã"], decoders.ByteLevel()))
    assert spelling.entry(0, -0.5) == {"token": "\\xc3", "logprob": -0.5, "bytes": [0xC3]}
