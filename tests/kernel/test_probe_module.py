# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module probe by itself: one task, one host, one verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mooring.cnm.plugins.module_utils.proof.process import DIRECTORY, stop
from ansible_collections.mooring.cnm.plugins.modules import probe
from ansible_collections.mooring.cnm.tests.kernel.proofs import NODE1, services
from ansible_collections.mooring.cnm.tests.kernel.topologies import run as converge

Result = dict[str, Any]
Task = Callable[..., Result]


@pytest.fixture
def task(host, capsys: pytest.CaptureFixture[str]) -> Iterator[Task]:
    """Runs the module on a host that has the sandboxes, and gives its result."""
    converge(NODE1)

    def run(*probes: dict[str, Any], check: bool = False, **options: Any) -> Result:
        capsys.readouterr()
        given = {**options, **({"probes": list(probes)} if probes else {}), "_ansible_check_mode": check}
        with patch_module_args(given), pytest.raises(SystemExit):
            probe.main()
        return json.loads(capsys.readouterr().out)

    yield run
    stop(probe.SLOT)


def ask(source: str, target: str, proto: str = "tcp", port: int = 7000, **more: Any) -> dict[str, Any]:
    return {"from": source, "to": target, "proto": proto, "port": port, **more}


def test_what_is_as_expected_succeeds(task: Task) -> None:
    result = task(
        *(ask("app", "web", proto) for proto in ("tcp", "udp", "icmp")),
        *(ask("app", "db", proto, expect="blocked") for proto in ("tcp", "udp", "icmp")),
        ask("host", "web", port=8080, target_port=80, address="127.0.0.1"),
        ask("app", "host"),
    )
    assert not result.get("failed") and result["changed"] is False
    assert [one["verdict"] for one in result["results"]] == ["proven"] * 8
    assert [one["reached"] for one in result["results"]] == [True] * 3 + [False] * 3 + [True] * 2
    assert {"from", "to", "proto", "port", "reached", "rtt_ms", "detail"} <= set(result["results"][0])
    assert result["results"][0]["rtt_ms"] < 1000 and result["results"][3]["rtt_ms"] is None
    assert not list(Path(DIRECTORY).iterdir()), "nothing of it is left"


def test_what_is_reached_and_should_not_be_fails(task: Task) -> None:
    result = task(ask("app", "web", expect="blocked"))
    assert result["failed"] and result["results"][0]["verdict"] == "red"
    assert result["msg"].startswith("app should not reach web at 172.18.0.2 tcp/7000, but was answered in ")


def test_what_is_not_reached_and_should_be_fails(task: Task) -> None:
    result = task(ask("db", "app"))
    assert result["failed"] and result["results"][0]["verdict"] == "red"
    assert result["msg"] == "db should reach app at 172.18.0.3 tcp/7000, but did not: Network is unreachable."


def test_a_target_that_is_down_is_not_taken_for_blocked(host, task: Task) -> None:
    host.sh("ip -n app link set eth0 down")
    result = task(ask("q1", "app", address="172.18.0.3", expect="blocked"))
    assert result["failed"] and result["results"][0]["verdict"] == "unproven"


def test_an_address_is_blocked_only_if_somebody_reaches_it(task: Task) -> None:
    inner, outer = ask("q1", "172.18.0.2", expect="blocked"), ask("host", "172.18.0.2")
    unheard = task(inner)
    assert unheard["failed"] and unheard["results"][0]["verdict"] == "unproven"
    ping = {"proto": "icmp", "port": None}
    assert [one["verdict"] for one in task({**inner, **ping}, {**outer, **ping})["results"]] == ["proven", "proven"]


def test_a_taken_port_is_counted(task: Task) -> None:
    with services("web"):
        result = task(ask("app", "web", port=80), ask("q1", "web", port=80, address="172.18.0.2", expect="blocked"))
    assert [one["verdict"] for one in result["results"]] == ["proven", "proven"]
    assert "counted" in result["results"][0]["detail"]


def test_a_missing_sandbox_is_told(task: Task) -> None:
    assert "nobody" in task(ask("app", "nobody"))["msg"]
    result = task(ask("nobody", "web", address="172.18.0.2"))
    assert result["failed"] and result["results"][0]["verdict"] == "unproven" and "nobody" in result["msg"]


def test_check_mode_sends_nothing(task: Task) -> None:
    result = task(ask("app", "web"), ask("app", "db", expect="blocked"), check=True)
    assert [one["reached"] for one in result["results"]] == [None, None] and not result.get("failed")
    assert not Path(DIRECTORY).exists()


def test_tcp_needs_a_port(task: Task) -> None:
    assert "port" in task({"from": "app", "to": "web", "proto": "tcp"})["msg"]


def test_in_stages_for_a_fleet(task: Task) -> None:
    listening = task(listen=[{"in": "web", "proto": "tcp", "port": 80, "name": "w"}, {"in": "nobody", "proto": "udp", "port": 1, "name": "n"}], run="a secret")
    assert listening["listening"]["w"] == "bound" and "nobody" in listening["listening"]["n"] and listening["counting"] is False
    sent = task(ask("app", "172.18.0.2", port=80, id=7, listener="w"), ask("app", "172.18.0.2", port=80, id=9, listener="x"), run="a secret")
    assert [(one["id"], one["reached"], one["peer"]) for one in sent["results"]] == [(7, True, "172.18.0.3"), (9, False, None)]
    assert task(collect=True)["arrivals"] == []
