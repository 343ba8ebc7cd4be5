"""Secrets that a text calls by name: passwords, and keys and tokens without a shape of their own.

A false alarm blocks a good file, so the value decides: it has to look like what somebody chose or drew, and
not like code, prose, a placeholder or what documentation writes there.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from tuning.datasets.hits import Hit, secret
from tuning.datasets.samples import has_sample_inside, is_sample_password, is_sample_token
from tuning.datasets.secret_marks import KEYS, PASSWORDS

FEWEST_TURNS = 5
"""How often a key that was drawn by lot goes from letters to digits or back, at least."""

_PASSWORD_NAME = (
    rf"(?:{b'|'.join(PASSWORDS).decode()}|pwd(?=[=:\"])|(?:PWD|Pwd)(?==))"
    r"(?:[_-]?(?:\d{1,2}|[pP]rod|PROD|dev|DEV))?"
)
_KEY_NAME = rf"(?:{b'|'.join(KEYS).decode()})[\w-]{{0,20}}"
_IS = r"(?:\\?[\"'`])?(?:\]|\))?\s{0,4}(?:=>|:=|[:=])\s{0,4}"
_PASSWORD = re.compile(
    rf"(?:{_PASSWORD_NAME}{_IS}|(?<=ENV )[A-Z_]{{0,40}}PASSWORD )"
    r"(?:\\?[\"'`](?P<said>[!#-&(-\[\]-_a-~]{8,128})\\?[\"'`]|(?P<bare>[\w!#$%*+./:?@^~=-]{8,128})(?![\w(\[{<]))",
    re.ASCII,
)
_KEY = re.compile(rf"{_KEY_NAME}{_IS}(?:\\?[\"'`])?(?P<key>[A-Za-z0-9+/_=-]{{24,512}})(?![\w.(])", re.ASCII)
_NO_KEY = re.compile(
    r"(?:page|sync|continuation|csrf|xsrf|request|cursor|cancel\w*|client_request|cache|sort|scroll|resume)[\w-]{0,8}$",
    re.IGNORECASE,
)
_USER = re.compile(r"(?: -u |--user[ =])[\"']?[\w.@+-]{1,64}:(?P<key>[!#-&(-\[\]-~]{8,128})")
_BASIC = re.compile(
    r"\bBasic (?P<key>(?=[A-Za-z]{0,40}[0-9+/=])[A-Za-z0-9+/]{12,400}={0,2})(?![\w+/=])", re.ASCII
)
_TURN = re.compile(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])")
_CHANGE = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|\d(?=[A-Za-z])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CLASSES = tuple(map(re.compile, (r"[a-z]", r"[A-Z]", r"\d", r"[^a-zA-Z0-9_]")))
_SYMBOL = re.compile(r"[!#$%&*+;=?@^|~,]")
_NO_PASSWORD = re.compile(
    r".*[<>(){}\[\]`]|[$%@:?&.]?[a-z_]\w*(?:[.-][a-z_]\w*)*(?:[?;,.]|(?<!\d)!)?$|.*-[a-z]{4,}[!.]?$"
    r"|\$(?:2[abxy]|argon|apr|[156])\$?|(?-i:.*\$[A-Z_]{3})|\$env|.*://|[./~\\]|[a-z]:\\|(?:[^/]*/){2}"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+$|.*%[sdr]|sha|md5|pbkdf|bcrypt|scrypt|&?\w+=\w*$|\w*[!=]==?|.*(?:&&|\|\||\+\+)",
    re.IGNORECASE,
)


def named(text: str) -> Iterator[Hit]:
    """Passwords and keys that a text calls by what they are, and logins of commands and headers."""
    for match in _PASSWORD.finditer(text):
        value = "said" if match["said"] else "bare"
        if is_password(match[value]):
            yield secret("password", match.span(value))
    for match in _KEY.finditer(text):
        if is_drawn(match["key"]) and not _NO_KEY.search(text, max(0, match.start() - 24), match.start()):
            yield secret("API key", match.span("key"))
    for match in _USER.finditer(text):
        if is_password(match["key"]):
            yield secret("password", match.span("key"))
    for match in _BASIC.finditer(text):
        if _is_login(match["key"]):
            yield secret("login", match.span("key"))


def is_named(name: str, value: str) -> bool:
    """Whether a value is the secret that its name says, as in an object of JSON."""
    said = f'{name[-40:]}="{value}"'
    return len(value) >= 8 and any(said[hit.start : hit.end] == value for hit in named(said))


def is_drawn(key: str) -> bool:
    """Whether a key looks drawn by lot, and isn't words with a number, or the number of some thing."""
    mixed = _CLASSES[2].search(key) and 5 * len(_CHANGE.findall(key)) >= 2 * len(key)
    drawn = mixed or len(_TURN.findall(key)) >= FEWEST_TURNS
    return bool(drawn) and not _UUID.fullmatch(key) and not is_sample_token(key)


def is_password(value: str) -> bool:
    """Whether a value looks like a password that somebody uses.

    It has three kinds of characters, and a symbol or many turns between letters and digits: names and words
    of code have few.
    """
    if is_sample_password(value) or has_sample_inside(value) or _UUID.fullmatch(value):
        return False
    turns = len(_TURN.findall(value))
    kinds = sum(bool(kind.search(value)) for kind in _CLASSES)
    if kinds < 3 and not (len(value) >= 16 and turns >= FEWEST_TURNS):
        return False
    if turns < 4 and (not _SYMBOL.search(value) or not _CLASSES[2].search(value)):
        return False
    return not _NO_PASSWORD.match(value) or (turns >= 4 and value.isalnum())


def _is_login(encoded: str) -> bool:
    """Whether the header of a basic login has a password that isn't a word of documentation."""
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return False
    kinds = sum(bool(kind.search(password)) for kind in _CLASSES)
    known = is_sample_password(password) or is_sample_token(password) or password == user
    return bool(user and colon) and password.isprintable() and len(password) >= 8 and kinds >= 3 and not known
