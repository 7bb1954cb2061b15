# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of docs/from-docker.md: planned, converged, asked as the page asks, described, and removed."""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import socket
import subprocess
from collections.abc import Iterator

import pytest
import yaml
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import HostInput, plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.namespaces import inside
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.reserved import read_reserved
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.modules.topology_info import gathered
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.topologies import clear, run

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "from-docker.md"
SECTIONS = {part.split("\n", 1)[0]: part for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]}
# Without link-local addresses, which come some time after their link.
PLACE = """
ip link add link0 type bridge && ip link set link0 addrgenmode none && ip link set link0 up
sysctl -qw net.ipv6.conf.all.forwarding=1  # it is never taken back
ip address add 198.51.100.1/24 dev link0 && ip address add 2001:db8::1/64 dev link0 nodad
for nth in 1 2; do
  ip netns add client$nth && ip link add c$nth master link0 type veth peer name eth0 netns client$nth
  ip link set c$nth addrgenmode none && ip link set c$nth up
  ip -n client$nth link set eth0 addrgenmode none && ip -n client$nth link set lo up && ip -n client$nth link set eth0 up
  ip -n client$nth address add 198.51.100.1$nth/24 dev eth0 && ip -n client$nth address add 2001:db8::1$nth/64 dev eth0 nodad
done
"""


def block(section: str, kind: str) -> str:
    """The one block of a kind in a section; empty where it has none."""
    found = re.findall(rf"^```{kind}\n(.*?)^```$", SECTIONS[section], re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


def planned(section: str) -> Declaration:
    """The example as a fleet of this one host is planned."""
    raw = yaml.safe_load(block(section, "yaml"))
    given = HostInput({"cnm_networks": raw.get("cnm_networks")}, {"cnm_sandboxes": raw.get("cnm_sandboxes")}, read_reserved("default"))
    plan = plan_fleet({"host1": given}, Ledger(), Stock(), "default", True)
    assert plan.problems == ()
    return plan.declarations["host1"]


@contextlib.contextmanager
def listening(declaration: Declaration) -> Iterator[None]:
    """Something listens on every port that a sandbox publishes, and on the one after it."""
    with contextlib.ExitStack() as kept:
        for name, sandbox in declaration.sandboxes.items():
            for number in {target for port in sandbox.ports for target in (port.target, port.target + 1)}:
                with inside(name):
                    kept.enter_context(socket.create_server(("::", number), family=socket.AF_INET6, dualstack_ipv6=True))
        yield


@pytest.fixture(scope="module")
def place(shared_host):
    shared_host.sh(PLACE)
    return shared_host


@pytest.fixture
def left_as_it_was(place) -> Iterator[None]:
    """Whatever an example does is gone after it."""
    before = dump(place)
    yield
    clear()
    place.sh("ip -n client1 route flush 172.24.0.0/24")
    check_same(before, lambda: dump(place))


@pytest.mark.usefixtures("left_as_it_was")
@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_is_as_the_page_says(section: str) -> None:
    declaration = planned(section)
    done = run(declaration)
    assert run(declaration).ops == ()
    with listening(declaration):
        for command in block(section, "sh").splitlines():
            asked = subprocess.run(["/bin/bash", "-c", command.removeprefix("! ")], capture_output=True, encoding="utf-8", check=False)
            assert (asked.returncode == 0) != command.startswith("! "), f"{command}: {asked.stdout}{asked.stderr}"
    described = describe(done.after, "default")
    if block(section, "json"):
        wanted, shown = json.loads(block(section, "json")), gathered(["networks", "sandboxes"], "default", "auto")
        networks = [{key: value for key, value in one.items() if key != "Options"} for one in shown["networks"]]
        assert wanted == (networks if isinstance(wanted, list) else shown["sandboxes"])
    options = json.loads(json.dumps(declaration_options(described)))
    again, problems = parse_declaration(options["networks"], options["sandboxes"])
    assert problems == []
    assert run(again).ops == ()
