"""What an address tells about the road to it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def on_this_machine(url: str) -> bool:
    """Whether an address never leaves this machine, so that no proxy can help to reach it."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
