"""Text that streams: whole characters, and never a part of a stop string."""

from hypothesis import given
from hypothesis import strategies as st

from trainer.serve.text import TextStream


class Bytes:
    """A tokenizer whose tokens are bytes."""

    def decode(self, tokens: list[int], **_: object) -> str:
        return bytes(tokens).decode("utf-8", "replace")


class Special(str):
    """As much of an added token as matters."""

    special = True


def streamed(text: str, stop: list[str]) -> tuple[list[str], TextStream]:
    stream = TextStream(Bytes(), stop)
    pieces = []
    for token in text.encode():
        pieces.append(stream.push(token))
        if stream.stopped:
            break
    return [*pieces, stream.finish()], stream


#: A replacement character at the very end can't be told from half a character.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")


@given(st.text(CHARACTERS), st.lists(st.text(min_size=1, max_size=3), max_size=3))
def test_the_pieces_make_the_text_up_to_the_first_stop(text: str, stop: list[str]) -> None:
    pieces, stream = streamed(text, stop)
    ends = [text.find(s) + len(s) for s in stop if s in text]
    wanted = text
    if ends:
        begun = text[: min(ends)]
        wanted = begun[: min(at for at in (begun.find(s) for s in stop) if at >= 0)]
    assert "".join(pieces) == wanted
    assert stream.stopped == bool(ends)


def test_half_a_character_waits_for_its_rest() -> None:
    assert streamed("é", [])[0] == ["", "é", ""]


def test_half_a_character_at_the_end_is_left_out() -> None:
    stream = TextStream(Bytes(), [])
    assert [stream.push(byte) for byte in "aé".encode()[:2]] == ["a", ""]
    assert stream.finish() == ""


def test_what_may_begin_a_stop_string_waits() -> None:
    assert streamed("abX", ["abc"])[0] == ["", "", "abX", ""]


def test_special_tokens_are_left_out_except_the_marks_of_calls() -> None:
    class Words:
        added = ("[TOOL_CALLS]", "</s>")

        def __init__(self) -> None:
            self.added_tokens_decoder = {i: Special(text) for i, text in enumerate(self.added)}

        def decode(self, tokens: list[int], skip_special_tokens: bool, **_: object) -> str:
            return "".join((*self.added, "word")[t] for t in tokens if t > 1 or not skip_special_tokens)

    for marks, shown in (("", "word"), ("[TOOL_CALLS]", "[TOOL_CALLS]word")):
        stream = TextStream(Words(), [], marks)
        assert "".join(stream.push(token) for token in (0, 2, 1)) + stream.finish() == shown
