"""/v1/models: the bases, and what the project's jobs made of them."""

import asyncio
import shutil

from aiohttp import web

from trainer.api import wire
from trainer.api.context import ANSWERER, SETTINGS, STORE, project
from trainer.errors import ApiError, no_such_model
from trainer.jobs import journal
from trainer.store import Model


def routes() -> list[web.RouteDef]:
    """Every route under /v1/models."""
    return [
        web.get("/v1/models", index),
        # A base may be called like a repository, with a slash, which not every client escapes.
        web.get("/v1/models/{id:.+}", retrieve),
        web.delete("/v1/models/{id:.+}", delete),
    ]


async def index(request: web.Request) -> web.Response:
    """All models that may be asked."""
    settings = request.app[SETTINGS]
    bases = [wire.base(name) for name in settings.bases]
    made = [
        wire.model(model, settings) for model in request.app[STORE].where(Model, project=project(request))
    ]
    return web.json_response({"object": "list", "data": bases + made})


async def retrieve(request: web.Request) -> web.Response:
    """One model."""
    id, settings = request.match_info["id"], request.app[SETTINGS]
    if id in settings.bases:
        return web.json_response(wire.base(id))
    return web.json_response(wire.model(_find(request), settings))


def _find(request: web.Request) -> Model:
    id = request.match_info["id"]
    model = request.app[STORE].find(Model, id, project(request))
    if model is None:
        raise no_such_model(id)
    return model


async def delete(request: web.Request) -> web.Response:
    """Forget a model at once; its bytes follow, once its job can do without them."""
    id = request.match_info["id"]
    if id in request.app[SETTINGS].bases:
        raise ApiError(403, f"The model {id} is a base and can't be deleted.", code="model_not_deletable")
    model, store = _find(request), request.app[STORE]
    folder = journal.part_with(store, model)
    request.app[ANSWERER].forget(str(store.home / model.folder))
    if folder:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return web.json_response({"object": "model", "id": model.id, "deleted": True})
