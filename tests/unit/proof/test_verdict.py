# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers prove: unproven is never green."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import BLOCKED, REACHED, Outcome, Row, read_row
from ansible_collections.mooring.cnm.plugins.module_utils.proof.verdict import PROVEN, RED, UNPROVEN, Verdict, judge, sentences, summarise
from ansible_collections.mooring.cnm.tests.unit.model.declared import UNHURRIED
from ansible_collections.mooring.cnm.tests.unit.proof.declared import find, fleets, host, network, on, prove
from hypothesis import given
from hypothesis import strategies as st

NODE1 = host(
    [network("front", 18), network("back", 19, internal=True)],
    web=on("front=172.18.0.2", ports=["0.0.0.0:8080:80/tcp", "127.0.0.1:8443:443/tcp"]),
    db=on("back=172.19.0.3"),
)
ROWS = prove(node1=NODE1, node2=Declaration())


def as_declared(rows: list[Row] = ROWS) -> dict[int, Outcome]:
    return {row.id: Outcome(row.expect == REACHED, 0.3, "" if row.expect == REACHED else "no answer in 1.3 s", row.peer) for row in rows}


def verdict(row: Row, outcomes: dict[int, Outcome]) -> Verdict:
    return next(one for one in judge(ROWS, outcomes) if one.row == row)


BLOCKED_ROW = find(ROWS, "node1/web", "node1/db")[0]
REACHED_ROW = find(ROWS, "node1/", "node1/db")[0]
EGRESS_ROW = find(ROWS, "node1/web", "node2/")[0]


def test_all_as_declared_is_green() -> None:
    verdicts = judge(ROWS, as_declared())
    assert {one.word for one in verdicts} == {PROVEN} and {one.sentence for one in verdicts} == {""}
    summary = summarise(verdicts)
    assert summary.green and summary.reached == summary.reached_proven and summary.blocked == summary.blocked_proven > 0


def test_where_another_proof_took_the_listeners_away_a_line_says_so_and_nothing_is_red() -> None:
    """What was proven before stays so, and what should not have been answered is red."""
    outcomes = as_declared()
    missed = [row for row in ROWS if row.target[0] == "node1" and row.listener and row.expect == REACHED]
    for row in missed:
        outcomes[row.id] = Outcome(False, detail="a service accepted it, not the listener of the proof")
    answered = next(row for row in ROWS if row.expect == BLOCKED and row.target[0] == "node1")
    outcomes[answered.id] = Outcome(True, 0.3)
    verdicts = judge(ROWS, outcomes, displaced={"node1"})
    assert [one.row for one in verdicts if one.word == RED] == [answered]
    told = sentences(verdicts, UNPROVEN)
    assert [one for one in told if one.startswith("The listeners of this proof on node1 were taken away before its end, as another proof does")]
    assert len(told) < 3 and len([one for one in verdicts if one.lost]) >= len(missed)
    assert all(one.word == PROVEN for one in judge(ROWS, as_declared(), displaced={"node1"}))


def test_nothing_to_prove_is_not_green() -> None:
    assert not summarise([]).green


def test_an_answer_where_none_should_be_is_red() -> None:
    found = verdict(BLOCKED_ROW, {**as_declared(), BLOCKED_ROW.id: Outcome(True, 0.31)})
    assert found.word == RED
    assert found.sentence == "node1/web should not reach node1/db at 172.19.0.3 tcp/47863 (it is not on back), but was answered in 0.3 ms"


def test_an_answer_is_red_even_without_the_control() -> None:
    outcomes = {**as_declared(), BLOCKED_ROW.id: Outcome(True, 0.3), REACHED_ROW.id: Outcome(False)}
    assert verdict(BLOCKED_ROW, outcomes).word == RED


def test_no_answer_where_one_should_be_is_red() -> None:
    found = verdict(REACHED_ROW, {**as_declared(), REACHED_ROW.id: Outcome(False, None, "no answer in 3.3 s")})
    assert found.word == RED
    assert found.sentence == "node1 should reach node1/db at 172.19.0.3 tcp/47863 (a host reaches its sandboxes), but did not: no answer in 3.3 s"


@pytest.mark.parametrize("control", [Outcome(False, None, "no answer in 3.3 s"), Outcome(None, None, "could not be sent"), None])
def test_silence_without_its_control_is_unproven(control: Outcome | None) -> None:
    outcomes = {number: one for number, one in {**as_declared(), REACHED_ROW.id: control}.items() if one}
    found = verdict(BLOCKED_ROW, outcomes)
    assert found.word == UNPROVEN
    assert found.sentence == (
        "It is unproven that node1/db at 172.19.0.3 tcp/47863 from node1/web is blocked: "
        "node1/db at 172.19.0.3 tcp/47863 from node1 was not reached either, though it may be"
    )


def test_a_must_not_without_any_control_is_unproven() -> None:
    alone = replace(BLOCKED_ROW, controls=())
    assert [one.word for one in judge([alone], {alone.id: Outcome(False)})] == [UNPROVEN]


@pytest.mark.parametrize("lost", [0, 1])
def test_a_shut_port_needs_both_controls(lost: int) -> None:
    shut = next(row for row in find(ROWS, "node2/", "node1/web") if row.expect == BLOCKED)
    assert verdict(shut, as_declared()).word == PROVEN
    assert verdict(shut, {**as_declared(), shut.controls[lost]: Outcome(False)}).word == UNPROVEN


def test_a_lost_host_makes_its_rows_unproven() -> None:
    outcomes = {row.id: as_declared()[row.id] for row in ROWS if row.source[0] != "node1"}
    verdicts = judge(ROWS, outcomes)
    assert {one.word for one in verdicts if one.row.source[0] == "node1"} == {UNPROVEN}
    assert "No result came from node1, so nothing that it was to ask is proven" in {one.sentence for one in verdicts}


def test_what_needs_a_control_from_a_host_that_failed_before_is_told_in_one_line() -> None:
    """Of whose rows there are none. What was answered is red all the same."""
    controls = {number for row in ROWS for number in row.controls}
    left = [row for row in ROWS if row.id not in controls]
    blocked = [row for row in left if row.expect == BLOCKED]
    verdicts = judge(left, {**as_declared(left), blocked[0].id: Outcome(True, 0.3)})
    assert [one.row for one in verdicts if one.word == RED] == blocked[:1]
    assert sentences(verdicts, UNPROVEN) == [
        f"A host that failed before the proof was to ask what may be reached, so nothing is proven of what asked there in vain ({len(blocked) - 1} probes)"
    ]


def test_a_probe_that_could_not_be_sent_proves_nothing() -> None:
    found = verdict(BLOCKED_ROW, {**as_declared(), BLOCKED_ROW.id: Outcome(None, None, "the probe could not be sent: no such namespace")})
    assert found.word == UNPROVEN and "no such namespace" in found.sentence


def test_the_way_out_is_unproven_where_the_host_itself_does_not_get_there() -> None:
    control = EGRESS_ROW.controls[0]
    assert verdict(EGRESS_ROW, {**as_declared(), EGRESS_ROW.id: Outcome(False)}).word == RED
    assert verdict(EGRESS_ROW, {**as_declared(), EGRESS_ROW.id: Outcome(False), control: Outcome(False)}).word == UNPROVEN
    assert next(one for one in judge(ROWS, {**as_declared(), control: Outcome(False)}) if one.row.id == control).word == UNPROVEN


def test_a_client_whose_address_is_lost_is_red() -> None:
    row = next(row for row in find(ROWS, "node2/", "node1/web") if row.peer)
    found = verdict(row, {**as_declared(), row.id: Outcome(True, 0.3, "", "172.18.0.1")})
    assert found.word == RED
    assert found.sentence.endswith("but was seen there as 172.18.0.1 instead of 198.18.0.3: the client's address is lost")


def test_the_reason_why_a_listener_is_missing_is_told() -> None:
    outcomes = {**as_declared(), REACHED_ROW.id: Outcome(False, None, "Connection refused")}
    told = [one.sentence for one in judge(ROWS, outcomes, {("node1", "db"): "Could not enter namespace db"}) if one.word == RED]
    assert told[0].endswith("but did not: Could not enter namespace db")


@given(fleets(), st.randoms(use_true_random=False))
@UNHURRIED
def test_never_green_for_want_of_an_answer(fleet: dict[str, Declaration], random: object) -> None:
    """Whatever is lost of what was to be reached, no must-not that leaned on it stays proven."""
    rows = prove(**fleet)
    outcomes = as_declared(rows)
    lost = {row.id for row in rows if row.expect == REACHED and random.random() < 0.3}  # type: ignore[attr-defined]
    verdicts = judge(rows, {number: Outcome(False, None, "no answer") if number in lost else one for number, one in outcomes.items()})
    for one in verdicts:
        if one.word == PROVEN:
            assert one.row.id not in lost and not lost & set(one.row.controls if one.row.expect == BLOCKED else ())
    assert summarise(verdicts).green == (bool(rows) and not lost)


def test_a_row_survives_json() -> None:
    for row in ROWS:
        again = read_row(row.as_dict())
        assert again == row and again.controls == row.controls


def test_protocols_of_one_way_share_a_sentence() -> None:
    leaks = find(ROWS, "node1/web", "node1/db", "icmp") + find(ROWS, "node1/web", "node1/db") + find(ROWS, "node1/web", "node1/db", "udp")
    verdicts = judge(ROWS, {**as_declared(), **{row.id: Outcome(True, 0.3 + row.id) for row in leaks}})
    assert len(sentences(verdicts, RED)) == 1 and "icmp, tcp/47863, udp/47863" in sentences(verdicts, RED)[0]
