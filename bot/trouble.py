"""What keeps the bot from starting, told in a line with what to do about it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from slack_sdk.errors import SlackApiError

from bot.settings import WHERE
from bot.slack_errors import word
from tuning.errors import FtBotError

TOKEN_WORDS = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "not_allowed_token_type",
}


class CannotStart(FtBotError):
    """The bot can't start."""

    code = "cannot_start"


def make_room(folder: Path) -> None:
    """Make FT_DATA_DIR, and see that it can be written to; raises CannotStart."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CannotStart(
            f"FT_DATA_DIR is {folder}, which can't be written to: {error.strerror}.",
            remedy="Make it writable for the user that runs the bot, or set FT_DATA_DIR to another folder.",
        ) from error


def slack_refused(error: BaseException, setting: str, api_url: str) -> CannotStart:
    """Slack's refusal of a token, or its silence, in words; `setting` names the token."""
    said = word(error)
    if not isinstance(error, SlackApiError):
        return CannotStart(
            f"Slack can't be reached at {api_url} ({said}).",
            remedy="Check the network, HTTPS_PROXY, and SLACK_API_URL if you set it.",
        )
    if said in TOKEN_WORDS:
        return CannotStart(
            f"Slack refuses {setting} ({said}).", remedy=f"Take it anew: {WHERE[setting]}. Then start again."
        )
    return CannotStart(f"Slack answered {said} to {setting}.", remedy="`ft-bot doctor` finds out why.")


def no_port(error: OSError, host: str, port: int) -> CannotStart:
    return CannotStart(
        f"Can't listen on {host}:{port}: {(error.strerror or str(error)).lower()}.",
        remedy="Choose another address with --host or --port, or stop the program that has it.",
    )
