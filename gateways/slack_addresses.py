"""Where Slack keeps files, and which of these places may be shown the bot's token."""

from __future__ import annotations

from yarl import URL

#: Where Slack keeps files without asking for a token.
_OPEN_HOSTS = ("slack-edge.com", "slack-files.com")


def takes_token(url: URL, api: URL) -> bool:
    """Whether the bot's token may go there: Slack over TLS, or the API's own host at any port."""
    if url.host == api.host and url.scheme in (api.scheme, "https"):
        return True
    return url.scheme == "https" and _within(url.host or "", "slack.com")


def is_open(url: URL) -> bool:
    """Whether Slack gives files away there without a token."""
    return url.scheme == "https" and any(_within(url.host or "", host) for host in _OPEN_HOSTS)


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")
