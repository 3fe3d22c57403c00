"""Writes what README.md says of speeds, encoders and times, and its figure, from the recorded results in this folder.

``python experiments/results/make_readme.py`` rewrites the tables and sentences;
``--figure RESULTS IMAGES`` also redraws demo.png from a demo's folders, as
``--figure bovw-demo/results bovw-demo/images``. The tables of accuracy come from the
ledgers in this folder: ``bovw table --write README.md``. No number in the README is
typed by hand.
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
    "bench_lcc": ("encoding", (0, 2)),
    "bench_svm": ("one-vs-rest SVMs", (0,)),
    "bench_chain": ("the whole chain", (0,)),
    "bench_decode": ("decoding, complete files only", (0,)),
}


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


def encoder_table():
    """Markdown rows of what ``compare_encoders.py`` recorded, best first."""
    systems = json.loads((HERE / "encoders_scene15.json").read_text())["systems"]
    lines = ["| encoding | accuracy | signature |", "|---|--:|--:|"]
    for name, row in sorted(systems.items(), key=lambda item: -item[1]["mean"]):
        lines.append(f"| {name} | {100 * row['mean']:.2f} ± {100 * row['std']:.2f} | {row['size']:,} |")
    return "\n".join(lines)


def reproduction():
    """How to make the table of 15-Scene again, and what it took."""
    found = json.loads((HERE / "reproduce_scene15.json").read_text())
    minutes, machine = round(found["seconds"] / 60), found["environment"]
    return (
        "**The tables again**, from a checkout and the data: `python experiments/reproduce.py scene15 --data DIR`\n"
        f"runs the {found['systems']} systems of the first table one after the other; here in {minutes // 60} h "
        f"{minutes % 60} min, on {machine['cores']}\ncores ({machine['processor']})."
    )


def _milliseconds(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def _ratio(value):
    return f"{value:.0f}x" if value >= 10 else f"{value:.1f}x"


def render(text):
    """The README with its marked tables and sentences renewed."""
    for name, table in (("speed", speed_table()), ("encoders", encoder_table()), ("reproduce", reproduction())):
        text, count = re.subn(
            rf"(<!-- begin {name}[^>]*-->\n).*?(<!-- end {name} -->)",
            lambda m, table=table: f"{m[1]}{table}\n{m[2]}", text, flags=re.S,
        )
        assert count == 1
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
