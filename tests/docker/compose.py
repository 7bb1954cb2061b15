# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker Compose, that of the machine's suite, in a lab host: shown there from unpacked packages, nothing is installed."""

from __future__ import annotations

from .binding import bind
from .engine import EngineHost
from .packages import unpacked

AT = "/opt/compose"
COMMAND = f'#!/bin/sh\nPYTHONPATH={AT}/usr/lib/python3/dist-packages exec {AT}/usr/bin/docker-compose "$@"\n'


def have_compose(host: EngineHost) -> None:
    """Put Compose in place, beside the engine."""
    bind(host.pid, unpacked("docker-compose"), AT)
    host.write("/usr/bin/docker-compose", COMMAND)
    host.sh("chmod +x /usr/bin/docker-compose")
