"""The plots of a result, as SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_OURS, _CEILING, _PEER = "#1a7f6b", "#999999", "#c9a227"
_STEADY = ("bulk, serialized", "dicts", "HEC, serialized", "syslog over TCP")


def draw(result: dict[str, Any], folder: Path) -> None:
    """Write steady.svg, outage.svg and scaling.svg to `folder`."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "benchmarks", "font.size": 9, "axes.spines.right": False})
    mpl.rcParams["axes.spines.top"] = False
    groups = {group["title"]: group for group in result["groups"]}
    if all(title in groups for title in _STEADY):
        _steady([groups[title] for title in _STEADY], folder / "steady.svg")
    if "faults" in groups:
        _outage(groups["faults"], folder / "outage.svg")
    if "scaling" in groups:
        _scaling(groups["scaling"], folder / "scaling.svg")


def _steady(groups: list[dict[str, Any]], path: Path) -> None:
    from matplotlib import pyplot

    heights = [len(group["rows"]) for group in groups]
    figure, every = pyplot.subplots(
        len(groups), 1, figsize=(8, 0.3 * sum(heights) + 2.4), height_ratios=heights
    )
    for axes, group in zip(every, groups, strict=True):
        rows = group["rows"][::-1]
        rates = [row["median"]["events_per_second"] / 1000 for row in rows]
        low = [rate - min(row["runs"]) / 1000 for rate, row in zip(rates, rows, strict=True)]
        high = [max(row["runs"]) / 1000 - rate for rate, row in zip(rates, rows, strict=True)]
        spread = [[max(0.0, each) for each in low], [max(0.0, each) for each in high]]
        labels = [row["label"] for row in rows]
        axes.barh(labels, rates, xerr=spread, color=[_color(row) for row in rows])
        axes.set_title(group["title"], loc="left", fontweight="bold")
    every[-1].set_xlabel("1 000 events a second, median; the line is the spread")
    _save(figure, path)


def _outage(group: dict[str, Any], path: Path) -> None:
    from matplotlib import pyplot

    row = next((row for row in group["rows"] if "curve" in row["more"]), None)
    if row is None:
        return
    figure, axes = pyplot.subplots(figsize=(8, 3))
    curve = row["more"]["curve"]
    start = curve[0][1]
    axes.plot([at for at, _ in curve], [mib - start for _, mib in curve], color=_OURS)
    axes.axvspan(*row["away"], color="#dddddd", label="receiver away")
    axes.axhline(row["buffer_mib"], color=_CEILING, linestyle="--", label="buffer_max_bytes")
    axes.set_xlabel("seconds")
    axes.set_ylabel("MiB grown")
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right")
    axes.set_title(f"Memory under {row['rate']:,} events a second", loc="left", fontweight="bold")
    _save(figure, path)


def _scaling(group: dict[str, Any], path: Path) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3))
    labels = [row["label"] for row in group["rows"]]
    rates = [row["median"]["events_per_second"] / 1000 for row in group["rows"]]
    axes.bar(labels, rates, color=_OURS)
    axes.tick_params(axis="x", rotation=20)
    axes.set_ylabel("1 000 events a second")
    axes.set_title("HEC: events, sinks, loggers", loc="left", fontweight="bold")
    _save(figure, path)


def _color(row: dict[str, Any]) -> str:
    if row["client"].startswith("bare"):
        return _CEILING
    return _OURS if row["client"] == "ours" else _PEER


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    figure.clear()
