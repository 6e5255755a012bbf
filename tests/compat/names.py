# SPDX-License-Identifier: Apache-2.0
"""What became of the names that programs write."""

from __future__ import annotations

import re

from breaks import Break, spelled

INSTEAD = "keep the name, for example as one that forwards to what has taken its place"
LANGUAGES = {
    "go": ("Go", "Go programs that use it no longer build"),
    "cpp": ("C++", "C++ programs that use it no longer build"),
    "python": ("Python", "Python programs that use it no longer run, or pass no type checker"),
}


def compare_names(
    language: str, old: set[str], new: set[str], explained: list[Break]
) -> list[Break]:
    """The names of a language that are gone and that none of the breaks explains already."""
    title, whom = LANGUAGES[language]
    words = [alternative for broken in explained for alternative in spelled_words(broken)]
    return [
        Break(
            f"{language.upper()}_NAME",
            line,
            f"in {title}, what was released as `{line}` is gone",
            whom,
            INSTEAD,
        )
        for line in sorted(old - new)
        if not is_explained(line, words)
    ]


def spelled_words(broken: Break) -> list[list[str]]:
    return [
        [spelled(area.removeprefix("oaktree.")), *map(spelled, names)]
        for area, *names in broken.words
    ]


def is_explained(line: str, words: list[list[str]]) -> bool:
    """Whether a name of generated code is made of an element that is known to be broken."""
    tokens = [spelled(token) for token in re.findall(r"\w+", line)]
    whole = "".join(tokens)
    return any(
        area in whole and all(any(name in token for token in tokens) for name in names)
        for area, *names in words
    )
