"""The design's table of imports, held against every import in the tree."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: What each package may import, of ours. Trainer and sandbox are programs that the command line starts.
ALLOWED: dict[str, set[str]] = {
    "tuning": set(),
    "views": {"tuning"},
    "gateways": {"tuning"},
    "storage": {"tuning"},
    "handlers": {"views", "tuning"},
    "bot": {"handlers", "views", "gateways", "storage", "tuning"},
    "trainer": set(),
    "sandbox": set(),
}
#: The demo plays in the sandbox, as a person would.
EXCEPTIONS = {("bot/demo", "sandbox")}
#: Who may read the environment: the shells of the three programs, and the child that a program starts.
ENVIRONMENT = {
    "bot",
    "sandbox/__main__.py",
    "trainer/__main__.py",
    "trainer/jobs/child.py",
    "trainer/serve/vllm/guard.py",
    # what a cluster and torch tell a worker's process about itself
    "trainer/lifeline.py",
    "trainer/engine/ranks.py",
    "trainer/jobs/executors/several.py",
    # the variable that holds a webhook's secret is named in the trainer's settings
    "trainer/settings.py",
    "trainer/jobs/webhooks.py",
}
#: Libraries that stop at a border: outside these packages nobody knows of them.
BORDERS = {
    "slack_bolt": {"handlers", "bot"},
    "slack_sdk": {"handlers", "bot", "gateways"},
    "sqlalchemy": {"storage"},
    "alembic": {"storage"},
    "openai": {"gateways", "bot/demo"},
    "apscheduler": {"bot"},
    "typer": {"bot"},
    "torch": {"trainer"},
    "ray": {"trainer/jobs/executors"},
}
TOP_LEVEL = {
    *ALLOWED,
    *("tests", "bench", "docs", "examples", "scripts", ".ci"),
    *("manifest.yml", "Procfile", "pyproject.toml", "Makefile", "constraints.txt"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", ".env.example", ".gitignore"),
}
LONGEST_FUNCTION = 60

MIGRATIONS = ROOT / "storage" / "migrations"
MODULES = sorted(path for package in ALLOWED for path in (ROOT / package).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """The full names of all modules that a file imports, wherever in it; relative ones resolved."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield ".".join((*package[: len(package) - node.level + 1], node.module or ""))
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def within(path: Path, place: str) -> bool:
    return relative(path) == place or relative(path).startswith(place + "/")


def arrows() -> Iterator[tuple[Path, str]]:
    """Every import of one of our packages by another."""
    for path in MODULES:
        here = relative(path).partition("/")[0]
        for name in imported(path):
            there = name.partition(".")[0]
            if there in {*ALLOWED, "tests", "bench"} and there != here:
                yield path, there


def test_imports_go_one_way() -> None:
    wrong = [
        f"{relative(path)} imports {there}"
        for path, there in arrows()
        if there not in ALLOWED[relative(path).partition("/")[0]]
        and not any(within(path, place) and there == package for place, package in EXCEPTIONS)
    ]
    assert not wrong


def test_the_walk_sees_the_arrows_that_there_are() -> None:
    seen = {(relative(path).partition("/")[0], there) for path, there in arrows()}
    assert {("handlers", "views"), ("handlers", "tuning"), ("views", "tuning"), ("bot", "storage")} <= seen


def test_libraries_stop_at_their_border() -> None:
    wrong = [
        f"{relative(path)} imports {name}"
        for path in MODULES
        for name in imported(path)
        if (places := BORDERS.get(name.partition(".")[0]))
        and not any(within(path, place) for place in places)
    ]
    assert not wrong


def test_only_the_shells_read_the_environment() -> None:
    wrong = [
        f"{relative(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
        or (isinstance(node, ast.Name) and node.id in {"environ", "environb", "getenv"})
        if not any(within(path, place) for place in ENVIRONMENT)
    ]
    assert not wrong


IMPORT_ALL = """
import importlib, os, sys

def watch(event, arguments):
    if event in WATCHED or (event == "open" and writes(arguments)):
        stack, frame = [], sys._getframe(1)
        while frame:
            stack.append(frame.f_code.co_filename)
            frame = frame.f_back
        if any(file.startswith(ROOT + "/") and "/.venv/" not in file for file in stack):
            print(event, arguments, [file for file in stack if file.startswith(ROOT)][:1], file=sys.stderr)
            os._exit(1)

def writes(arguments):
    mode = arguments[1]
    return isinstance(mode, str) and set(mode) & set("wax+") and "__pycache__" not in str(arguments[0])

WATCHED = {"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.posix_spawn",
           "os.fork", "os.mkdir", "sqlite3.connect", "os.putenv"}
ROOT, modules = sys.argv[1], sys.argv[2:]
sys.addaudithook(watch)
before = dict(os.environ)
for name in modules:
    importlib.import_module(name)
OWN = {name: value for name, value in os.environ.items() if before.get(name) != value}
assert not OWN, OWN
"""


def test_importing_does_nothing_but_define(tmp_path: Path) -> None:
    names = [
        relative(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in MODULES
        if not within(path, "trainer") and MIGRATIONS not in path.parents and path.name != "__main__.py"
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(ROOT), *names],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_the_top_level_is_the_design_s() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    found = {name.partition("/")[0] for name in listed}
    assert found - TOP_LEVEL == set()


def test_functions_fit_on_a_screen() -> None:
    wrong = [
        f"{relative(path)}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in MODULES
        if MIGRATIONS not in path.parents
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not wrong


def test_each_module_says_why_it_exists() -> None:
    silent = [
        relative(path)
        for path in MODULES
        if MIGRATIONS not in path.parents and not ast.get_docstring(parsed(path))
    ]
    assert not silent


def test_every_library_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    declared = {re.split(r"[\[<>=~ ]", one)[0].lower().replace("_", "-") for one in listed}
    folders = [ROOT / folder for folder in ("tests", "bench") if (ROOT / folder).exists()]
    others = [path for folder in folders for path in folder.rglob("*.py")]
    beside = {path.stem for path in others}
    distributions = packages_distributions()
    missing = set()
    for path in [*MODULES, *others]:
        for name in {name.partition(".")[0] for name in imported(path)}:
            if name in sys.stdlib_module_names | {*ALLOWED, "tests", "bench", "_typeshed"} | beside:
                continue
            if not {one.lower().replace("_", "-") for one in distributions.get(name, [name])} & declared:
                missing.add(f"{relative(path)} imports {name}")
    assert not missing
