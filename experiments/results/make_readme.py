"""Writes the tables and the figure of README.md from the recorded results in this folder.

``python experiments/results/make_readme.py`` rewrites the tables;
``--figure RESULTS IMAGES`` also redraws demo.png from a demo's folders, as
``--figure bovw-demo/results bovw-demo/images``. No number in the README is typed by hand.
"""

import argparse
import csv
import json
import re
from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"

#: file -> (what it times, which of its comparisons the README shows)
SPEED = {
    "bench_sift": ("dense SIFT, a 500 x 375 photograph", (0, 1, 2, 3)),
    "bench_hog": ("HoG, a 500 x 375 photograph", (0, 1)),
    "bench_lbp": ("LBP, eight such photographs", (0,)),
    "bench_kmeans": ("codebook", None),
    "bench_gmm": ("Gaussian mixture", None),
    "bench_fisher": ("encoding", (0,)),
    "bench_llc": ("encoding", (0, 1)),
    "bench_chain": ("the whole chain", (0,)),
    "bench_decode": ("decoding, complete files only", (0,)),
}


def accuracy_table():
    """Markdown rows of every recorded run of an experiment."""
    lines = [
        "| config | published | here | top-1 | top-5 | signature | time a draw |",
        "|---|---|---|---|---|---|---|",
    ]
    for path in sorted(HERE.glob("scene15_*.json")):
        m = json.loads(path.read_text())
        value = m["mean_class_accuracy"]
        published = m["published"]
        reference = f"{published['accuracy']} ± {published['std']}" if "accuracy" in published else "no figure"
        lines.append(
            f"| `{m['name']}`: {m['description']} | {reference} | **{_percent(value)}**, {m['draws']} draws | "
            f"{_percent(m['top1'])} | {_percent(m['top5'])} | {m['signature_size']:,} | "
            f"{sum(m['seconds'].values()) / m['draws'] / 60:.1f} min |"
        )
    machine = json.loads(path.read_text())["environment"]
    lines += ["", f"Times on {machine['cores']} cores ({machine['processor']}), extraction and codebook included."]
    return "\n".join(lines)


def _percent(value):
    spread = f" ± {100 * value['std']:.2f}" if value["std"] is not None else ""
    return f"{100 * value['mean']:.2f}{spread}"


def speed_table():
    """Markdown rows of every recorded benchmark."""
    lines = ["| what | bovw | peers (how many times our time) |", "|---|---|---|"]
    for name, (what, chosen) in SPEED.items():
        results = json.loads((HERE / f"{name}.json").read_text())["results"]
        for result in results if chosen is None else [results[i] for i in chosen]:
            ours, *peers = result["rows"]
            listed = ", ".join(f"{row['name']} {_ratio(row['ratio'])}" for row in peers if "bovw" not in row["name"])
            lines.append(f"| {what}: {result['title']} | {_milliseconds(ours['median'])} | {listed} |")
    return "\n".join(lines)


def _milliseconds(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def _ratio(value):
    return f"{value:.0f}x" if value >= 10 else f"{value:.1f}x"


def render(text):
    """The README with its tables renewed."""
    for name, table in (("accuracy", accuracy_table()), ("speed", speed_table())):
        pattern = rf"(<!-- begin {name}[^>]*-->\n).*?(<!-- end {name} -->)"
        text, count = re.subn(pattern, lambda m, table=table: f"{m[1]}{table}\n{m[2]}", text, flags=re.S)
        assert count == 1, name
    return text


def draw_figure(results, images):
    """demo.png: test windows with their best five classes."""
    from bovw.display.figures import panel_figure, png_bytes
    from bovw.display.report import choose_examples
    from bovw.images import read_image

    with open(results / "draw-00" / "predictions.csv", encoding="utf-8", newline="") as file:
        rows = choose_examples(list(csv.DictReader(file)), seed=0, count=10)
    panels = [(read_image(images / row["image"]), row["truth"], row["guesses"]) for row in rows]
    (HERE / "demo.png").write_bytes(png_bytes(panel_figure(panels), dpi=100))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figure", nargs=2, type=Path, metavar=("RESULTS", "IMAGES"))
    options = parser.parse_args()
    if options.figure:
        draw_figure(*options.figure)
    README.write_text(render(README.read_text(encoding="utf-8")), encoding="utf-8")
