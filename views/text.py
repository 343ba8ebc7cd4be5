"""Whatever a person, a model or a backend wrote passes through here before Slack sees it.

Three threats, one place: a `<!channel>`, a mention or a link that somebody smuggles in; styling
characters that break out of a code span; and lengths that make Slack refuse the message.
Zero-width spaces break what Slack would turn into a link; look-alikes replace what would restyle.
"""

from __future__ import annotations

import re

from views.rendered import MAX_TEXT

ZERO_WIDTH_SPACE = "\u200b"
ELLIPSIS = "…"

_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
#: Control characters, byte order marks, and overrides of the writing direction that can fake a text.
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
#: Slack's tokens and keys of OpenAI's form, which a backend or a person may have let slip.
_SECRETS = re.compile(r"\b(?:xox[a-z]-[\w-]{6,}|xapp-[\w-]{6,}|sk-(?=[\w-]*\d)[\w-]{16,})")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LOOKALIKES = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
#: Between two letters or digits Slack gives these no meaning: `news_train` and 2*3 stay as they are.
_STYLING = re.compile(r"`|(?<![A-Za-z0-9])[*_~]|[*_~](?![A-Za-z0-9])")
_QUOTE = re.compile(r"^(\s*)(?=>)", re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_USER_ID = re.compile(r"[UW][A-Z0-9]+")
_HALF_A_TOKEN = re.compile(r"(?:&[a-z]{0,4}|<[^<>]*)\Z")

#: Slack links a bare domain too; these endings are the usual ones that aren't file names as well.
_DOMAINS = (
    "com|net|org|io|ai|dev|app|co|info|biz|xyz|top|site|online|shop|club|live|link|click|cloud|"
    "ru|cn|de|uk|fr|eu|gg|ly"
)
#: After each of these a zero-width space goes in. A backslash may hide the next character in
#: Markdown. Every alternative looks only at ASCII characters within one word, so that a stream
#: may be cut between words.
_LIVE = re.compile(
    rf"""
      : (?= \\*/\\*/ )                              # any scheme://
    | www (?= \\*\. )
    | (?: mailto | (?<![a-z])tel ) (?= \\*: )
    | \] (?= \\*\( )                                # [text](target)
    | \. (?= (?:{_DOMAINS}) (?![a-z0-9]) )
    | @ (?= \\*(?:channel|here|everyone) )
    | (?<= [a-z0-9_.+\\-] ) @ (?= [a-z0-9\\-]+\. )  # an address
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_NAMES = re.compile(r"[@#](?=\S)")


def escape(text: str, limit: int = MAX_TEXT, *, lines: bool = False) -> str:
    """Text for mrkdwn that can't mention, link or style; on one line unless `lines`."""
    text = clean(text)
    text = _QUOTE.sub(rf"\1{ZERO_WIDTH_SPACE}", text.strip()) if lines else " ".join(text.split())
    text = _STYLING.sub(lambda found: _LOOKALIKES[found[0]], text)
    text = _NAMES.sub(rf"\g<0>{ZERO_WIDTH_SPACE}", unlink(text))
    return clip(text.translate(_ENTITIES), limit)


def prose(text: str, limit: int = MAX_TEXT) -> str:
    """Like `escape` on one line, but what stands between two backticks stays a code span.

    For the domain's own sentences, which name commands and keys that way.
    """
    parts = _SPAN.split(text)
    shown = "".join(code(part) if at % 2 else _between(part) for at, part in enumerate(parts))
    return clip(shown.strip(), limit)


def _between(text: str) -> str:
    """Escaped, with the space to its neighbours kept."""
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() else ""
    return before + escape(text) + after


def code(text: str, limit: int = 250) -> str:
    """A code span on one line that the text can't leave: for names, ids and things to type."""
    line = " ".join(clean(text).split()).replace("`", _LOOKALIKES["`"])
    return f"`{clip(unlink(line).translate(_ENTITIES), limit) or '–'}`"


def plain(text: str, limit: int) -> str:
    """Text for `plain_text` objects (headers, buttons, options), where Slack parses nothing but emoji."""
    line = " ".join(clean(text).split()).replace("<", "‹").replace(">", "›")
    return clip(unlink(line), limit)


def markdown(text: str) -> str:
    """A model's Markdown: its styling stays, but nothing becomes a link, a mention or a notice."""
    return unlink(clean(text)).translate(_ENTITIES)


def unlink(text: str) -> str:
    """Break with zero-width spaces whatever Slack would turn into a link or a notice."""
    return _LIVE.sub(rf"\g<0>{ZERO_WIDTH_SPACE}", text)


def clean(text: str) -> str:
    """Line breaks as newlines, no control characters, no secrets, and nothing that isn't UTF-8."""
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _SECRETS.sub("[secret]", _INVISIBLE.sub("", _LINE_BREAKS.sub("\n", text)))


def clip(text: str, limit: int) -> str:
    """At most `limit` characters of escaped text; no entity, mention or code span is cut in half."""
    if len(text) <= limit:
        return text
    kept = _HALF_A_TOKEN.sub("", text[: max(0, limit - 2)])
    if kept.count("`") % 2:
        kept = kept.rpartition("`")[0]
    # evil.community, cut short, is a domain again; one zero-width space mends that.
    return unlink(kept.rstrip()) + ELLIPSIS


def clip_middle(text: str, limit: int) -> str:
    """At most `limit` characters of raw text, with both ends: ids differ at the end."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return text[: limit - 1 - tail] + ELLIPSIS + text[len(text) - tail :]


def mention(user_id: str) -> str:
    """A live mention, for what has a user id's form only; anything else is shown as text."""
    return f"<@{user_id}>" if _USER_ID.fullmatch(user_id) else escape(user_id, 100)


def chunks(text: str, limit: int) -> list[str]:
    """Cut safe text into pieces of at most `limit` (>= 40), at paragraphs, lines or spaces if it can.

    A code block that goes on in the next piece is closed in this one and opened again there.
    """
    pieces: list[str] = []
    rest = text.strip("\n")
    while len(rest) > limit:
        at, gap = _cut_at(rest, limit - 5)
        piece, rest = unlink(rest[:at].rstrip()), rest[at + gap :]
        if piece.count("```") % 2:
            piece, rest = piece + "\n```", "```\n" + rest
        pieces.append(piece)
    return [piece for piece in [*pieces, rest] if piece.strip()]


def _cut_at(text: str, room: int) -> tuple[int, int]:
    """Where a piece of at most `room` ends, and how many characters of white space follow it."""
    for boundary in ("\n\n", "\n", " "):
        at = text.rfind(boundary, room // 2, room)
        if at > 0:
            return at, len(boundary)
    whole = _HALF_A_TOKEN.sub("", text[:room])
    unfenced = whole.rstrip("`")
    return len(unfenced) or len(whole) or room, 0


def packed(lines: list[str], limit: int = MAX_TEXT) -> list[str]:
    """Join lines into as few texts of at most `limit` as their order allows."""
    texts: list[str] = []
    for line in lines:
        line = clip(line, limit)
        if texts and len(texts[-1]) + 1 + len(line) <= limit:
            texts[-1] += "\n" + line
        else:
            texts.append(line)
    return texts


def mention_channel(channel_id: str) -> str:
    """A channel's name as a link, for ids of Slack's form only."""
    return f"<#{channel_id}>" if re.fullmatch(r"[CG][A-Z0-9]+", channel_id) else "that channel"
