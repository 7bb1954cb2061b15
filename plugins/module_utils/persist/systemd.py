# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of systemd."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable

from ..state.fault import Fault


def runs_systemd() -> bool:
    """sd_booted(3)"""
    return os.path.isdir("/run/systemd/system")


def known_services(*names: str) -> list[str]:
    """Those of these services that systemd has a unit of, at work or not."""
    return [name for name in names if runs_systemd() and systemctl("show", "--property=LoadState", "--value", f"{name}.service").strip() == "loaded"]


def start_unit(name: str, companions: Iterable[str]) -> None:
    """Start a unit anew. Raises Fault with what it said, where it fails. companions: units that follow others, started where those are at work."""
    systemctl("daemon-reload")
    done = subprocess.run(["systemctl", "restart", name], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        run = systemctl("show", "--property=InvocationID", "--value", name).strip()
        words = ["journalctl", f"_SYSTEMD_INVOCATION_ID={run}", "--lines=20", "--output=cat", "--quiet", "--no-pager"]
        said = subprocess.run(words, capture_output=True, text=True, check=False)
        remedy = f"It will fail at the next boot as well. Mend what it says, and look at it with systemctl status {name}."
        raise Fault(name, "start", (said.stdout or done.stderr).strip().rstrip("."), remedy)
    for companion in companions:
        subprocess.run(["systemctl", "restart", "--no-block", companion], capture_output=True, check=False)


def systemctl(*words: str) -> str:
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Fault(words[-1], words[0], f"systemctl says: {' '.join(done.stderr.split())}")
    return done.stdout
