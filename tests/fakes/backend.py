"""A backend that speaks OpenAI's fine-tuning wire and trains nothing: for tests, faked at the wire.

One state machine with two faces: `client()` is an httpx2 client over a MockTransport, `serve()` a
loopback HTTP server. Jobs move when the test says so (`advance`, `finish`, `fail`), or one step at
each retrieve with `auto=True`. `fail_next` injects faults, `before` and `after` run at named routes,
and `files`, `jobs` and `requests` tell what was really created and asked.

A route's name is its method and path with `{id}` in place of an id: "GET /fine_tuning/jobs/{id}".
"""

from __future__ import annotations

import re
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import unquote

import httpx2

from tests.fakes import backend_faces
from tests.fakes.backend_faces import Dropped, Fault, Reply, Request, chunks, refusal, text_fields
from tests.fakes.backend_machine import BASES, ENDED, Body, FakeJob
from tests.fakes.backend_uploads import Parts

Hook = Callable[[Request], Awaitable[None]]


class FakeBackend(Parts):
    """`omit` names fields that it leaves out everywhere, as other servers do."""

    def __init__(
        self,
        *,
        key: str = "sk-fake-0123456789",
        auto: bool = False,
        steps: int = 3,
        bases: Sequence[str] = BASES,
        omit: Sequence[str] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(steps=steps, bases=bases, now=now)
        self.key, self.auto = key, auto
        self.omit = set(omit)
        #: "filter" (default), "ignore" or "reject": what it does with a metadata filter.
        self.metadata_filter = "filter"
        self.knows_stream_options = True
        self.streams = True
        self.answer: str | Callable[[str, list[Body]], str] = "Hello from the fake."
        self.requests: list[Request] = []
        self.before: dict[str, Hook] = {}
        self.after: dict[str, Hook] = {}
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)

    # -- what a test does ---------------------------------------------------------------------

    def client(self) -> httpx2.AsyncClient:
        """A client whose requests end here; any base URL will do."""
        return backend_faces.mock_client(self.handle)

    def serve(self) -> AbstractAsyncContextManager[str]:
        """Serve on a free loopback port; gives the base URL (with /v1)."""
        return backend_faces.served(self.handle)

    def fail_next(self, route: str, *, times: int = 1, **fault: Any) -> None:
        """Spoil the next request to this route, as `Fault` says: status, code, drop, body, ..."""
        self._faults[route].extend(Fault(**fault) for _ in range(times))

    def count(self, route: str) -> int:
        """How often this route was asked, failed requests included."""
        return sum(request.route == route for request in self.requests)

    # -- requests -----------------------------------------------------------------------------

    async def handle(self, request: Request) -> Reply:
        """Answer one request, with its faults and hooks."""
        handler = self._route(request)
        self.requests.append(request)
        if hook := self.before.get(request.route):
            await hook(request)
        faults = self._faults[request.route]
        fault = faults.popleft() if faults else None
        if fault and fault.drop == "before":
            raise Dropped
        if fault and fault.replaces:
            return fault.reply()
        authorized = request.headers.get("authorization") == f"Bearer {self.key}"
        reply = handler(request) if authorized else self._wrong_key(request)
        if hook := self.after.get(request.route):
            await hook(request)
        if fault and fault.drop == "after":
            raise Dropped
        return fault.spoiled(reply) if fault else reply

    def _route(self, request: Request) -> Callable[[Request], Reply]:
        for method, template, handler in ROUTES:
            match = re.fullmatch(template.replace("{id}", "([^/]+)"), request.path)
            if match and method == request.method:
                request.route = f"{method} {template}"
                request.id = unquote(match.group(1)) if match.groups() else ""
                return handler.__get__(self)  # type: ignore[no-any-return]
        request.route = f"{request.method} {request.path}"
        return lambda _: refusal(404, f"Invalid URL ({request.route})")

    def _wrong_key(self, request: Request) -> Reply:
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        return refusal(401, f"Incorrect API key provided: {sent}.", "invalid_api_key")

    def _list(self, request: Request, objects: list[Body], default: int) -> Reply:
        """One page of a list that is newest first."""
        limit = int(request.query.get("limit", default))
        ids = [entry["id"] for entry in objects]
        after = request.query.get("after")
        start = ids.index(after) + 1 if after in ids else 0
        page = objects[start : start + limit]
        more = start + limit < len(objects)
        return self._reply({"object": "list", "data": page, "has_more": more})

    def _reply(self, body: Body) -> Reply:
        return Reply.json(backend_faces.without(body, self.omit))

    # -- files --------------------------------------------------------------------------------

    def _create_file(self, request: Request) -> Reply:
        fields = text_fields(request)
        filename, content = fields.get("file", ("", b""))
        if fields.get("purpose", ("", b""))[1] != b"fine-tune" or not filename:
            return refusal(400, "A file and the purpose 'fine-tune' are needed", "invalid_request")
        return self._reply(self.keep_file(filename, content))

    def _list_files(self, request: Request) -> Reply:
        return self._list(request, list(self.files.values())[::-1], 10_000)

    def _delete_file(self, request: Request) -> Reply:
        if self.files.pop(request.id, None) is None:
            return refusal(404, f"No such File object: {request.id}")
        return self._reply({"object": "file", "id": request.id, "deleted": True})

    # -- jobs ---------------------------------------------------------------------------------

    def _create_job(self, request: Request) -> Reply:
        asked = request.json()
        base = str(asked.get("model"))
        if base not in self.models:
            return refusal(400, f"Model {base} is not available for fine-tuning", "model_not_available")
        for name in ("training_file", "validation_file"):
            if (name == "training_file" or asked.get(name)) and asked.get(name) not in self.files:
                return refusal(400, f"invalid {name}: {asked.get(name)}", "invalid_training_file")
        if len(asked.get("suffix") or "") > 64:
            return refusal(400, "suffix is longer than 64 characters", "invalid_suffix")
        number = next(self._numbers)
        job = FakeJob(f"ftjob-{number:06d}", {}, asked)
        job.body = {
            "object": "fine_tuning.job",
            "id": job.id,
            "model": base,
            "created_at": int(self.now()),
            "finished_at": None,
            "fine_tuned_model": None,
            "organization_id": "org-fake",
            "result_files": [],
            "status": "validating_files",
            "validation_file": asked.get("validation_file"),
            "training_file": asked["training_file"],
            "error": {},
            "trained_tokens": None,
            "estimated_finish": None,
            "seed": asked.get("seed", 42),
            "method": asked.get("method", {"type": "supervised"}),
            "metadata": asked.get("metadata"),
        }
        self.jobs[job.id] = job
        self.add_event(job.id, f"Created fine-tuning job: {job.id}")
        return self._reply(job.body)

    def _list_jobs(self, request: Request) -> Reply:
        asked = {
            key[9:-1]: value for key, value in request.query.items() if re.fullmatch(r"metadata\[.+\]", key)
        }
        if asked and self.metadata_filter == "reject":
            return refusal(400, "Unrecognized request argument supplied: metadata", "unknown_parameter")
        jobs = [job.body for job in reversed(self.jobs.values())]
        if self.metadata_filter == "filter":
            jobs = [job for job in jobs if asked.items() <= (job["metadata"] or {}).items()]
        return self._list(request, jobs, 20)

    def _retrieve_job(self, request: Request) -> Reply:
        if self.auto and request.id in self.jobs:
            self.advance(request.id)
        return self._of_job(request, lambda job: self._reply(job.body))

    def _cancel_job(self, request: Request) -> Reply:
        def cancel(job: FakeJob) -> Reply:
            if job.status in ENDED:
                return refusal(400, f"Job has already {job.status} and can't be cancelled", "invalid_status")
            self._end(job, "cancelled", "The job was cancelled")
            return self._reply(job.body)

        return self._of_job(request, cancel)

    def _list_events(self, request: Request) -> Reply:
        return self._of_job(request, lambda job: self._list(request, job.events[::-1], 20))

    def _list_checkpoints(self, request: Request) -> Reply:
        return self._of_job(request, lambda job: self._list(request, job.checkpoints[::-1], 10))

    def _of_job(self, request: Request, use: Callable[[FakeJob], Reply]) -> Reply:
        job = self.jobs.get(request.id)
        return (
            use(job)
            if job
            else refusal(404, f"Could not find fine tune: {request.id}", "fine_tune_not_found")
        )

    # -- models and answers -------------------------------------------------------------------

    def _list_models(self, request: Request) -> Reply:
        return self._reply({"object": "list", "data": list(self.models.values())})

    def _delete_model(self, request: Request) -> Reply:
        model = self.models.get(request.id)
        if model is None:
            return refusal(404, f"The model '{request.id}' does not exist", "model_not_found")
        if model["owned_by"] == "system":
            return refusal(403, "You may not delete this model")
        del self.models[request.id]
        return self._reply({"object": "model", "id": request.id, "deleted": True})

    def _chat(self, request: Request) -> Reply:
        asked = request.json()
        model, messages = str(asked.get("model")), asked["messages"]
        if model not in self.models:
            return refusal(404, f"The model `{model}` does not exist", "model_not_found")
        if "stream_options" in asked and not self.knows_stream_options:
            return refusal(400, "Unrecognized request argument supplied: stream_options")
        text = self.answer if isinstance(self.answer, str) else self.answer(model, messages)
        usage = {"prompt_tokens": sum(len(m["content"].split()) for m in messages)}
        usage["completion_tokens"] = len(text.split())
        usage["total_tokens"] = sum(usage.values())
        if not (asked.get("stream") and self.streams):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return self._reply({"object": "chat.completion", "choices": [choice], "usage": usage})
        return Reply(200, {"content-type": "text/event-stream"}, chunks(text, asked, usage))


ROUTES: list[tuple[str, str, Any]] = [
    ("POST", "/files", FakeBackend._create_file),
    ("GET", "/files", FakeBackend._list_files),
    ("DELETE", "/files/{id}", FakeBackend._delete_file),
    ("POST", "/uploads", FakeBackend._create_upload),
    ("POST", "/uploads/{id}/parts", FakeBackend._add_part),
    ("POST", "/uploads/{id}/complete", FakeBackend._complete_upload),
    ("POST", "/uploads/{id}/cancel", FakeBackend._cancel_upload),
    ("POST", "/fine_tuning/jobs", FakeBackend._create_job),
    ("GET", "/fine_tuning/jobs", FakeBackend._list_jobs),
    ("GET", "/fine_tuning/jobs/{id}", FakeBackend._retrieve_job),
    ("POST", "/fine_tuning/jobs/{id}/cancel", FakeBackend._cancel_job),
    ("GET", "/fine_tuning/jobs/{id}/events", FakeBackend._list_events),
    ("GET", "/fine_tuning/jobs/{id}/checkpoints", FakeBackend._list_checkpoints),
    ("GET", "/models", FakeBackend._list_models),
    ("DELETE", "/models/{id}", FakeBackend._delete_model),
    ("POST", "/chat/completions", FakeBackend._chat),
]
