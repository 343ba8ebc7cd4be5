"""Tokens of many services, by the prefix that each gives its own, and keys that a text calls by name.

The kept library (detect-secrets) knows the larger services; these are some that it lacks. Shapes are those
that the services tell scanners of secrets. Each begins with a mark that few other words have: `triggers`
looks for the marks first, in all of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_VENDORS = {
    "age key": r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
    "Atlassian token": r"ATATT3[A-Za-z0-9_=-]{60,}",
    "DigitalOcean token": r"do[opr]_v1_[0-9a-f]{64}",
    "Docker token": r"dckr_pat_[A-Za-z0-9_-]{20,}",
    "EasyPost key": r"EZAK[A-Za-z0-9]{54}",
    "Figma token": r"figd_[A-Za-z0-9_-]{36,}",
    "Google client secret": r"GOCSPX-[A-Za-z0-9_-]{20,}",
    "Google access token": r"ya29\.[A-Za-z0-9_-]{30,}",
    "Grafana token": r"glsa_[A-Za-z0-9_]{32,}",
    "Groq key": r"gsk_[A-Za-z0-9]{40,}",
    "Heroku key": r"HRKU-[A-Za-z0-9_-]{36,}",
    "LangSmith key": r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
    "Linear key": r"lin_api_[A-Za-z0-9]{32,}",
    "New Relic key": r"NRAK-[A-Z0-9]{27}",
    "Notion token": r"ntn_[A-Za-z0-9]{40,}",
    "NVIDIA key": r"nvapi-[A-Za-z0-9_-]{60,}",
    "Perplexity key": r"pplx-[A-Za-z0-9]{40,}",
    "PlanetScale token": r"pscale_tkn_[A-Za-z0-9_.-]{32,}",
    "Postman key": r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    "Replicate token": r"r8_[A-Za-z0-9]{37}",
    "RubyGems key": r"rubygems_[0-9a-f]{48}",
    "Sentry token": r"sntrys_[A-Za-z0-9+/=_-]{60,}",
    "Shopify token": r"shpat_[0-9a-f]{32}",
    "Square token": r"sq0atp-[A-Za-z0-9_-]{22,}",
    "Stripe webhook secret": r"whsec_[A-Za-z0-9+/=]{32,}",
    "Supabase token": r"sbp_[0-9a-f]{40}",
    "Together key": r"tgp_v1_[A-Za-z0-9_-]{40,}",
    "Vault token": r"hvs\.[A-Za-z0-9_-]{24,}",
    "xAI key": r"xai-[A-Za-z0-9]{60,}",
}
MARKS = (
    *(b"AGE-SECRET-KEY-1", b"ATATT3", b"EZAK", b"GOCSPX-", b"HRKU-", b"NRAK-", b"PMAK-", b"_v1_"),
    *(b"dckr_pat_", b"figd_", b"glsa_", b"gsk_", b"hvs.", b"lin_api_", b"lsv2_", b"ntn_", b"nvapi-"),
    *(b"pplx-", b"pscale_tkn_", b"r8_", b"rubygems_", b"sbp_", b"shpat_", b"sntrys_", b"sq0atp-"),
    *(b"whsec_", b"xai-", b"ya29."),
)
#: What a text calls a key by, when the key itself has no shape of its own.
NAMES = (
    *(b"api_key", b"API_KEY", b"api-key", b"apikey", b"apiKey", b"API_TOKEN", b"api_token", b"access_token"),
    *(b"ACCESS_TOKEN", b"auth_token", b"AUTH_TOKEN", b"client_secret", b"CLIENT_SECRET", b"SECRET_KEY"),
)
FEWEST_TURNS = 5
"""How often a key that was drawn by lot goes from letters to digits or back, at least."""
_ANY = re.compile("|".join(rf"(?P<v{i}>\b{shape})" for i, shape in enumerate(_VENDORS.values())), re.ASCII)
_KINDS = tuple(_VENDORS)
_NAMED = re.compile(
    rf"(?:{b'|'.join(NAMES).decode()})[\w-]{{0,20}}[\"']?\s{{0,4}}[:=]\s{{0,4}}[\"']?(?P<key>[A-Za-z0-9+/_=-]{{24,}})(?![\w.(])",
    re.ASCII,
)
_TURN = re.compile(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Token(NamedTuple):
    """`text[start:end]` is a secret of this kind."""

    kind: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """Tokens by their shape, and keys by what they are called."""
    for match in _ANY.finditer(text):
        yield Token(_KINDS[int(str(match.lastgroup)[1:])], *match.span())
    for match in _NAMED.finditer(text):
        if _is_drawn(match["key"]):
            yield Token("API key", *match.span("key"))


def _is_drawn(key: str) -> bool:
    """Whether a key looks drawn by lot, and isn't words with a number, or the number of some thing."""
    return len(_TURN.findall(key)) >= FEWEST_TURNS and not _UUID.fullmatch(key)
