"""From tokens to text as it may be shown: whole characters only, and nothing that may begin a stop string."""

from typing import Any

#: What a decoder writes for bytes that are not (yet) a character. One that never gets its rest is left out.
HALF = "\ufffd"


class TextStream:
    """The text of one answer as its tokens come in."""

    def __init__(self, tokenizer: Any, stop: list[str], marks: str = "") -> None:
        """Special tokens are left out, except those that stand in `marks`."""
        self.tokenizer = tokenizer
        self.stop = stop
        added = tokenizer.added_tokens_decoder if marks else {}
        special = {token: str(known) for token, known in added.items() if known.special}
        self.hidden = {token for token, text in special.items() if text not in marks}
        self.hides_all = len(self.hidden) == len(special)
        self.tokens: list[int] = []
        self.prefix = 0
        self.read = 0
        self.held = ""
        self.shown = 0
        self.stopped = False

    @property
    def length(self) -> int:
        """The characters made until now, those held back included."""
        return self.shown + len(self.held)

    def push(self, token: int) -> str:
        """The text that became certain with this token."""
        self.tokens.append(token)
        before = self._decode(self.tokens[self.prefix : self.read])
        after = self._decode(self.tokens[self.prefix :])
        if len(after) <= len(before) or after.endswith(HALF):
            return ""
        self.prefix, self.read = self.read, len(self.tokens)
        return self._release(self.held + after[len(before) :])

    def finish(self) -> str:
        """What was held back, once no more tokens come."""
        if self.stopped:
            return ""
        before = self._decode(self.tokens[self.prefix : self.read])
        rest = self._decode(self.tokens[self.prefix :])[len(before) :]
        text = self._release(self.held + rest.rstrip(HALF)) + self.held
        self.shown += len(self.held)
        return text

    def _decode(self, tokens: list[int]) -> str:
        if not self.hides_all:
            tokens = [token for token in tokens if token not in self.hidden]
        text: str = self.tokenizer.decode(
            tokens, skip_special_tokens=self.hides_all, clean_up_tokenization_spaces=False
        )
        return text

    def _release(self, text: str) -> str:
        found = [at for at in (text.find(stop) for stop in self.stop) if at >= 0]
        if found:
            self.stopped = True
            text, keep = text[: min(found)], 0
        else:
            keep = max((_overlap(text, stop) for stop in self.stop), default=0)
        self.held = text[len(text) - keep :]
        self.shown += len(text) - keep
        return text[: len(text) - keep]


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of the text may be the beginning of the stop string."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
