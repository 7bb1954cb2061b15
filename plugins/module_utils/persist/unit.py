# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit that brings a host to its slice at each boot: systemd.unit(5), systemd.special(7)."""

from __future__ import annotations

from collections.abc import Iterable

# Each empties the tables as it starts, and perhaps when it is reloaded. All of them are there before network-pre.target.
RULE_FILES = "ip6tables.service iptables.service netfilter-persistent.service nftables.service ufw.service"
FIREWALLS = f"firewalld.service {RULE_FILES}"

# What makes the sets that a policy names is one of these, or this one. To start it anew takes nothing away from us.
BEFORE = f"{FIREWALLS} ipset.service"


def unit_name(fleet: str) -> str:
    return f"mooring-cnm@{fleet}.service"


def companions(fleet: str, command: str, containers: Iterable[str] = ()) -> dict[str, tuple[str, str]]:
    """Units that converge the host again when something else has changed it, by what that is: name and text. command: what converges the host.

    containers: names or ids of those that are sandboxes, and have a new namespace whenever they are started.
    """
    name = unit_name(fleet)
    # A reload is no event of systemd's, but a signal of firewalld's. Docker hears it too and writes its rules anew meanwhile, so one look is not enough.
    # Those at the start are taken while it listens already, so that no reload goes unheard.
    again = f"again() {{ for pause_s in 0 2 5; do sleep $$pause_s; systemctl restart {name}; done; }}"
    signal = "type=signal,interface=org.fedoraproject.FirewallD1,member=Reloaded"
    listen = f'busctl --system monitor "--match={signal}" | while read -r line; do case "$$line" in *Member=Reloaded*) again;; esac; done'
    which = " ".join(f"--filter container={one}" for one in containers)
    # What was started while Docker was, or just before there was somebody to hear it, is told as well. (A plain .ID is not known to Docker 29.)
    started = f"docker events --since 10s --filter type=container --filter event=start {which} --format {{{{.Actor.ID}}}}"
    attach = f"ExecStart=/bin/sh -c '{started} | while read -r id; do {command}; done'\nSyslogIdentifier=mooring-cnm"
    docker = f"Type=oneshot\nRemainAfterExit=yes\nExecStart={command}\nSyslogIdentifier=mooring-cnm"
    return {
        "docker": (f"mooring-cnm-docker@{fleet}.service", _companion(fleet, "docker.service", f"After={BEFORE}\nPartOf={FIREWALLS}", docker)),
        "containers": (f"mooring-cnm-containers@{fleet}.service", _companion(fleet, "docker.service", f"After={name}", attach)),
        "firewalld": (
            f"mooring-cnm-firewalld@{fleet}.service",
            _companion(fleet, "firewalld.service", f"After={name}\nRequisite=firewalld.service", f"ExecStart=/bin/sh -c '{again}; again & {listen}'"),
        ),
    }


def _companion(fleet: str, other: str, order: str, service: str) -> str:
    return f"""\
# Written by mooring.cnm, role persist.
[Unit]
Description=Networks and sandboxes of fleet {fleet}, beside {other}
After={other}
PartOf={other}
{order}

[Service]
{service}

[Install]
WantedBy={other}
"""


def unit_text(fleet: str, command: str, also: str = "") -> str:
    """The unit of a fleet. command: what converges the host. also: units that are enabled and disabled with it."""
    return f"""\
# Written by mooring.cnm, role persist.
[Unit]
Description=Networks and sandboxes of fleet {fleet}

# It manages the network, so it stands where the network's managers do: after the firewalls, and done before network.target,
# after which comes all that needs a network. A unit that is started even earlier says After={unit_name(fleet)} itself.
DefaultDependencies=no
Conflicts=shutdown.target
After=local-fs.target systemd-sysctl.service systemd-tmpfiles-setup.service network-pre.target
Before=network.target shutdown.target
Wants=network.target

# A firewall that is restarted has emptied the tables: the restart comes on to here. So does a reload, but for that of firewalld, which
# has just begun when systemd takes it for done, and tells by a signal when it is.
After={BEFORE}
PartOf={FIREWALLS}
ReloadPropagatedFrom={RULE_FILES}

[Service]
# To restart or reload it is to converge again. To stop it changes nothing on the host.
Type=oneshot
RemainAfterExit=yes
ExecStart={command}
ExecReload={command}
TimeoutStartSec=5min
# The journal has every change, however many there are.
SyslogIdentifier=mooring-cnm
LogRateLimitIntervalSec=0
# No setting that gives a unit mounts of its own (PrivateTmp=, ProtectSystem=, ...): the namespaces that it binds to
# /run/netns would be seen by itself alone.

[Install]
WantedBy=multi-user.target
{f"Also={also}" + chr(10) if also else ""}"""
