# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Podman, that of the machine's suite, in a lab host: shown there from unpacked packages, nothing is installed."""

from __future__ import annotations

from .binding import bind
from .engine import EngineHost
from .packages import unpacked

AT = "/opt/podman"
LIBRARIES = f"LD_LIBRARY_PATH={AT}/usr/lib/x86_64-linux-gnu"
FILES = {
    # Podman gives its runtime no environment of its own.
    "/usr/bin/crun": f'#!/bin/sh\n{LIBRARIES} exec {AT}/usr/bin/crun "$@"\n',
    "/usr/bin/podman": f"#!/bin/sh\nPATH={AT}/usr/bin:$PATH {LIBRARIES} exec {AT}/usr/bin/podman "
    f'--cgroup-manager cgroupfs --events-backend file --conmon {AT}/usr/bin/conmon --runtime /usr/bin/crun "$@"\n',
    "/etc/containers/policy.json": '{"default": [{"type": "insecureAcceptAnything"}]}\n',
    "/etc/containers/storage.conf": '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n',
}
IMAGE = """\
mkdir -p /tmp/image/bin && cp /opt/busybox/bin/busybox /tmp/image/bin/
for name in sh nc ip timeout; do ln -sf busybox /tmp/image/bin/$name; done
tar -C /tmp/image -c . | podman import --quiet - localhost/busybox
"""


def have_podman(host: EngineHost) -> None:
    """Put Podman in place, with one image, busybox."""
    bind(host.pid, unpacked("podman", "crun"), AT)
    host.have_busybox()
    for path, text in FILES.items():
        host.write(path, text)
    host.sh("chmod +x /usr/bin/crun /usr/bin/podman")
    host.sh(IMAGE)


def podman_container(host: EngineHost, name: str, network: str, words: str = "") -> None:
    """Start a container that answers on port 80 of TCP with its name, and ends when it is told. words: more options."""
    host.sh(f"podman run --detach --name {name} --stop-signal KILL --network {network} {words} localhost/busybox nc -ll -p 80 -e echo {name}")
