"""What OpenAI has and this server does not: said so by name, instead of as an unknown address."""

from typing import NoReturn

from aiohttp import web

from trainer.errors import ApiError

#: The beginning of an address, and what stands there at OpenAI.
NOT_HERE = {
    "assistants": "Assistants",
    "audio": "Audio",
    "batches": "Batches",
    "chat/completions/{rest:.+}": "Stored chat completions",
    "completions": "The older completions",
    "containers": "Containers",
    "conversations": "Conversations",
    "embeddings": "Embeddings",
    "evals": "Evals",
    "fine_tuning/alpha": "Graders",
    "fine_tuning/checkpoints": "Permissions of checkpoints",
    "images": "Images",
    "moderations": "Moderations",
    "organization": "The administration of an organization",
    "realtime": "Realtime",
    "responses/{rest:.+}": "Stored responses",
    "threads": "Threads",
    "vector_stores": "Vector stores",
    "videos": "Videos",
}
INSTEAD = {
    "completions": "Use /v1/chat/completions.",
    "fine_tuning/checkpoints": "A checkpoint belongs to its job's project.",
    "organization": "Projects and keys are made with `python -m trainer.keys` on the trainer's machine.",
}


def routes() -> list[web.RouteDef]:
    """Every address that gets this answer; they come after the ones that are served."""
    stored = web.get("/v1/chat/completions", _stored)
    below = [web.route("*", f"/v1/{path}{rest}", refuse) for path in NOT_HERE for rest in _rests(path)]
    return [stored, *below]


def _rests(path: str) -> tuple[str, ...]:
    return ("",) if path.endswith("}") else ("", "/{rest:.*}")


async def refuse(request: web.Request) -> NoReturn:
    """404 with the name of what isn't offered."""
    path = request.path.removeprefix("/v1/")
    known = max((p for p in NOT_HERE if path.startswith(p.partition("{")[0])), key=len)
    raise not_here(request, NOT_HERE[known], INSTEAD.get(known, ""))


async def _stored(request: web.Request) -> NoReturn:
    raise not_here(request, NOT_HERE["chat/completions/{rest:.+}"])


def not_here(request: web.Request, name: str, instead: str = "") -> ApiError:
    """The error for an address that OpenAI serves and this server does not."""
    message = f"{name} are not offered by this server ({request.method} {request.path}). {instead}"
    return ApiError(404, message.strip(), code="unsupported_endpoint")
