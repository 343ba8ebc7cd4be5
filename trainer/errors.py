"""Errors with OpenAI's body; raised anywhere in the server, written by one middleware."""

from typing import Any


class ApiError(Exception):
    """A request that can't be done: HTTP status, and OpenAI's message, type, param and code.

    `headers` go with the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code
        self.kind = kind
        self.headers = headers

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        error = {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}


def bad(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """400: the request itself is wrong."""
    return ApiError(400, message, param=param, code=code)


def no_such_file(id: str, param: str = "id") -> ApiError:
    """404 for a file."""
    return ApiError(404, f"No such File object: {id}", param=param)


def no_such_upload(id: str) -> ApiError:
    """404 for an upload."""
    return ApiError(404, f"No such Upload object: {id}", param="upload_id")


def no_such_job(id: str) -> ApiError:
    """404 for a job."""
    return ApiError(404, f"Could not find fine tune: {id}", param="fine_tune_id", code="fine_tune_not_found")


def no_such_model(id: str) -> ApiError:
    """404 for a model."""
    message = f"The model `{id}` does not exist or you do not have access to it."
    return ApiError(404, message, code="model_not_found")


def server_error(message: str) -> ApiError:
    """500: this server's own fault."""
    return ApiError(500, message, kind="server_error")
