"""The settings, read once from the environment and `.env`, then frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tuning.keeping import QUOTA_BYTES

Mode = Literal["run", "serve"]

#: Where to find what is missing.
WHERE = {
    "SLACK_BOT_TOKEN": "api.slack.com/apps, your app, OAuth & Permissions: Bot User OAuth Token (xoxb-...)",
    "SLACK_APP_TOKEN": "your app, Basic Information, App-Level Tokens: one with connections:write (xapp-...)",
    "SLACK_SIGNING_SECRET": "your app, Basic Information, App Credentials: Signing Secret",
    "OPENAI_API_KEY": "platform.openai.com, API keys; or the key of the backend that OPENAI_BASE_URL names",
}
NEEDED: dict[Mode, tuple[str, ...]] = {
    "run": ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "OPENAI_API_KEY"),
    "serve": ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "OPENAI_API_KEY"),
}


class SettingsWrong(Exception):
    """All that is missing or wrong in the settings, a line each."""


class Settings(BaseSettings):
    """What the administrator decides; `.env.example` explains each."""

    model_config = SettingsConfigDict(env_file=".env", frozen=True, extra="ignore", env_ignore_empty=True)

    slack_bot_token: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_api_url: str = "https://slack.com/api/"
    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = "https://api.openai.com/v1"
    ft_database_url: str = ""
    ft_data_dir: Path = Path("data")
    ft_quota_bytes: int = Field(default=QUOTA_BYTES, gt=0)
    ft_poll_seconds: float = Field(default=10, gt=0, le=3600)
    ft_admins: Annotated[frozenset[str], NoDecode] = frozenset()
    ft_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("ft_admins", mode="before")
    @classmethod
    def _user_ids(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part for part in value.replace(",", " ").split() if part)
        return value

    @field_validator(
        "slack_bot_token", "slack_app_token", "slack_signing_secret", "openai_api_key", mode="before"
    )
    @classmethod
    def _as_pasted(cls, value: object) -> object:
        """Blanks and line ends come along when a key is copied."""
        return value.strip() if isinstance(value, str) else value

    @field_validator("slack_api_url", "openai_base_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("an address starts with https:// or http://")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _with_slash(cls, value: str) -> str:
        return value.rstrip("/") + "/"

    @field_validator("ft_data_dir")
    @classmethod
    def _from_here(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def database_url(self) -> str:
        """FT_DATABASE_URL, or a SQLite file in FT_DATA_DIR."""
        return self.ft_database_url or f"sqlite:///{self.ft_data_dir / 'ft-bot.db'}"

    @property
    def backend_key(self) -> str:
        """The key for the backend; one of the team's own on this machine may do without."""
        return self.openai_api_key.get_secret_value() or "none"

    @property
    def secrets(self) -> tuple[str, ...]:
        """All values that no log may hold."""
        keys = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret, self.openai_api_key)
        return tuple(key.get_secret_value() for key in keys if key.get_secret_value())

    def missing(self, mode: Mode) -> list[str]:
        """The names of the settings that this mode can't do without."""
        return [name for name in NEEDED[mode] if not self._has(name)]

    def _has(self, name: str) -> bool:
        if name == "OPENAI_API_KEY" and "openai_base_url" in self.model_fields_set:
            return True
        value: SecretStr = getattr(self, name.lower())
        return bool(value.get_secret_value())


def read_settings(mode: Mode | None = None) -> Settings:
    """Read them; raises SettingsWrong that names all that is missing or wrong at once."""
    wrong: list[str] = []
    try:
        settings = Settings()
    except ValidationError as error:
        problems = {str(problem["loc"][0]): problem["msg"] for problem in error.errors()}
        wrong = [f"{name.upper()}: {said.removeprefix('Value error, ')}." for name, said in problems.items()]
        # with their defaults in the place of the wrong ones, the missing ones are found too
        settings = Settings(**{name: Settings.model_fields[name].get_default() for name in problems})
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong(f"The file .env can't be read: {error}.") from None
    absent = settings.missing(mode) if mode else []
    wrong += [f"{name} is missing. Find it here: {WHERE[name]}." for name in absent]
    if wrong:
        wrong.append("Set it in the environment or in a file .env; `.env.example` shows all settings.")
        raise SettingsWrong("\n".join(wrong))
    return settings
