# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sandboxes in namespaces that somebody else made: attached, left as they are, attached again when they are new."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.attach import attach
from ansible_collections.mooring.cnm.plugins.module_utils.converge import converge, predict
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Port, Sandbox
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.problem import Problem
from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import Bandwidth, FixedRoute, Tuning
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import link_name
from ansible_collections.mooring.cnm.tests.kernel.on_wire import on_parent, wire
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same
from ansible_collections.mooring.cnm.tests.kernel.sockets import Flow, Listener, answers, listening
from ansible_collections.mooring.cnm.tests.kernel.topologies import clear, declare, endpoint, network, sandbox
from ansible_collections.mooring.cnm.tests.kernel.trouble import failing_at
from ansible_collections.mooring.cnm.tests.kernel.whole import whole

FRONT, BACK = network("front", "172.20.0.0/24"), network("back", "172.21.0.0/24", internal=True)
WEB = sandbox("web", endpoint("back", "172.21.0.2"), endpoint("front", "172.20.0.2"))


@contextlib.contextmanager
def container(host: Any, *commands: str) -> Iterator[subprocess.Popen]:
    """A process in a namespace of its own, in which ``commands`` of ip were run."""
    with subprocess.Popen(["unshare", "-n", "sleep", "60"]) as process:
        while os.readlink(f"/proc/{process.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            assert process.poll() is None
        try:
            for command in ("link set lo up", *commands):
                inside(host, process, command)
            yield process
        finally:
            process.terminate()


def inside(host: Any, process: subprocess.Popen, command: str) -> str:
    return host.sh(f"nsenter -t {process.pid} -n ip {command}")


def redis(namespace: tuple[str, str], **more: Any) -> Sandbox:
    return sandbox("redis", endpoint("back", "172.21.0.3"), endpoint("front", "172.20.0.3", aliases=("cache",)), mode="attached", namespace=namespace, **more)


def run(declaration: Declaration, check: bool = False) -> Any:
    attached, problems = attach(declaration)
    assert problems == []
    return (predict if check else converge)(host_state(attached, "default"), "default")


def problem(declaration: Declaration) -> Problem:
    _attached, problems = attach(declaration)
    assert len(problems) == 1
    return problems[0]


def test_a_process_is_reached_and_left_as_it_was(host) -> None:
    empty = whole(host)
    with container(host, "link add own type bridge", "addr add 10.9.0.1/24 dev own") as process:
        path = f"/proc/{process.pid}/ns/net"
        declared = declare(FRONT, BACK, WEB, redis(("pid", str(process.pid)), ports=(Port(8080, 80),)))
        alone = [inside(host, process, what) for what in ("-d link", "addr", "route", "rule")]
        predicted = run(declared, check=True)
        assert run(declared).ops == predicted.ops
        assert run(declared).ops == ()
        assert inside(host, process, "-br addr show cnm1").split()[2] == "172.20.0.3/24"
        assert inside(host, process, "route show default") == "default via 172.20.0.1 dev cnm1 proto 206 \n"
        assert "172.20.0.3 redis cache" in host.sh("cat /etc/netns/web/hosts")
        assert not os.path.exists("/run/netns/redis") and "172.20.0.2 web" in host.sh("cat /etc/netns/redis/hosts")
        flows = [Flow("web", "172.20.0.3", 80), Flow("", "172.20.0.3", 80), Flow("", "172.20.0.1", 8080)]
        with listening(Listener(path, 80)) as listeners:
            assert list(answers(flows, listeners, flows)) == flows
        found = declaration_options(describe(predict(host_state(attach(declared)[0], "default"), "default").before, "default"))["sandboxes"]["redis"]
        legs = {"back": {"ipv4_address": "172.21.0.3"}, "front": {"ipv4_address": "172.20.0.3", "aliases": ["cache"]}}
        assert found == {"netns": path, "networks": legs, "ports": ["8080:80"]}
        run(declare(FRONT, BACK, WEB))
        assert [inside(host, process, what) for what in ("-d link", "addr", "route", "rule")] == alone
        run(declared)
        clear()
        assert [inside(host, process, what) for what in ("-d link", "addr", "route", "rule")] == alone
    assert whole(host)["namespaces"] == empty["namespaces"]


def test_a_namespace_by_path_drifts_and_is_repaired(host) -> None:
    host.sh("ip netns add theirs && ip -n theirs link set lo up")
    declared = declare(FRONT, BACK, redis(("netns", "/run/netns/theirs")))
    run(declared)
    host.sh("ip -n theirs addr flush dev cnm1; ip -n theirs link set cnm0 down; ip -n theirs link add more type bridge")
    steps = [
        "add address 172.20.0.3/24 on cnm1 in /run/netns/theirs",
        "change veth cnm0 in /run/netns/theirs (back/redis): up from no to yes",
        "add route default via 172.20.0.1 dev cnm1 in /run/netns/theirs",
    ]
    assert list(run(declared).ops) == steps
    assert run(declared).ops == ()
    assert "more" in host.sh("ip -n theirs -br link")
    before = whole(host)
    clear()
    assert list(whole(host)["namespaces"]) == list(before["namespaces"])
    assert [line.split()[0] for line in host.sh("ip -n theirs -br link").splitlines()] == ["lo", "more"]


def test_a_new_namespace_is_attached_again(host) -> None:
    """With all that an endpoint has in it, its routes too."""
    routes = Tuning(routes=(FixedRoute(IPv4Network("10.77.0.0/16"), gateway=IPv4Address("172.20.0.2")),))
    for _start in range(2):
        with container(host) as process:
            attached = sandbox("redis", endpoint("front", "172.20.0.3", tuning=routes), mode="attached", namespace=("pid", str(process.pid)))
            declared = declare(FRONT, BACK, WEB, attached)
            assert any(op.startswith("create veth") for op in run(declared).ops)
            assert run(declared).ops == ()
            assert "via 172.20.0.2 dev cnm0" in inside(host, process, "route show 10.77.0.0/16")
            inside(host, process, "route del 10.77.0.0/16")
            assert [op.startswith("add route 10.77.0.0/16") for op in run(declared).ops] == [True]


def test_while_the_old_namespace_lives_on_its_legs_are_moved(host) -> None:
    with container(host) as old, container(host) as new:
        run(declare(FRONT, BACK, redis(("pid", str(old.pid)))))
        declared = declare(FRONT, BACK, redis(("pid", str(new.pid))))
        predicted = run(declared, check=True)
        assert run(declared).ops == predicted.ops
        assert run(declared).ops == ()
        assert [line.split()[0] for line in inside(host, old, "-br link").splitlines()] == ["lo"]


def test_a_default_route_of_others_stays(host) -> None:
    with container(
        host, "link add eth0 type veth peer name x", "link set eth0 up", "link set x up", "addr add 10.9.0.2/24 dev eth0", "route add default via 10.9.0.1"
    ) as process:
        route = inside(host, process, "route show default")
        declared = declare(FRONT, BACK, redis(("pid", str(process.pid))))
        run(declared)
        assert run(declared).ops == ()
        assert inside(host, process, "route show default") == route
        # A port is answered to the bridge's address, since an answer to the caller's would go by that route
        run(declare(FRONT, BACK, published := redis(("pid", str(process.pid)), ports=(Port(8080, 80),))))
        with listening(Listener(f"/proc/{process.pid}/ns/net", 80)) as listeners:
            host.sh("ip addr add 198.51.100.7/32 dev lo")
            flows = [Flow("", "198.51.100.7", 8080)]
            assert list(answers(flows, listeners, flows)) == flows
        assert inside(host, process, "route show default") == route
        told = problem(declare(replace(FRONT, gateway_mode="routed"), BACK, published))
        words = "its namespace has a default route of its own, by which no answer from a routed network would come back"
        assert (told.path, told.message.split(":")[0]) == ("cnm_sandboxes.redis.ports", words)
        clear()
        assert inside(host, process, "route show default") == route


def test_what_is_not_there_is_told_or_left_out(host) -> None:
    for namespace, words in (
        (("pid", "4194304"), "there is no process 4194304 on this host: start it, or declare 'missing: ignore'"),
        (("netns", "/run/netns/none"), "there is no /run/netns/none on this host"),
        (("netns", "/etc/passwd"), "/etc/passwd is no network namespace"),
        (("netns", "/proc/self/ns/mnt"), "/proc/self/ns/mnt cannot be entered"),
        (("container", "redis"), "neither Docker nor Podman has a container redis on this host"),
    ):
        told = problem(declare(FRONT, BACK, redis(namespace)))
        assert (told.path, told.message.startswith(words)) == (f"cnm_sandboxes.redis.{namespace[0]}", True), told
        run(declare(FRONT, BACK, WEB, redis(namespace, missing="ignore")))
        # Nobody finds it, but it has the names of the others when it starts
        assert "redis" not in host.sh("cat /etc/netns/web/hosts") and "172.20.0.2 web" in host.sh("cat /etc/netns/redis/hosts")
        assert run(declare(FRONT, BACK, WEB, redis(namespace, missing="ignore"))).ops == ()


def test_a_leg_on_a_wire_goes_too_though_nothing_on_the_host_leads_to_it(host) -> None:
    wire(host)
    lan = on_parent("macvlan")
    with container(host) as process:
        rates = Tuning(Bandwidth(8_000_000, None, 8_000_000))
        leg = sandbox("redis", endpoint("lan", "192.0.2.10", tuning=rates), mode="attached", namespace=("pid", str(process.pid)))
        alone = inside(host, process, "-d link")
        predicted = run(declare(lan, leg), check=True)
        assert run(declare(lan, leg)).ops == predicted.ops
        assert run(declare(lan, leg)).ops == ()
        assert inside(host, process, "-br addr show cnm0").split()[2] == "192.0.2.10/24"
        predicted = run(declare(lan), check=True)
        around = link_name("i", "default", "lan", "redis")
        removals = (
            f"remove macvlan cnm0 in /proc/{process.pid}/ns/net (lan/redis)",
            f"remove ifb {around} in /proc/{process.pid}/ns/net (lan/redis)",
            "remove file /etc/netns/redis/hosts",
        )
        assert run(declare(lan)).ops == predicted.ops == removals
        assert inside(host, process, "-d link") == alone
        run(declare(lan, leg))
        clear()
        assert inside(host, process, "-d link") == alone


def test_the_same_marks_on_a_host_that_is_simulated_on_this_one_are_not_ours(host) -> None:
    leg = "link add link base name cnm0 group 6516333 type macvlan"
    with container(host, "link add base type bridge", leg, "link set cnm0 alias cnm:default:lan:redis:endpoint") as process:
        clear()
        assert [line.split()[0] for line in inside(host, process, "-br link").splitlines()] == ["lo", "base", "cnm0@base"]


def test_two_names_for_one_namespace_are_refused(host) -> None:
    own = problem(declare(FRONT, BACK, redis(("pid", str(os.getpid())))))
    assert (own.path, own.message) == ("cnm_sandboxes.redis", "this is the namespace of the host itself (network_mode: host): declare one of the two")
    run(declare(FRONT, BACK, WEB))
    assert "this is the namespace of sandbox web" in problem(declare(FRONT, BACK, WEB, redis(("netns", "/run/netns/web")))).message
    with container(host) as process:
        twin = sandbox("twin", endpoint("front", "172.20.0.9"), mode="attached", namespace=("netns", f"/proc/{process.pid}/ns/net"))
        assert "this is the namespace of sandbox redis" in problem(declare(FRONT, BACK, redis(("pid", str(process.pid))), twin)).message


def test_a_link_of_that_name_is_in_the_way(host) -> None:
    with container(host, "link add cnm0 type bridge") as process:
        outcome = run(declare(FRONT, BACK, redis(("pid", str(process.pid)))))
        assert (outcome.ops, [one.key[2] for one in outcome.clashes]) == ((), ["cnm0"])


def test_what_fails_in_there_is_rolled_back(host) -> None:
    with container(host, "link add own type bridge") as process:
        declared = declare(FRONT, BACK, WEB, redis(("pid", str(process.pid))))
        run(declare(FRONT, BACK, WEB))
        before, alone = whole(host), inside(host, process, "-d link; ip addr; ip route")
        for number in range(99):
            with failing_at(number) as failed, contextlib.suppress(Fault):
                run(declared)
            if not failed:
                break
            check_same({**before, "files": 0}, lambda: {**whole(host), "files": 0})
            assert inside(host, process, "-d link; ip addr; ip route") == alone
        assert number > 10
