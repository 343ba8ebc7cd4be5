"""What people do with models: list and delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tuning.catalog import Catalog
from tuning.errors import NotFound
from tuning.ids import request_id
from tuning.policy import Action, require
from tuning.ports import Backend, Clock, Store
from tuning.records import Model, Person, Update
from tuning.updates import NOTICE

#: So many of the newest models are listed.
LISTED = 1000


@dataclass(frozen=True, slots=True)
class Models:
    """The use cases around models."""

    store: Store
    backend: Backend
    catalog: Catalog
    now: Clock

    async def list(self, person: Person, search: str = "") -> Sequence[Model]:
        async with self.store.begin() as tx:
            return await tx.models.list(person.workspace, search=search, limit=LISTED)

    async def may_delete(self, person: Person, ref: str) -> Model:
        """The model, when this person may delete it."""
        if not ref:
            raise NotFound("Say which model.", remedy="`/ft models` lists them, with buttons.")
        model = await self.catalog.model(person.workspace, ref)
        require(person, Action.delete, model, model.id)
        return model

    async def delete(self, person: Person, ref: str, channel: str) -> Model:
        """Delete a model at the backend and tell the channel; the record stays."""
        model = await self.may_delete(person, ref)
        await self.backend.delete_model(model.id)
        gone = replace(model, deleted_at=self.now(), deleted_by=person.user)
        async with self.store.begin() as tx:
            fresh = await tx.models.get(person.workspace, model.id)
            if fresh and fresh.deleted_at is None:
                await tx.models.save(gone)
                await tx.updates.add(
                    Update(
                        id=request_id("upd", "model_deleted", model.workspace, model.id),
                        workspace=model.workspace,
                        channel=channel,
                        kind=NOTICE,
                        subject=model.id,
                        created_at=self.now(),
                        payload={"kind": "model_deleted", "model": model.id, "by": person.user},
                        recipient=person.user,
                    )
                )
        return gone
