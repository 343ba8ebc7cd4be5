"""Checks of what a message says: text, parts and images."""

from __future__ import annotations

import base64
import binascii
import io
import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from tuning.datasets.rowcheck import RowFindings, quoted
from tuning.pricing import book

_PRIVATE_NAMES = (".localhost", ".local", ".internal", ".lan")
_DATA_URL = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,", re.IGNORECASE)
_WEB_URL = re.compile(r"https?://[^\s/?#]\S*", re.IGNORECASE)
_MODES = {"RGB", "RGBA"}
_IMAGE_TYPES = {"image/jpeg", "image/jpg", "image/png", "image/webp"}
_OTHER_SUFFIX = re.compile(r"\.(gif|bmp|tiff?|svg|heic|avif|pdf|ico)$", re.IGNORECASE)
#: White space, and characters that nobody can see.
_NOTHING = re.compile("[\\s\u00ad\u200b\u2060\ufeff]*")
_PART_KEYS = {"text": {"type", "text"}, "image_url": {"type", "image_url"}, "refusal": {"type", "refusal"}}


def check_content(out: RowFindings, role: str, content: Any, path: str) -> int:
    """Check a content that isn't empty; returns how many images it has."""
    if isinstance(content, str):
        out.text(content, path)
        if _NOTHING.fullmatch(content) and role != "tool":
            out.add("blank_content", path, "The text has only white space")
        return 0
    if not isinstance(content, list):
        out.type_is(content, (str, list), path, "content_type")
        return 0
    if role == "tool":
        out.add("tool_content_parts", path, "The tool's answer is a list of parts")
    return sum(_check_part(out, role, part, f"{path}[{i}]") for i, part in enumerate(content))


def _check_part(out: RowFindings, role: str, part: Any, path: str) -> int:
    if isinstance(part, str):
        out.add("content_part", path, "This part is a bare string")
        return 0
    if not out.type_is(part, dict, path, "content_part"):
        return 0
    kind = part.get("type")
    if kind == "image_url":
        _check_image(out, role, part, path)
        return 1
    if kind == "text" or (kind == "refusal" and role == "assistant"):
        _check_text_part(out, part, kind, path)
        return 0
    what = f"A part of type {quoted(kind)} can't be trained" if "type" in part else "The part has no type"
    out.add("content_part", f"{path}.type", what)
    return 0


def _check_text_part(out: RowFindings, part: dict[str, Any], kind: str, path: str) -> None:
    text = part.get(kind)
    if not isinstance(text, str):
        out.add("content_part", f"{path}.{kind}", f"The part has no string in {quoted(kind)}")
    else:
        out.text(text, f"{path}.{kind}")
        if _NOTHING.fullmatch(text):
            out.add("blank_content", f"{path}.{kind}", "The part has no text")
    _check_keys(out, part, kind, path)


def _check_keys(out: RowFindings, part: dict[str, Any], kind: str, path: str) -> None:
    for key in part.keys() - _PART_KEYS[kind]:
        out.add("message_unrecognized_key", path, f"A {kind} part has no key {quoted(key)}")


def _check_image(out: RowFindings, role: str, part: dict[str, Any], path: str) -> None:
    if role != "user":
        out.add("image_role", path, f"There is an image in a message of the role {quoted(role)}")
    _check_keys(out, part, "image_url", path)
    image = part.get("image_url")
    if isinstance(image, str):
        out.add("image_url", f"{path}.image_url", "The image is a bare string", 'Write {"url": "..."}.')
        return
    if not isinstance(image, dict):
        out.type_is(image, dict, f"{path}.image_url", "image_url")
        return
    detail = image.get("detail", "auto")
    if detail not in ("auto", "low", "high"):
        out.add("wrong_value", f"{path}.image_url.detail", f"{quoted(detail)} isn't auto, low or high")
    for key in image.keys() - {"url", "detail"}:
        out.add("message_unrecognized_key", f"{path}.image_url", f"An image has no key {quoted(key)}")
    _check_url(out, image.get("url"), f"{path}.image_url.url")


def _check_url(out: RowFindings, url: Any, path: str) -> None:
    if not out.type_is(url, str, path, "image_url"):
        return
    if data := _DATA_URL.match(url):
        _check_data(out, data[1].lower(), url[data.end() :], path)
    elif url[:5].lower() == "data:":
        out.add("image_url", path, "The data URL doesn't begin with data:image/...;base64,")
    elif not _WEB_URL.fullmatch(url):
        out.add("image_url", path, "This is neither a web address nor a data URL")
    elif suffix := _OTHER_SUFFIX.search(url.split("?")[0].split("#")[0]):
        out.add("image_type", path, f"The address ends in .{suffix[1].lower()}")
    elif _is_private(url):
        out.add(
            "image_unreachable", path, "No backend can fetch an image from an address of a private network"
        )


def _is_private(url: str) -> bool:
    """Whether a web address leads to this machine or into a network that only its own people see."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:  # brackets around what is no address: it leads nowhere
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:  # a name
        return "." not in host or host.endswith(_PRIVATE_NAMES)


def _check_data(out: RowFindings, declared: str, data: str, path: str) -> None:
    if declared not in _IMAGE_TYPES:
        out.add("image_type", path, f"The image is declared as {declared[:30]}")
        return
    try:
        image = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        out.add("image_url", path, "The data of the image isn't base64")
        return
    if len(image) > book().defaults.image_bytes:
        out.add("image_too_large", path, f"The image has {len(image) / 1048576:.1f} MB")
    if kind_of(image[:16]) != declared.replace("jpg", "jpeg"):
        out.add("image_type", path, f"The data isn't the {declared} that it is declared as")
    else:
        _check_mode(out, image, path)


def _check_mode(out: RowFindings, image: bytes, path: str) -> None:
    """Read the image's head: its mode has to be RGB or RGBA. Its pixels aren't decoded."""
    from PIL import Image  # here: few files have images, and importing it takes a twentieth of a second

    try:
        with Image.open(io.BytesIO(image), formats=("JPEG", "PNG", "WEBP")) as opened:
            mode = opened.mode
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        out.add("image_type", path, "The image is damaged: its head can't be read")
        return
    if mode not in _MODES:
        out.add("image_mode", path, f"The mode of the image is {mode[:10]}")


def kind_of(start: bytes) -> str:
    """The media type that the first bytes of an image tell; empty if none of the allowed ones."""
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if start[:4] == b"RIFF" and start[8:12] == b"WEBP" else ""
