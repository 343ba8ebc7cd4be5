"""The command line: `ft-bot ...`."""


def main() -> None:
    raise SystemExit("not built yet")
