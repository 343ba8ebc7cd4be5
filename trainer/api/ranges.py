"""What a request for a file's bytes asks for besides them, refused where it can't be had."""

from pathlib import Path

from aiohttp import ETag, web

from trainer.errors import ApiError


def refuse_unmet(request: web.Request, path: Path) -> None:
    """412 and 416 in OpenAI's shape; aiohttp's FileResponse, which does the rest, sends no body."""
    status = path.stat()
    # As FileResponse writes it.
    etag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
    if request.if_match is not None and not any(_fits(given, etag) for given in request.if_match):
        raise ApiError(412, "The file is not the one that 'If-Match' names.", code="precondition_failed")
    since = request.if_unmodified_since
    if request.if_match is None and since is not None and status.st_mtime > since.timestamp():
        message = "The file is newer than 'If-Unmodified-Since' says."
        raise ApiError(412, message, code="precondition_failed")
    if request.if_range is None and not _in_range(request, status.st_size):
        message = f"The 'Range' can't be had: the file has {status.st_size} bytes."
        headers = {"Content-Range": f"bytes */{status.st_size}"}
        raise ApiError(416, message, code="range_not_satisfiable", headers=headers)


def _fits(given: ETag, etag: str) -> bool:
    return given.value == "*" or (given.value == etag and not given.is_weak)


def _in_range(request: web.Request, size: int) -> bool:
    try:
        begins = request.http_range.start
    except ValueError:
        return False
    return begins is None or (begins if begins >= 0 else max(0, size + begins)) < size
