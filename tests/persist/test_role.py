# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role persist writes on a host, and what it removes."""

from __future__ import annotations

import json

from .conftest import UNIT, Fleet, difference, dump

OURS = "/etc/mooring-cnm /usr/local/lib/mooring-cnm /etc/systemd/system/mooring-cnm@*.service"


def test_what_lies_on_the_host(made: Fleet) -> None:
    host = made.host("node1")
    path = host.file("/etc/mooring-cnm/default.json")
    assert (path.mode, path.user, host.file("/etc/mooring-cnm").mode) == (0o600, "root", 0o700)
    assert json.loads(path.content_string)["sandboxes"]["web"]["ports"] == ["8080:80"]
    assert host.check_output("systemctl is-enabled %s; systemctl is-active %s", UNIT, UNIT).split() == ["enabled", "active"]
    assert host.run("systemd-analyze verify /etc/systemd/system/%s", UNIT).stderr == ""
    assert host.check_output("grep -rl ansible /usr/local/lib/mooring-cnm --include=*.py || true") == ""


def test_check_mode_predicts_the_run(fleet: Fleet) -> None:
    host, other = fleet.host("node1"), fleet.host("node2")
    before = dump(other)
    predicted, done = (fleet.play("-e", "persist_state=absent", "--diff", *words) for words in (["--check"], []))
    paths = [f"/etc/systemd/system/{UNIT}", "/etc/mooring-cnm/default.json"]
    assert predicted.steps("node1") == done.steps("node1") == [f"stop {UNIT}", f"disable {UNIT}", *(f"remove {path}" for path in paths)]
    assert host.check_output(f"ls -d {OURS} 2>/dev/null || true") == ""
    # what stands on a host stays until it boots
    assert not difference(before, dump(other))
    fleet.power("rebooted", "node2")
    assert other.check_output("ls /run/netns 2>/dev/null || true; iptables-save | grep CNM || true") == ""
    predicted, done = (fleet.play("--diff", *words) for words in (["--check"], []))
    assert predicted.steps("node1") == done.steps("node1")
    written = ["the engine", "/etc/mooring-cnm/default.json", f"/etc/systemd/system/{UNIT}"]
    assert [step.split(",")[0] for step in done.steps("node1")] == [*(f"write {one}" for one in written), f"enable {UNIT}", f"start {UNIT}"]
    assert fleet.play().changed == {0}


def test_what_somebody_changed_is_put_right(fleet: Fleet) -> None:
    host = fleet.host("node1")
    host.check_output("systemctl disable --now %s; chmod 644 /etc/mooring-cnm/default.json", UNIT)
    host.check_output("echo '# mine' >> $(ls -d /usr/local/lib/mooring-cnm/*/__main__.py)")
    steps = [step.split(",")[0] for step in fleet.play("--diff").steps("node1")]
    assert steps == ["write the engine", "write /etc/mooring-cnm/default.json", f"enable {UNIT}", f"start {UNIT}"]


def test_site_keeps_up_to_date_what_a_host_has_and_teardown_takes_it_away(fleet: Fleet) -> None:
    """Nobody says cnm_persist: it may have been given by -e, once."""
    host = fleet.host("node1")
    fleet.declare(cnm_verify="none", cnm_sandboxes={"late": {"networks": ["back"]}})
    assert fleet.play(playbook="mooring.cnm.site").status == 0
    assert list(json.loads(host.file("/etc/mooring-cnm/default.json").content_string)["sandboxes"]) == ["late"]
    assert fleet.play(playbook="mooring.cnm.teardown").status == 0
    assert host.check_output(f"ls -d {OURS} 2>/dev/null || true") == ""
    again = fleet.play(playbook="mooring.cnm.site")
    assert again.status == 0 and "TASK [mooring.cnm.persist : Let the hosts come back" in again.text
    assert host.check_output(f"ls -d {OURS} 2>/dev/null || true") == ""


def test_two_fleets_share_the_engine(made: Fleet) -> None:
    host = made.host("node2")
    part = {"networks": {"lan": {"ipam": {"config": [{"subnet": "172.30.0.0/24", "gateway": "172.30.0.1"}]}}}}
    for state in ("present", "present", "absent"):
        arguments = json.dumps({"fleet": "other", "slice": part, "state": state})
        done = made.ansible("ansible", "node2", "-m", "mooring.cnm.persist", "-a", arguments)
        assert done.status == 0, done.text
        assert len(host.check_output("ls /usr/local/lib/mooring-cnm").split()) == 1
        assert host.file("/etc/mooring-cnm/other.json").exists == (state == "present")
    made.ansible("ansible", "node2", "-m", "mooring.cnm.topology", "-a", '{"fleet": "other", "state": "absent"}')
    assert host.check_output("systemctl is-active %s", UNIT) == "active"


def test_what_cannot_be_kept_is_refused_in_a_sentence(made: Fleet) -> None:
    bad = made.ansible("ansible", "node1", "-m", "mooring.cnm.persist", "-a", '{"fleet": "../up", "slice": {}}')
    assert bad.status != 0 and "Could not keep fleet '../up': it becomes part of a file name." in bad.text
    part = {"networks": {"front": {"driver": "bridg"}}}
    bad = made.ansible("ansible", "node1", "-m", "mooring.cnm.persist", "-a", json.dumps({"fleet": "bad", "slice": part}))
    assert bad.status != 0 and "Could not start mooring-cnm@bad.service: Could not use the slice" in bad.text
    assert "cnm_networks.front.driver" in bad.text
    assert made.ansible("ansible", "node1", "-m", "mooring.cnm.persist", "-a", '{"fleet": "bad", "state": "absent"}').status == 0
    assert made.host("node1").check_output("systemctl is-system-running") == "running"
