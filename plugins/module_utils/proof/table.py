# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof as a person reads it: who reaches whom, then what is not as declared, then the totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .row import REACHED, Place, Row
from .verdict import PROVEN, RED, UNPROVEN, Summary, Verdict, sentences, summarise

# How a line is meant: the caller may give it a colour.
PLAIN, GOOD, WARNING, BAD = "plain", "good", "warning", "bad"
Line = tuple[str, str]

WIDTH = 118
MOST_HOSTS, MOST_SANDBOXES, MOST_SENTENCES = 12, 24, 40
LEGEND = "● reached   ○ blocked   ◐ reached on one network, blocked on another   ? unproven   ✘ not as declared   out: the next host"
_MARKS = {frozenset((True,)): "●", frozenset((False,)): "○", frozenset((True, False)): "◐"}
_INSIDE = ("host", "network", "icc", "isolation", "itself", "open", "parentless", "private", "reachable_from")

Cells = dict[tuple[Any, Place], str]


def report(verdicts: Sequence[Verdict], hosts: Mapping[str, Mapping[str, Any]], pairs: Mapping[str, int]) -> list[Line]:
    """Every line of the report with how it is meant.

    hosts: underlay, sandboxes and aliases of each, and pairs: chosen and of, both as ``proof_plan`` gives them.
    """
    lines: list[Line] = []
    small = len(hosts) <= MOST_HOSTS and all(len(words["sandboxes"]) <= MOST_SANDBOXES for words in hosts.values())
    if small and verdicts:
        lines += [(f"Who reaches whom.   {LEGEND}", PLAIN), ("", PLAIN)]
        cells = _cells(verdicts)
        for host, words in sorted(hosts.items()):
            lines += [(line, PLAIN) for line in _host_lines(host, words, cells)]
    for word, tone in ((RED, BAD), (UNPROVEN, WARNING)):
        told = sentences(verdicts, word)
        lines += [(f"{'✘' if word == RED else '?'} {sentence}.", tone) for sentence in told[:MOST_SENTENCES]]
        if len(told) > MOST_SENTENCES:
            lines.append((f"  … and {len(told) - MOST_SENTENCES:,} more that are {word}.", tone))
    summary = summarise(verdicts)
    tone = GOOD if summary.green else BAD if summary.red else WARNING
    return [*lines, (totals(summary, pairs), tone)]


def totals(summary: Summary, pairs: Mapping[str, int]) -> str:
    """The proof in one line."""
    chosen, total = pairs["chosen"], pairs["of"]
    share = f"all {total:,} pairs asked" if chosen == total else f"{chosen:,} of {total:,} pairs asked, a fixed sample"
    return (
        f"reached as declared: {summary.reached_proven:,} of {summary.reached:,}; "
        f"blocked as declared: {summary.blocked_proven:,} of {summary.blocked:,}; unproven: {summary.unproven:,}; {share}"
    )


def _cells(verdicts: Sequence[Verdict]) -> Cells:
    """One mark for each (what is asked, who asks): a sandbox, ``out`` of a host, or a published port."""
    found: dict[tuple[Any, Place], list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault((_subject(verdict.row), verdict.row.source), []).append(verdict)
    return {key: _mark(group) for key, group in found.items()}


def _subject(row: Row) -> Any:
    if row.kind in _INSIDE:
        return row.target
    if row.kind in ("egress", "underlay"):
        return row.kind, row.source[0]
    return row.target[0], row.port, row.proto, row.target[1], row.listener


def _mark(verdicts: Sequence[Verdict]) -> str:
    words: set[str] = {verdict.word for verdict in verdicts}
    if words != {PROVEN}:
        return "✘" if RED in words else "?"
    return _MARKS[frozenset(verdict.row.expect == REACHED for verdict in verdicts)]


def _host_lines(host: str, words: Mapping[str, Any], cells: Cells) -> Iterator[str]:
    names: list[str] = list(words["sandboxes"])
    sources = ["", *names]
    yield f"{host}  {words['underlay'] or ''}".rstrip()
    numbered = sum(len(name) + 2 for name in names) + max(map(len, [host, *names])) + 9 > WIDTH
    labels = [host] + [f"{nth} {name}" if numbered else name for nth, name in enumerate(names, 1)]
    heads = [str(nth) if numbered else name for nth, name in enumerate(names, 1)] + ["out"]
    margin = max(len("from ↓ to →"), *map(len, labels)) + 4
    yield "  from ↓ to →".ljust(margin) + "".join(f"{head}  " for head in heads).rstrip()
    for name, label in zip(sources, labels):
        marks = [cells.get(((host, target), (host, name)), " ") for target in names] + [cells.get((("egress", host), (host, name)), " ")]
        yield f"  {label}".ljust(margin) + "".join(f"{mark.ljust(len(head))}  " for mark, head in zip(marks, heads)).rstrip()
    for alias, target in words["aliases"].items():
        yield f"  {alias} is in {target + ' of the same host' if target else 'the namespace of the host'}"
    ports: dict[Any, list[str]] = {}
    for (subject, source), mark in cells.items():
        if len(subject) > 2 and subject[0] == host:
            ports.setdefault(subject, []).append(f"{source[1] if source[1] else source[0]} {mark}")
    for (_host, port, proto, sandbox, target), who in sorted(ports.items()):
        yield f"  port {port}/{proto} → {sandbox}:{target}   " + "  ".join(who)
    yield ""
