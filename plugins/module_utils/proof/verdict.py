# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers prove. Nothing counts as proven for want of an answer: silence needs a control that was answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .row import BLOCKED, REACHED, Outcome, Place, Row, place_words, port_words

PROVEN, RED, UNPROVEN = "proven", "red", "unproven"

# Why it is expected, by kind of row and expectation.
_REASONS = {
    ("host", REACHED): "a host reaches its sandboxes",
    ("network", REACHED): "both are on {network}",
    ("private", BLOCKED): "{network} is private",
    ("parentless", BLOCKED): "{network} has no parent, so that it leads to no other host",
    ("itself", REACHED): "a sandbox reaches itself",
    ("icc", BLOCKED): "{network} has icc: false",
    ("hairpin", BLOCKED): "{network} has icc: false",
    ("open", REACHED): "its network is open to others by its gateway_mode",
    ("reachable_from", REACHED): "its network is declared to be reachable_from that of the other",
    ("allow_from", BLOCKED): "allow_from does not name it",
    ("isolation", BLOCKED): "it is not on {network}",
    ("loopback", REACHED): "the port is published",
    ("published", REACHED): "the port is published",
    ("published", BLOCKED): "no network of it leads out",
    ("egress", REACHED): "its network leads out",
    ("egress", BLOCKED): "no network of it leads out",
}
# Where a small packet comes through, and one that is as large as the network carries does not.
_TOO_LARGE = (
    "did not, though smaller packets come through: what lies between the hosts carries less than the MTU of the network. "
    "Let it carry more, or declare what it carries (cnm_underlay_mtu of the hosts, or mtu of the network)"
)

_UNASKED = "A host that failed before the proof was to ask what may be reached, so nothing is proven of what asked there in vain"
_DISPLACED = "The listeners of this proof on {} were taken away before its end, as another proof does that begins there: run one at a time"


@dataclass(frozen=True)
class Verdict:
    """A row with what was found. word: PROVEN, RED or UNPROVEN. finding: why it is not proven. lost: for a reason that its whole host has."""

    row: Row
    word: str
    finding: str = ""
    lost: bool = False

    @property
    def sentence(self) -> str:
        """What is wrong, for a person; empty where it is proven."""
        return _sentence(self, port_words(self.row)) if self.word != PROVEN else ""


@dataclass(frozen=True)
class Summary:
    """How many rows of each kind there are, and how many of them are proven."""

    reached: int
    reached_proven: int
    blocked: int
    blocked_proven: int
    red: int
    unproven: int

    @property
    def green(self) -> bool:
        """Everything that was to be proven is. Nothing to prove is not green either."""
        return self.red == 0 and self.unproven == 0 and self.reached + self.blocked > 0


def judge(rows: Iterable[Row], outcomes: Mapping[int, Outcome], faults: Mapping[Place, str] | None = None, displaced: Collection[str] = ()) -> list[Verdict]:
    """A verdict for each row.

    rows: without those of hosts that were lost before, which may be controls of others. outcomes: by row id; a row without one was not tried, or its host was
    lost. faults: why a target has no listeners. displaced: hosts whose listeners
    were gone at the end, so that what did not reach them proves nothing.
    """
    table = {row.id: row for row in rows}
    verdicts = []
    for row in table.values():
        verdict, outcome = _judge(row, table, outcomes, faults or {}), outcomes.get(row.id)
        gone = verdict.word != PROVEN and row.target[0] in displaced and outcome is not None and outcome.reached is False
        verdicts.append(Verdict(row, UNPROVEN, _DISPLACED.format(row.target[0]), lost=True) if gone else verdict)
    return verdicts


def summarise(verdicts: Sequence[Verdict]) -> Summary:
    """The totals."""
    tally: dict[str, int] = {}
    for verdict in verdicts:
        for key in (verdict.row.expect, verdict.word, verdict.row.expect + verdict.word):
            tally[key] = tally.get(key, 0) + 1
    named = (REACHED, REACHED + PROVEN, BLOCKED, BLOCKED + PROVEN, RED, UNPROVEN)
    return Summary(*(tally.get(key, 0) for key in named))


def sentences(verdicts: Iterable[Verdict], word: str) -> list[str]:
    """What is RED, or what is UNPROVEN: a sentence for each way, whatever the number of its protocols."""
    ways: dict[tuple[object, ...], list[Verdict]] = {}
    lost: dict[str, int] = {}
    for one in (one for one in verdicts if one.word == word):
        if one.lost:
            lost[one.finding] = lost.get(one.finding, 0) + 1
        else:
            row = one.row
            finding = one.finding if word == RED and row.expect == REACHED else ""  # the others differ by protocol
            ways.setdefault((row.source, row.target, row.address, row.kind, finding), []).append(one)
    told = [f"{finding} ({times:,} probes)" for finding, times in lost.items()]
    return told + [_sentence(group[0], ", ".join(port_words(one.row) for one in group)) for group in ways.values()]


def _judge(row: Row, table: Mapping[int, Row], outcomes: Mapping[int, Outcome], faults: Mapping[Place, str]) -> Verdict:
    outcome = outcomes.get(row.id)
    if outcome is None:
        return Verdict(row, UNPROVEN, f"No result came from {place_words((row.source[0], ''))}, so nothing that it was to ask is proven", lost=True)
    if outcome.reached is None:
        return Verdict(row, UNPROVEN, outcome.detail.rstrip("."))
    silent = [table.get(number) for number in row.controls if not _reached(outcomes.get(number))]
    if outcome.reached:
        if row.expect == BLOCKED:
            return Verdict(row, RED, f"was answered{_within(outcome)}")
        if row.peer and outcome.peer and outcome.peer != row.peer:
            return Verdict(row, RED, f"was seen there as {outcome.peer} instead of {row.peer}: the client's address is lost")
        return Verdict(row, PROVEN)
    cause = (faults.get(row.target) or outcome.detail or "no answer").rstrip(".")
    if row.kind == "underlay":
        return Verdict(row, UNPROVEN, cause)
    if row.size and not silent:
        return Verdict(row, RED, _TOO_LARGE)
    if silent and not row.size:
        control = silent[0]
        if control is None:
            return Verdict(row, UNPROVEN, _UNASKED, lost=True)
        return Verdict(row, UNPROVEN, f"{_way(control, port_words(control))} was not reached either, though it may be")
    if row.expect == REACHED:
        return Verdict(row, RED, f"did not: {cause}")
    return Verdict(row, PROVEN) if row.controls else Verdict(row, UNPROVEN, "nobody who may reach it was asked")


def _reached(outcome: Outcome | None) -> bool:
    return outcome is not None and bool(outcome.reached)


def _sentence(verdict: Verdict, ports: str) -> str:
    row = verdict.row
    if verdict.lost:
        return verdict.finding
    if verdict.word == UNPROVEN:
        return f"It is unproven that {_way(row, ports)} is {row.expect}: {verdict.finding}"
    reason = _REASONS.get((row.kind, row.expect), "").format(network=row.network)
    if (row.kind, row.expect, row.source[1]) == ("published", BLOCKED, ""):
        reason = "the port is published on another address"
    wish = "should" if row.expect == REACHED else "should not"
    why = f" ({reason})" if reason else ""
    return f"{place_words(row.source)} {wish} reach {place_words(row.target)} at {row.address} {ports}{why}, but {verdict.finding}"


def _way(row: Row, ports: str) -> str:
    return f"{place_words(row.target)} at {row.address} {ports} from {place_words(row.source)}"


def _within(outcome: Outcome) -> str:
    return f" in {outcome.rtt_ms:.1f} ms" if outcome.rtt_ms is not None else ""
