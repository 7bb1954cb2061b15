# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of Docker that the tests can run beside. CNM_ENGINE names one; without it, it is that of the machine's own suite."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .packages import Suite, unpacked, unpacked_over


@dataclass(frozen=True)
class Engine:
    """release: how its version begins. suite: where its packages are from, put over those of the machine's suite. backend: for its rules, told to dockerd."""

    release: tuple[int, int]
    suite: Suite | None = None
    packages: tuple[str, ...] = ("docker.io",)
    backend: str = ""

    @property
    def version(self) -> str:
        return ".".join(str(number) for number in self.release)

    @property
    def name(self) -> str:
        return f"{self.version} {self.backend}".strip()

    @property
    def options(self) -> str:
        """Of dockerd."""
        return f"--firewall-backend={self.backend}" if self.backend else ""

    @property
    def nftables(self) -> bool:
        return self.backend == "nftables"

    def folder(self) -> Path:
        """What its packages would put below /."""
        own = unpacked("docker.io")
        return own if self.suite is None else unpacked_over(own, self.suite, *self.packages)


TRIXIE, SID = (Suite(name, "Debian", "debian-archive-keyring.gpg") for name in ("trixie", "sid"))
JAMMY = Suite("jammy-updates", "Ubuntu", "ubuntu-archive-keyring.gpg", SID, "main universe")
OWN = Engine((20, 10))
OTHERS = (
    Engine((26, 1), TRIXIE, ("docker.io", "docker-cli")),
    Engine((28, 5), SID, ("docker.io", "docker-cli")),
    Engine((29, 1), JAMMY, ("docker.io", "containerd", "runc")),
    Engine((29, 1), JAMMY, ("docker.io", "containerd", "runc"), "nftables"),
)
(ENGINE,) = [one for one in (OWN, *OTHERS) if one.name == os.environ.get("CNM_ENGINE", OWN.name)]
