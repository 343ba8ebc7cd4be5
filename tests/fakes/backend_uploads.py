"""The fake backend's /uploads: a file that comes in parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.backend_faces import Reply, Request, refusal, text_fields
from tests.fakes.backend_machine import Body, Machine

#: What OpenAI says: an upload must be completed within an hour.
LIFE_SECONDS = 3600


@dataclass
class FakeUpload:
    """An upload as the wire shows it, and the parts that came, by id."""

    body: Body
    parts: dict[str, bytes] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return str(self.body["status"])


class Parts(Machine):
    """Uploads; `part_limit` bounds a part, in bytes."""

    def __init__(self, **machine: Any) -> None:
        super().__init__(**machine)
        self.uploads: dict[str, FakeUpload] = {}
        self.part_limit = 64 * 1024 * 1024

    def expire_uploads(self) -> None:
        """As if their hour was over."""
        for upload in self.uploads.values():
            if upload.status == "pending":
                upload.body["status"] = "expired"

    def keep_file(self, filename: str, content: bytes) -> Body:
        """A new file."""
        file_id = f"file-{next(self._numbers):06d}"
        self.contents[file_id] = content
        self.files[file_id] = {
            "object": "file",
            "id": file_id,
            "filename": filename,
            "bytes": len(content),
            "purpose": "fine-tune",
            "created_at": int(self.now()),
            "status": "processed",
        }
        return self.files[file_id]

    def _create_upload(self, request: Request) -> Reply:
        asked = request.json()
        if asked.get("purpose") != "fine-tune" or not asked.get("mime_type") or not asked.get("filename"):
            return refusal(400, "A file name, a mime type and the purpose 'fine-tune' are needed")
        upload_id = f"upload_{next(self._numbers):06d}"
        body = {
            "object": "upload",
            "id": upload_id,
            "filename": asked["filename"],
            "bytes": asked["bytes"],
            "purpose": asked["purpose"],
            "status": "pending",
            "created_at": int(self.now()),
            "expires_at": int(self.now()) + LIFE_SECONDS,
        }
        self.uploads[upload_id] = FakeUpload(body)
        return Reply.json(body)

    def _add_part(self, request: Request) -> Reply:
        upload = self.uploads.get(request.id)
        if refused := _not_pending(request, upload):
            return refused
        assert upload
        data = text_fields(request)["data"][1]
        if len(data) > self.part_limit:
            return refusal(413, f"A part may have {self.part_limit} bytes", "file_too_large")
        part_id = f"part_{next(self._numbers):06d}"
        upload.parts[part_id] = data
        return Reply.json({"object": "upload.part", "id": part_id, "upload_id": request.id})

    def _complete_upload(self, request: Request) -> Reply:
        upload = self.uploads.get(request.id)
        if refused := _not_pending(request, upload):
            return refused
        assert upload
        wanted = request.json()["part_ids"]
        if len(set(wanted)) != len(wanted) or not upload.parts.keys() >= set(wanted):
            return refusal(400, "Invalid part_ids", "invalid_value")
        content = b"".join(upload.parts[part] for part in wanted)
        if len(content) != upload.body["bytes"]:
            return refusal(400, f"The parts have {len(content)} bytes", "size_mismatch")
        upload.body["status"] = "completed"
        return Reply.json({**upload.body, "file": self.keep_file(upload.body["filename"], content)})

    def _cancel_upload(self, request: Request) -> Reply:
        upload = self.uploads.get(request.id)
        if refused := _not_pending(request, upload):
            return refused
        assert upload
        upload.body["status"] = "cancelled"
        return Reply.json(upload.body)


def _not_pending(request: Request, upload: FakeUpload | None) -> Reply | None:
    if upload is None:
        return refusal(404, f"No such Upload object: {request.id}")
    if upload.status != "pending":
        return refusal(400, f"Upload {request.id} is {upload.status}", "upload_not_pending")
    return None
