"""The look of a report: dark on white, one column, wide tables scroll on their own, prints well."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1b1b1f; font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid #d9dde3; padding-bottom: .2rem; }
.status { display: inline-block; margin: 0 0 .6rem; padding: .15rem .7rem; border-radius: 1rem; font-weight: 600; }
.status.good { background: #e2f3e6; } .status.bad { background: #fbe3df; }
td.good { color: #1f7a3a; white-space: nowrap; } td.bad { color: #b3261e; font-weight: 600; white-space: nowrap; }
td.idle { color: #555; white-space: nowrap; }
.question { background: #f4f6f9; border-left: 4px solid #1f4e9c; padding: .5rem .8rem; }
figure { margin: 1.5rem 0; } figure img { width: 100%; height: auto; border: 1px solid #e3e6ea; }
figcaption { color: #555; font-size: .92rem; margin-top: .3rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; }
caption { text-align: left; color: #555; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid #eceff3; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; } .pairs th { font-weight: 500; color: #555; }
.remark { color: #555; font-size: .9rem; } li { margin: .2rem 0; }
@media print { main { max-width: none; } figure { break-inside: avoid; } }
"""
