"""Each token's own bytes, also of one that is only a part of a character."""

from typing import Any


class Spelling:
    """How one vocabulary spells: as byte-level BPE, as SentencePiece with byte fallback, or as plain text."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        decoder = getattr(getattr(tokenizer, "backend_tokenizer", None), "decoder", None)
        self.byte_level = "ByteLevel" in repr(decoder)
        self.added = {int(token) for token in tokenizer.added_tokens_decoder}

    def entry(self, token: int, logprob: float) -> dict[str, Any]:
        """The token as OpenAI's logprobs have it; bytes that are no text are written like \\xf0."""
        data = self.bytes_of(token)
        text = data.decode(errors="backslashreplace")
        return {"token": text, "logprob": logprob, "bytes": list(data)}

    def bytes_of(self, token: int) -> bytes:
        """What the token adds to the text."""
        if token in self.added:
            return str(self.tokenizer.decode([token])).encode()
        piece = self.tokenizer.convert_ids_to_tokens(token)
        if piece is None:
            return b""
        if self.byte_level:
            return b"".join(BYTES.get(letter, letter.encode()) for letter in piece)
        if len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">"):
            return bytes.fromhex(piece[3:5])
        return str(piece).replace("\u2581", " ").encode()


def _byte_letters() -> dict[str, bytes]:
    """The letters that byte-level BPE writes for bytes, after GPT-2: printable ones stand for themselves."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {chr(byte): bytes([byte]) for byte in kept}
    others = [byte for byte in range(256) if byte not in kept]
    return letters | {chr(256 + place): bytes([byte]) for place, byte in enumerate(others)}


BYTES = _byte_letters()
