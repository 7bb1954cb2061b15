# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m bench PART`` (one_host, peers, planning, overlay, traffic, fleet): measures, and writes its table into docs/benchmarks.md between its marks."""

from __future__ import annotations

import datetime
import importlib
import importlib.metadata
import re
import subprocess
import sys

from bench.host import ROOT, processor
from bench.table import HEADER

_PAGE = ROOT / "docs" / "benchmarks.md"


def main(part: str) -> None:
    lines = []
    for line in importlib.import_module(f"bench.{part}").measure():
        print(line, flush=True)
        lines.append(str(line))
    table = "\n".join([_machine(), "", HEADER, *lines, ""])
    page = _PAGE.read_text(encoding="utf-8")
    _PAGE.write_text(re.sub(rf"(<!-- {part} -->\n).*?(<!-- end -->)", lambda found: found[1] + table + found[2], page, flags=re.DOTALL), encoding="utf-8")


def _machine() -> str:
    """Date, machine and versions, as one line."""
    found = [f"Python {sys.version.split()[0]}", *(f"{name} {importlib.metadata.version(name)}" for name in ("ansible-core", "pyroute2"))]
    packages = ["python3-pyroute2", "iproute2", "iptables"]
    debians = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", *packages], capture_output=True, text=True, check=False).stdout
    kernel = subprocess.run(["uname", "-sr"], capture_output=True, text=True, check=True).stdout.strip()
    today = f"{datetime.date.today():%-d %B %Y}"
    return f"{today}; {processor()}; {kernel}; {debians}in .venv {', '.join(found)}. Medians; in brackets the range."


if __name__ == "__main__":
    main(sys.argv[1])
