"""API keys with projects behind them: `python -m trainer.keys add NAME --project PROJECT --home DIR`.

Only a key's hash is kept, so that the home folder gives no key away; a key is shown once, when it is made.
"""

import argparse
import hashlib
import secrets
import sys
from pathlib import Path

from trainer import ids
from trainer.store import Key, Store

DEFAULT_PROJECT = "default"


def hashed(key: str) -> str:
    """What is kept of a key; it is long and random, so a plain hash can't be turned back."""
    # What a request sends in its header need not be UTF-8.
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def main(argv: list[str] | None = None) -> int:
    """Add, list or remove keys; a running server knows of it at once."""
    options = _parser().parse_args(argv)
    store = Store(options.home.resolve())
    try:
        return {"add": _add, "list": _list, "remove": _remove}[options.command](store, options)
    finally:
        store.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trainer.keys", description="API keys of a trainer.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (("add", "make a key"), ("list", "show the keys' names"), ("remove", "end a key")):
        command = commands.add_parser(name, help=words)
        command.add_argument("--home", type=Path, default=Path("data/trainer"), help="the trainer's home")
        if name != "list":
            command.add_argument("name", help="whose key it is")
        if name == "add":
            command.add_argument("--project", default=DEFAULT_PROJECT, help="what the key may see")
    return parser


def _add(store: Store, options: argparse.Namespace) -> int:
    if store.where(Key, name=options.name):
        print(f"There is a key named {options.name!r} already.", file=sys.stderr)
        return 1
    key = f"sk-{secrets.token_urlsafe(32)}"
    store.add(Key(hashed(key), options.name, options.project, ids.now()))
    print(key)
    return 0


def _list(store: Store, options: argparse.Namespace) -> int:
    for key in store.where(Key):
        print(f"{key.name}\t{key.project}")
    return 0


def _remove(store: Store, options: argparse.Namespace) -> int:
    found = store.where(Key, name=options.name)
    if not found:
        print(f"There is no key named {options.name!r}.", file=sys.stderr)
        return 1
    store.remove(found[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
