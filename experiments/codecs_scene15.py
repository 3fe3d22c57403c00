"""What codecs cost: accuracy on 15-Scene against bytes an image.

    BOVW_DATA=... python experiments/codecs_scene15.py --work DIR [--draws N] [--set KEY=VALUE ...] [--json FILE]

Protocol: seeded draws of 100 training images a class. The signatures of a config
(by default ``scene15_fisher`` with 64 Gaussians, step 6, two bin sizes and the cells
1x1 + 3x1: 32,768 dimensions; codebook of the first draw) are computed once into a store
in DIR, where an interrupted run goes on. In each draw each codec is fitted on the training
signatures alone; one-vs-rest hinge machines are trained on decoded signatures, with C
cross-validated for every codec anew. Test images are scored both as they are, as Sánchez
and Perronnin (CVPR 2011) do, and after a turn through the codec. The mean per-class
accuracy is given, and its paired difference from float32: mean and deviation over draws.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np

from bovw import (
    BovwClassifier,
    FeatureHashing,
    Float16Codec,
    OneVsRestDual,
    ProductQuantizer,
    SignatureStore,
    draw_split,
    mean_class_accuracy,
    read_folder,
    save_model,
)
from bovw.errors import ModelFormatError
from bovw.experiment.build import build_classifier
from bovw.experiment.config import load_config
from bovw.experiment.tasks import summarize

DEFAULT = "scene15_fisher"
OVERRIDES = (
    "channels.sift.codebook.n_components=64", "channels.sift.n_descriptors=64_000", "channels.sift.extractor.step=6",
    "channels.sift.extractor.bin_size=[4, 8]", 'channels.sift.pyramid.cells=["1x1", "3x1"]',
)
C_VALUES = (0.1, 1.0, 10.0, 100.0)


def stored_signatures(config, dataset, train, folder, n_jobs):
    """The float32 store of all images; encoders are fitted on the training images."""
    try:
        model = BovwClassifier.load(folder / "encoders")
    except ModelFormatError:
        model = build_classifier(config, draw=0, n_jobs=n_jobs, verbose=True)
        model.fit_encoders([dataset.images[i] for i in train])
        save_model(model, folder / "encoders")
    model.set_params(n_jobs=n_jobs, verbose=False)
    store = SignatureStore.create(
        folder / "signatures", len(dataset.images), model.signature_size, fingerprint=config.fingerprint,
        rows_per_shard=64, names=dataset.names, labels=dataset.labels, classes=dataset.classes,
    )
    for start, stop in store.missing():
        with store.claim(start) as mine:
            if mine:
                rows, errors = model.signatures_and_errors([dataset.images[i] for i in range(start, stop)])
                store.write(start, rows, {start + i: message for i, message in errors.items()})
                print(f"signatures: {stop} of {store.n_rows}", flush=True)
    return store


def codecs(d, seed):
    """Name -> codec; None is float32."""
    found = {"float32": None, "float16": Float16Codec()}
    for size, n_bits in ((4, 8), (8, 8), (8, 4), (16, 8)):
        found[f"PQ, {size} columns in {n_bits} bits"] = ProductQuantizer(size, n_bits=n_bits, random_state=seed)
    for factor in (8, 32):
        found[f"hashing into 1/{factor}"] = FeatureHashing(d // factor, random_state=seed)
    return found


def through(codec, X):
    return X if codec is None else codec.decode(codec.encode(X))


def measure(codec, X_train, y_train, X_test, y_test, n_jobs):
    """One codec on one draw."""
    if codec is not None:
        codec.fit(X_train)
    decoded = through(codec, X_test)
    model = OneVsRestDual(C=C_VALUES, n_jobs=n_jobs).fit(through(codec, X_train), y_train)
    n_bytes = 4 * X_train.shape[1] if codec is None else codec.bytes_per_image
    return {
        "bytes_per_image": n_bytes,
        "compression": 4 * X_train.shape[1] / n_bytes,
        "error_train": 0.0 if codec is None else codec.reconstruction_error_,
        "error_test": float(((decoded - X_test) ** 2).sum(dtype=np.float64) / (X_test**2).sum(dtype=np.float64)),
        "C": float(model.C_),
        "accuracy": mean_class_accuracy(y_test, model.predict(X_test)),
        "accuracy_test_images_coded": mean_class_accuracy(y_test, model.predict(decoded)),
    }


def summary(name, draws, reference):
    """One row of the table, from the measurements of each draw and those of float32."""
    row = {"codec": name, "bytes_per_image": draws[0]["bytes_per_image"], "compression": draws[0]["compression"]}
    for key in ("accuracy", "accuracy_test_images_coded"):
        values = np.array([draw[key] for draw in draws])
        row[key] = spread(values)
        row[key]["difference"] = spread(values - [draw["accuracy"] for draw in reference])
    return {**row, "draws": draws}


def spread(values):
    found = summarize(values)
    return {"mean": found["mean"], "std": found["std"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default=DEFAULT)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change the config further")
    parser.add_argument("--work", type=Path, required=True, help="folder of the stored signatures")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    overrides = [*(OVERRIDES if options.config == DEFAULT else ()), *options.set]
    config = load_config(options.config, overrides=overrides)
    dataset = read_folder(Path(os.environ["BOVW_DATA"]) / "scene15")
    seed = config.tree["data"]["seed"]
    n_train, labels = config.tree["data"]["n_train"], dataset.labels
    splits = [draw_split(labels, n_train, seed=seed, draw=draw) for draw in range(options.draws)]
    store = stored_signatures(config, dataset, splits[0][0], options.work, options.jobs)
    found = {}
    for draw, (train, test) in enumerate(splits):
        X_train, X_test = store[train], store[test]
        for name, codec in codecs(store.signature_size, seed).items():
            result = measure(codec, X_train, labels[train], X_test, labels[test], options.jobs)
            found.setdefault(name, []).append(result)
            print(f"draw {draw}  {name:<26} {100 * result['accuracy']:.2f}, test images coded "
                  f"{100 * result['accuracy_test_images_coded']:.2f}", flush=True)
    rows = [summary(name, draws, found["float32"]) for name, draws in found.items()]
    print(f"\n{'':<26} {'bytes':>7}         accuracy, difference; test images coded")
    for row in rows:
        plain, coded = row["accuracy"], row["accuracy_test_images_coded"]
        print(f"{row['codec']:<26} {row['bytes_per_image']:7d} {row['compression']:5.1f}x  {100 * plain['mean']:6.2f} "
              f"{100 * plain['difference']['mean']:+.2f}; {100 * coded['mean']:6.2f} "
              f"{100 * coded['difference']['mean']:+.2f}")
    if options.json:
        record = {"config": config.name, "overrides": overrides, "signature_size": store.signature_size,
                  "n_train": len(splits[0][0]), "n_test": len(splits[0][1]), "rows": rows}
        options.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
