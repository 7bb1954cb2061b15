# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same beside other releases of Docker: its commands against our declaration, cell by cell, and a policy before its published ports."""

from __future__ import annotations

import datetime
from pathlib import Path

from ansible_collections.mooring.cnm.tests.docker.engine import Pair
from ansible_collections.mooring.cnm.tests.docker.test_side_by_side import BETTER, SANDBOXES, by_declaration, by_docker, wait_for_all, who_answers

from .conftest import ENGINES, Engine

TABLE = Path(__file__).resolve().parents[2] / "docs/engines.md"
HEAD = """\
<!--
Copyright: mooring.cnm contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
# Engines that were tried

Written by `make test-engines`: one topology made by Docker's own commands and declared with us, and who reaches whom in both
([test_side_by_side.py](../tests/docker/test_side_by_side.py)); a policy of DOCKER-USER before a published port; and a network of ours on Docker's host that is
`reachable_from` one of Docker's. Where a cell is different, Docker answers and we do not.

| engine | day | cells equal | different | the policy | `reachable_from` |
|---|---|---|---|---|---|
"""


def write_row(engine: Engine, cells: str) -> None:
    """Put the row of an engine into the table, in the place of the one that it had."""
    rows = {line.split(" | ")[0].strip("| "): line for line in TABLE.read_text().splitlines() if line.startswith("| ")} if TABLE.exists() else {}
    rows[engine.name] = f"| {engine.name} | {datetime.date.today()} | {cells} |"
    TABLE.write_text(HEAD + "".join(f"{rows[one.name]}\n" for one in ENGINES if one.name in rows))


def in_words(found: object, wanted: object) -> str:
    """A cell of the table: what was found, whatever it is. It is judged afterwards."""
    return "as declared" if found == wanted else f"not as declared: {found}"


def who_gets_in(pair: Pair) -> list[list[str]]:
    """What containers on two of Docker's networks are answered by a sandbox of ours: before its network is reachable_from the first, while it is, after."""
    node1, found = pair.node1, []
    for reachable in ([], ["docker:front"], []):
        network = {"ipam": {"config": [{"subnet": "10.99.0.0/24", "gateway": "10.99.0.1"}]}, "reachable_from": reachable}
        done = pair.module("topology", networks={"ours": network}, sandboxes={"app": {"networks": {"ours": {"ipv4_address": "10.99.0.2"}}}})
        assert not done.get("failed"), done
        if not found:
            node1.sh("systemd-run --quiet --collect --unit app ip netns exec app /opt/busybox/bin/busybox nc -ll -p 90 -e echo app")
        found.append([node1.asks(("10.99.0.2", 90), inside=node1.entering(name))[0] for name in ("sa", "sd")])
    pair.module("topology", state="absent")
    return found


def test_side_by_side_and_a_policy(engine: Engine, pair: Pair) -> None:
    node1, node2 = pair.node1, pair.node2
    write_row(engine, "did not finish | – | – | –")
    # Its nftables backend wants a host that forwards already.
    node1.sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1" if engine.options else "true")
    by_docker(node1, engine.options)
    assert node1.sh("docker version --format '{{.Server.Version}}'").startswith(engine.release)
    node2.have_busybox()
    by_declaration(pair)
    docker = who_answers(node1, 1, node2, {name: node1.entering(name) for name in SANDBOXES})
    ours = who_answers(node2, 2, node1, {name: f"ip netns exec {name}" for name in SANDBOXES})
    different = {cell: docker[cell] for cell in docker if docker[cell] != ours[cell]}

    rules = [{"ctstate": ["established", "related"], "action": "return"}, {"in_interface": "eth0", "published": 8080, "action": "drop"}]
    before = node2.asks((node1.address, 8080))
    done = pair.module("docker_user", rules=rules)
    at = [bool(node1.sh(f"{tool} | grep docker_user || true")) for tool in ("iptables-save", "nft list ruleset | sed -n '/table ip cnm-default/,/^}/p'")]
    closed = node2.asks((node1.address, 8080), (node1.address, 7000))
    node1.sh("systemctl restart docker && docker start sa sd")
    for name in ("sa", "sd"):
        wait_for_all(node1, node1.entering(name))
    again = pair.module("docker_user", rules=rules)
    still = node2.asks((node1.address, 8080), (node1.address, 7000))
    pair.module("docker_user", state="absent")
    opened = node2.asks((node1.address, 8080))
    let_in = who_gets_in(pair)
    differ = ", ".join(" → ".join(cell) for cell in sorted(different)) or "none"
    # With its nftables backend there is no chain of Docker's for it: it is a base chain of ours, and iptables is left empty.
    wanted = (["sa"], ["", "sd"], ["", "sd"], ["sa"], True, False, [False, True] if "nftables" in engine.options else [True, False])
    policy, who = (before, closed, still, opened, done["changed"], again["changed"], at), [["", ""], ["app", ""], ["", ""]]
    write_row(engine, f"{len(docker) - len(different)} of {len(docker)} | {differ} | {in_words(policy, wanted)} | {in_words(let_in, who)}")
    assert set(different.items()) <= set(BETTER.items())
    assert policy == wanted, again
    assert let_in == who
