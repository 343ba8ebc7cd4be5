"""What the administrator offers: bases, limits and defaults, read once from trainer.toml."""

import base64
import os
import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from trainer import values

DEFAULT_FILE = Path(__file__).with_name("trainer.toml")
EXECUTORS = ("local", "ray")
SECTIONS = {"organization", "bases", "limits", "training", "ray", "serving", "webhooks"}
T = TypeVar("T", "Base", "Limits", "Training", "Ray", "Serving", "Webhook")


class SettingsError(Exception):
    """trainer.toml says something that can't be."""


@dataclass(frozen=True)
class Base:
    """A model that a job may start from, with the defaults that suit it."""

    name: str
    source: str
    tuning: str = "lora"
    context: int = 1024
    batch_size: int = 8
    learning_rate: float = 1e-4
    dpo_learning_rate: float = 1e-5
    lora_rank: int = 16
    auto_steps: int = 100
    answer_tokens: int = 0
    lora_targets: tuple[str, ...] = ()
    packing: bool = False
    attention: str = ""
    trust_remote_code: bool = False
    nodes: int = 1
    gpus: int = 0
    cpus: int = 1

    def as_dict(self) -> dict[str, Any]:
        """The form that stands in a job's folder."""
        return asdict(self)


@dataclass(frozen=True)
class Limits:
    """What one request or one project may use."""

    file_bytes: int = 536_870_912
    active_jobs_per_project: int = 20
    training_jobs_per_project: int = 4
    upload_bytes: int = 8_589_934_592
    part_bytes: int = 67_108_864
    upload_seconds: int = 3600


@dataclass(frozen=True)
class Training:
    """How jobs run, and where."""

    executor: str = "local"
    concurrent: int = 1
    threads: int = 0
    checkpoint_seconds: float = 30.0
    restarts: int = 3
    loaded_minutes: float = 10.0
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ray:
    """The cluster on which jobs train, if the executor is "ray"."""

    address: str = "http://127.0.0.1:8265"
    folder: str = ""
    python: str = "python3"


@dataclass(frozen=True)
class Serving:
    """How answers are made on this machine."""

    engine: str = "auto"
    threads: int = 1
    loaded_models: int = 8
    places: int = 32
    vllm: str = "vllm"
    vllm_processes: int = 1
    vllm_options: tuple[str, ...] = ()
    batch_adapters: int = 8
    start_seconds: float = 900.0
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Webhook:
    """Who is told that a project's job ended; the secret stands in an environment variable."""

    url: str
    secret_env: str
    project: str = "default"


@dataclass(frozen=True)
class Settings:
    """Everything in trainer.toml."""

    organization: str = "local"
    bases: dict[str, Base] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    training: Training = field(default_factory=Training)
    ray: Ray = field(default_factory=Ray)
    serving: Serving = field(default_factory=Serving)
    webhooks: tuple[Webhook, ...] = ()


def load(path: Path | None = None) -> Settings:
    """Read a configuration file; raises SettingsError naming the file and the key that is wrong."""
    path = path or DEFAULT_FILE
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    try:
        return _settings(raw)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def _settings(raw: dict[str, Any]) -> Settings:
    bases = {name: _base(name, body) for name, body in _table(raw.get("bases", {}), "bases").items()}
    if not bases:
        raise SettingsError("no [bases.NAME] section, so there is nothing to train")
    if unknown := sorted(set(raw) - SECTIONS):
        raise SettingsError(f"{unknown[0]} is not a section; known are {', '.join(sorted(SECTIONS))}")
    if not isinstance(raw.get("organization", ""), str):
        raise SettingsError(f"organization must be text, not {raw['organization']!r}")
    for base in bases.values():
        _check_base(base)
    serving = _section(Serving, raw.get("serving", {}), "serving")
    if serving.engine not in {"auto", "local", "vllm"}:
        raise SettingsError(f'serving.engine must be "auto", "local" or "vllm", not {serving.engine!r}')
    return Settings(
        organization=raw.get("organization", "local"),
        bases=bases,
        limits=_section(Limits, raw.get("limits", {}), "limits"),
        training=_training(raw.get("training", {})),
        ray=_section(Ray, raw.get("ray", {}), "ray"),
        serving=serving,
        webhooks=tuple(_webhook(body, i) for i, body in enumerate(_webhooks(raw))),
    )


def _check_base(base: Base) -> None:
    if base.tuning not in {"full", "lora"}:
        raise SettingsError(f'bases.{base.name}.tuning must be "full" or "lora", not {base.tuning!r}')


def _training(body: Any) -> Training:
    training = _section(Training, body, "training")
    if training.executor not in EXECUTORS:
        raise SettingsError(f'training.executor must be "local" or "ray", not {training.executor!r}')
    return training


def _webhooks(raw: dict[str, Any]) -> list[Any]:
    hooks = raw.get("webhooks", [])
    if not isinstance(hooks, list):
        raise SettingsError("webhooks must be sections like [[webhooks]]")
    return hooks


def _webhook(body: Any, number: int) -> Webhook:
    hook = _section(Webhook, body, f"webhooks[{number}]")
    if not hook.url.startswith(("https://", "http://")):
        raise SettingsError(f"webhooks[{number}].url must begin with https:// or http://, not {hook.url!r}")
    secret = os.environ.get(hook.secret_env, "").removeprefix("whsec_")
    try:
        base64.b64decode(secret, validate=True)
    except ValueError:
        secret = ""
    if not secret:
        raise SettingsError(
            f"webhooks[{number}]: {hook.secret_env} must hold a secret like whsec_ and base64"
        )
    return hook


def _base(name: str, body: Any) -> Base:
    return _section(Base, {"name": name, **_table(body, f"bases.{name}")}, f"bases.{name}")


def _table(body: Any, where: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise SettingsError(f"{where} must be a section of settings, not {body!r}")
    return body


def _section(kind: type[T], body: Any, where: str) -> T:
    known = {item.name: item for item in fields(kind)}
    unknown = sorted(set(_table(body, where)) - set(known))
    if unknown:
        raise SettingsError(f"{where}.{unknown[0]} is not a setting; known are {', '.join(sorted(known))}")
    # A list of TOML's is kept as a tuple: settings are frozen.
    frozen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in body.items()
    }
    for name, value in frozen.items():
        if wanted := values.wrong(known[name], value):
            raise SettingsError(f"{where}.{name} must be {wanted}, not {body[name]!r}")
    try:
        return kind(**frozen)
    except TypeError as error:
        raise SettingsError(f"{where}: {error}") from error
