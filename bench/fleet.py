# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of lab hosts by one ``site``: time per host. The lab has a name and a ledger of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator

from bench.host import ROOT
from bench.table import Line

HOSTS = 50
# Beside what every lab host has: one more sandbox on each, and one overlay that all of these are on. It is not proven here: lab hosts share one kernel, whose
# table of neighbours has room for 1,024, and fifty hosts that all talk to each other need 2,450 for the underlay alone.
_OVERLAY = {
    "cnm_networks__bench": {"backbone": {"driver": "overlay"}},
    "cnm_sandboxes__bench": {"edge": {"networks": ["backbone"]}},
    "cnm_verify": "none",
}
_FORKS = 10


def measure() -> Iterator[Line]:
    """The lab is taken down in any case."""
    with tempfile.TemporaryDirectory() as folder:
        extra = ["-e", "cnm_lab_name=bench", "-e", f"cnm_ledger={folder}/ledger.yml"]
        try:
            yield _line("lab: bring up", _play("lab", extra))
            yield _line("site: first run", _play("site", extra))
            yield _line("site: second run", _play("site", extra))
            overlay = [*extra, "-e", json.dumps(_OVERLAY)]
            yield _line("site, not proven: an overlay over all of them comes", _play("site", overlay))
            yield _line("site, not proven: the same again", _play("site", overlay))
        finally:
            _play("lab", [*extra, "-e", "cnm_lab_state=absent"])


def _line(what: str, seconds: float) -> Line:
    return Line(f"{HOSTS} lab hosts, {what}", f"{seconds:.0f} s; {seconds / HOSTS:.2f} s a host")


def _play(name: str, extra: list[str]) -> float:
    command = ["ansible-playbook", "-i", "inventories/lab", "-f", str(_FORKS), f"mooring.cnm.{name}", *extra]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "CNM_LAB_SIZE": str(HOSTS)}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    return time.perf_counter() - start
