"""Line plots: computed numbers as points with the analytic curve over them, units on both axes.

Drawn with matplotlib's Agg canvas directly; pyplot and its state are never touched.
"""

from __future__ import annotations

from fieldsim.view.levels import number_text
from fieldsim.view.scene import GREY, INK, Chart
from fieldsim.view.sheet import LABEL, TICK, TOP, Image, font_scale, new_sheet, notes_height, pixels

CYCLE = ("#1f4e9c", "#c8401f", "#2b8a4b", "#7b3fa0", "#b8860b", "#0d7f8c", "#a02c5a", "#555b66")


def draw_chart(chart: Chart) -> Image:
    """Return the picture (height, width, 3) of a chart."""
    figure = new_sheet(chart)
    size = font_scale(chart)
    bottom = 0.115 + notes_height(chart)
    axes = figure.add_axes((0.13, bottom, 0.83, 1.0 - TOP - bottom - 0.01))
    colour = 0
    for curve in chart.curves:
        shade = curve.colour or CYCLE[colour % len(CYCLE)]
        colour += curve.colour is None
        if curve.style == "points":
            axes.plot(
                curve.x,
                curve.y,
                "o",
                ms=9 * size,
                mfc="white",
                mew=2.2 * size,
                color=shade,
                label=curve.label,
                zorder=3,
            )
        else:
            axes.plot(
                curve.x,
                curve.y,
                "--" if curve.style == "dashed" else "-",
                lw=3.2 * size,
                color=shade,
                label=curve.label,
            )
    axes.set_xscale("log" if chart.x_log else "linear")
    axes.set_yscale("log" if chart.y_log else "linear")
    if chart.x_limits is not None:
        axes.set_xlim(chart.x_limits)
    if chart.y_limits is not None:
        axes.set_ylim(chart.y_limits)
    axes.set_xlabel(chart.x_label, size=LABEL * size, color=INK, labelpad=8)
    axes.set_ylabel(chart.y_label, size=LABEL * size, color=INK, labelpad=10)
    axes.tick_params(labelsize=TICK * size, color=GREY)
    for axis, logarithmic in ((axes.xaxis, chart.x_log), (axes.yaxis, chart.y_log)):
        if not logarithmic:
            axis.set_major_formatter(lambda value, _: number_text(float(f"{value:.10g}")))
    axes.grid(color="#e3e6ea", lw=1.2)
    axes.set_axisbelow(True)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(GREY)
    if any(curve.label for curve in chart.curves):
        axes.legend(fontsize=TICK * size, frameon=True, framealpha=0.9, edgecolor="none")
    return pixels(figure)
