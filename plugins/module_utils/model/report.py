# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a problem is found and put into words: for the person who wrote the value, whatever it is."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence

from .problem import Problem

LONGEST_SHOWN = 120


def shown(value: object) -> str:
    """Any value as one line of at most about 120 printable characters, in the words of YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        text = str(value) if isinstance(value, str) else reprlib.repr(value)
    except ValueError:  # Python refuses to write numbers of thousands of digits
        text = "a very large number"
    if len(text) > LONGEST_SHOWN:
        text = text[:LONGEST_SHOWN] + "..."
    return printable(text)


def printable(text: str) -> str:
    """``text`` on one line, and nothing that a terminal takes for more than text."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def suggestion(word: object, known: Iterable[str], not_yet: Iterable[str] = ()) -> str:
    """The end of a sentence about an unknown word: the nearest known one, else all of them if they are few. not_yet: meant, perhaps, but of no use."""
    import difflib  # which takes longer than all of this file, and is needed for a mistake alone

    words = sorted(known)
    nearest = difflib.get_close_matches(shown(word), sorted({*words, *not_yet}), n=1)
    if nearest:
        return f"did you mean '{nearest[0]}'?"
    if not words:
        return "there is none"
    return "known: " + ", ".join(words[:20]) + (", ..." if len(words) > 20 else "")


class Unreadable(ValueError):
    """A raw value is not what its key wants. The text says what would be right."""


class UnreadableItems(Unreadable):
    """So it is with items of a list. items: where each stands in it, what it is, and what would be right."""

    def __init__(self, items: Sequence[tuple[str, object, str]]) -> None:
        super().__init__("; ".join(message for _at, _item, message in items))
        self.items = items


class Report:
    """Gathers the problems of one host, so that all of them are told at once."""

    def __init__(self, host: str = "") -> None:
        self.host = host
        self.problems: list[Problem] = []

    def add(self, path: str, value: object, message: str) -> None:
        """Notes what is wrong with ``value``, which stands at ``path``. message: may hold names that somebody on a host chose, of a link or a process."""
        self.problems.append(Problem(self.host, path, shown(value), printable(message)))
