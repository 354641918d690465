"""The report of a run: plain data in, the text of one web page out."""

from __future__ import annotations

from fieldsim.report.data import CheckLine, Figure, ReportData, Table
from fieldsim.report.page import report_page

__all__ = ["CheckLine", "Figure", "ReportData", "Table", "report_page"]
