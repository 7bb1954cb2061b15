# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report that a person reads."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.proof.plan import WHOLE, proof_plan
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import REACHED, Outcome, read_row
from ansible_collections.mooring.cnm.plugins.module_utils.proof.table import BAD, GOOD, WARNING, WIDTH, report
from ansible_collections.mooring.cnm.plugins.module_utils.proof.verdict import judge
from ansible_collections.mooring.cnm.tests.unit.proof.declared import UNDERLAY, host, network, on

FLEET = {
    "node1": host(
        [network("front", 18), network("back", 19, internal=True)],
        web=on("front=172.18.0.2", "back=172.19.0.2", ports=["0.0.0.0:8080:80/tcp"]),
        db=on("back=172.19.0.3"),
        app=on("front=172.18.0.3"),
        cache={"mode": "container", "joins": "web"},
        agent={"mode": "host"},
    ),
    "node2": Declaration(),
}


def lines_of(fleet: dict[str, Declaration], changed: dict[int, Outcome | None] | None = None, mode: str = "full") -> list[tuple[str, str]]:
    whole = proof_plan(fleet, {name: UNDERLAY.get(name) for name in fleet}, mode, "secret")[WHOLE]
    rows = [read_row(raw) for raw in whole["rows"]]
    outcomes = {**{row.id: Outcome(row.expect == REACHED, 0.3, "", row.peer) for row in rows}, **(changed or {})}
    return report(judge(rows, {number: one for number, one in outcomes.items() if one}), whole["hosts"], whole["pairs"])


def test_who_reaches_whom() -> None:
    lines = [line for line, _tone in lines_of(FLEET)]
    assert lines[2:11] == [
        "node1  198.18.0.2",
        "  from ↓ to →  app  db  web  out",
        "  node1        ●    ●   ●",
        "  app               ○   ◐    ●",
        "  db           ○        ◐    ○",
        "  web          ●    ●        ●",
        "  agent is in the namespace of the host",
        "  cache is in web of the same host",
        "  port 8080/tcp → web:80   node1 ●  app ●  db ○  web ●  node2 ●",
    ]
    assert lines_of(FLEET)[-1] == ("reached as declared: 38 of 38; blocked as declared: 16 of 16; unproven: 0; all 21 pairs asked", GOOD)


def test_what_is_wrong_is_marked_and_told() -> None:
    lines = lines_of(FLEET, {0: Outcome(False, None, "no answer in 3.3 s")})
    assert any("✘" in line and line.startswith("  ") for line, _tone in lines)
    assert [tone for line, tone in lines if line.startswith("✘ node1 should reach")] == [BAD]
    assert lines[-1][1] == BAD


def test_what_is_unproven_is_marked_and_counted() -> None:
    lines = lines_of(FLEET, dict.fromkeys(range(1000)))
    assert any("?" in line and line.startswith("  app") for line, _tone in lines)
    assert [tone for line, tone in lines if line.startswith("? No result came from node1")] == [WARNING]
    assert lines[-1][0].startswith("reached as declared: 0 of 38; blocked as declared: 0 of 16; unproven: 54")


def test_a_large_fleet_has_only_its_totals() -> None:
    fleet = {f"h{nth}": host([network("n", 18)], **{f"s{at}": on(f"n=172.18.0.{at + 2}") for at in range(9)}) for nth in range(40)}
    lines = lines_of(fleet)
    assert len(lines) == 1 and "a fixed sample" in lines[0][0]


def test_long_names_fit() -> None:
    boxes = {f"a-sandbox-with-quite-a-long-name-{at}": on(f"n=172.18.0.{at + 2}") for at in range(12)}
    lines = [line for line, _tone in lines_of({"node1": host([network("n", 18)], **boxes)})]
    assert max(map(len, lines[2:-1])) <= WIDTH
    assert "  1 a-sandbox-with-quite-a-long-name-0" in "\n".join(lines)
