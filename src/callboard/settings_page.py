"""Writes docs/settings.md to standard output: `python -m callboard.settings_page > docs/settings.md`."""

import sys

from kernel.settings import describe

HEAD = """# Settings

A value comes from the default, the file `callboard.toml` in the data folder (or `--config FILE`), the environment, and the
command line; the later ones are stronger. Names in the file are those of the first column.

| setting | variable | default | unit | what it is | why this default |
|---|---|---|---|---|---|
"""


def page() -> str:
    rows = [
        f"| `{row['name']}` | `{row['variable']}` | {row['default'] or '–'} | {row['unit']} | {_cell(row['description'])} | {_cell(row['reason'])} |"
        for row in describe()
    ]
    return HEAD + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
