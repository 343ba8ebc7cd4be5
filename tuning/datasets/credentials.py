"""Secrets by their shape: known tokens, logins in addresses, private keys.

Of detect-secrets, the detectors of token shapes are used that nothing here replaces; those that take the
square of a text's length, or guess by entropy or keyword, are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from tuning.datasets.hits import Hit, secret
from tuning.datasets.samples import is_nearby, is_sample_password, is_sample_token

#: A shape whose group `key` is the secret, or all of it.
_SHAPES = (
    (
        "API key",  # one run of letters and digits is long, which in words with hyphens none is
        re.compile(
            r"(?a)(?<![\w-])sk-(?:[a-z0-9]{2,8}-){0,2}(?=[\w-]{0,80}\d)(?=[\w-]{0,80}[A-Za-z0-9]{16})"
            r"(?!(.)\1{7})[A-Za-z0-9_-]{20,}"
        ),
    ),
    ("Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}(?![\w-])", re.ASCII)),
    ("Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{34}\b", re.ASCII)),
    ("GitHub token", re.compile(r"\bgithub_pat_[A-Za-z0-9_]{60,}", re.ASCII)),
    ("npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b", re.ASCII)),
    ("Databricks token", re.compile(r"\bdapi[0-9a-f]{32}\b", re.ASCII)),
    ("Slack token", re.compile(r"\b(?:xapp|xoxe(?:\.xox[bp])?)-\d-[A-Za-z0-9-]{20,}", re.ASCII)),
    ("Bearer token", re.compile(r"\bBearer\s+(?=\S*\d)[A-Za-z0-9._~+/-]{24,}=*", re.ASCII)),
    (
        "AWS secret key",
        re.compile(
            r"(?a)\b(?:aws_secret|AWS_SECRET|awsSecret|AwsSecret)_?(?i:(?:access_?)?key)\W{1,6}[A-Za-z0-9/+]{40}(?![\w/+])"
        ),
    ),
    ("JSON Web Token", re.compile(r"(?a)(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w+/=-]*)?")),
    (
        "npm token",
        re.compile(r"(?a)//\S{1,200}/:_authToken=\s{0,4}(?P<key>npm_\w+|[A-Fa-f0-9-]{36})"),
    ),
)
_LOGIN = re.compile(
    r"://(?P<user>[^\s:/?#\[\]@{}\"\\]{0,100}):(?P<key>[^\s:/?#\[\]@{}<>$\"'`\\]{1,200})@(?P<host>\[[\d:a-fA-F]+\]|[\w.-]*)"
)
_NO_SECRET = re.compile(
    r"(?:user(?:name)?|pass(?:word|wd)?|pwd|secret|token|key|[*x.]+|<.*|\[.*|\$.*)", re.IGNORECASE
)
_PRIVATE_KEY = re.compile(
    r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}|Private-Lines: \d{1,4}"
)
#: The key itself, after line breaks, quotes of code, and headers; documentation cuts it short with dots.
_MATERIAL = re.compile(
    r"(?:[\s\"'+>|,;(]|\\[nr]|[A-Z][\w-]{2,30}+: [^\n\\]{0,120}+(?=[\n\\]))*+"
    r"[A-Za-z0-9+/]{20,}+(?!\.\.|\u2026)"
)
_END = re.compile(r"-----END[^-]*-{0,5}|---- END[^-]*-{0,5}|Private-MAC: \w*")


def credentials(text: str) -> Iterator[Hit]:
    """Secrets by their shape; samples of documentation are none."""
    for name, pattern in _SHAPES:
        group = "key" if "key" in pattern.groupindex else 0
        for match in pattern.finditer(text):
            if not _NO_SECRET.fullmatch(match[group]) and not is_sample_token(match[group]):
                yield secret(name, match.span(group))
    yield from _logins(text)
    yield from _private_keys(text)
    for name, pattern in _detectors():
        for match in pattern.finditer(text):
            if not is_sample_token(match[0]):
                yield secret(name, match.span())


def _logins(text: str) -> Iterator[Hit]:
    for match in _LOGIN.finditer(text):
        key = match["key"]
        sample = _NO_SECRET.fullmatch(key) or is_sample_password(key) or key == match["user"]
        if not sample and not is_sample_token(key) and not is_nearby(match["host"]):
            yield secret("login", match.span("key"))


def _private_keys(text: str) -> Iterator[Hit]:
    """Private keys with what is secret about them: their first line alone is a mention."""
    done = 0
    for match in _PRIVATE_KEY.finditer(text):
        if match.start() >= done and (material := _MATERIAL.match(text, match.end(), match.end() + 4000)):
            end = _END.search(text, material.end())
            done = end.end() if end else len(text)
            yield secret("Private key", (match.start(), done))


@cache
def _detectors() -> list[tuple[str, re.Pattern[str]]]:
    """Loaded only when a text has a mark of a secret: importing them takes a third of a second."""
    from detect_secrets.plugins import (
        aws,
        azure_storage_key,
        github_token,
        gitlab_token,
        pypi_token,
        sendgrid,
        slack,
        square_oauth,
        stripe,
        telegram_token,
        twilio,
    )

    detectors: list[Any] = [
        aws.AWSKeyDetector(),
        azure_storage_key.AzureStorageKeyDetector(),
        github_token.GitHubTokenDetector(),
        gitlab_token.GitLabTokenDetector(),
        pypi_token.PypiTokenDetector(),
        sendgrid.SendGridDetector(),
        slack.SlackDetector(),
        square_oauth.SquareOAuthDetector(),
        stripe.StripeDetector(),
        telegram_token.TelegramBotTokenDetector(),
        twilio.TwilioKeyDetector(),
    ]
    return [
        (detector.secret_type, pattern)
        for detector in detectors
        for pattern in detector.denylist
        if "aws" not in pattern.pattern  # its keys by name: our own shape knows more names
    ]
