"""ImageNet's dense-SIFT files, both ways, on real photographs: agreement, bytes, speed, and the kit's baseline.

    BOVW_DATA=... python experiments/imagenet_sift_roundtrip.py [--only PART] [--tiny] [--json FILE]

agreement  the photographs of imagenet_native: numbers of descriptors by the formula; descriptors
           and words beside those of libvlfeat, driven by the same protocol; both ways in which
           public readers reach into the files; write, read, write.
speed      the same photographs as 300-pixel JPEGs, descriptors and words, two workers: images a
           second by the clock and by processor time (the first is lower on a busy machine), and
           where the time of an image goes.
baseline   imagenette_small, exported to words: the kit's baseline from the files, beside
           LIBLINEAR on the same counts.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import json  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from scipy.io import loadmat  # noqa: E402
from sklearn.preprocessing import normalize  # noqa: E402
from sklearn.svm import LinearSVC  # noqa: E402

import bovw  # noqa: E402
from bovw.codebook.nearest import WordSearch  # noqa: E402
from bovw.evaluation import flat_error  # noqa: E402
from bovw.experiment.environment import describe_environment  # noqa: E402
from bovw.experiment.kit_baseline import read_bags  # noqa: E402
from bovw.images import read_image, resize_image  # noqa: E402
from bovw.interchange import ImageWords, iter_sbow, iter_vldsift, list_files  # noqa: E402
from bovw.interchange.imagenet_download import pack_image  # noqa: E402
from bovw.interchange.significant_digits import six_digits  # noqa: E402

sys.path.append(str(Path(__file__).parent / "benchmarks"))
import vlfeat  # noqa: E402

SCALES = (1, 0.5, 0.25)


def frames_along(side):
    return (side - 16) // 10 + 1 if side >= 16 else 0


def agreement(data, codebook, folder, tiny):
    """Counts, VLFeat, access patterns, bytes."""
    paths = sorted(data.glob("imagenet_native/*/*.JPEG"))[: 4 if tiny else None]
    groups = {path.parent.name: [path] for path in paths}
    done = bovw.export_imagenet_sift(groups, folder / "native", codebook, n_jobs=1)
    wrong_counts, worst, equal, total, access, stable = 0, 0.0, 0, 0, 0, 0
    for path in paths:
        stem = path.parent.name
        files = {kind: folder / "native" / f"{stem}.{kind}.mat" for kind in ("vldsift", "sbow")}
        (sift,), (words,) = iter_vldsift(files["vldsift"]), iter_sbow(files["sbow"])
        gray = resize_image(read_image(path, "gray", orient=False), fit=(300, 300))
        peer = []
        for scale in SCALES:
            height, width = (int(side * scale + 0.5) for side in gray.shape)
            scaled = gray if scale == 1 else cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)
            n = frames_along(width) * frames_along(height)
            wrong_counts += int(n != (sift.scale == SCALES.index(scale)).sum())
            if vlfeat.load() is not None and n:
                dsift = vlfeat.DenseSIFT(width, height, step=10, bin_size=5, window="gaussian", window_size=1.6)
                peer.append(dsift(np.ascontiguousarray(scaled, np.float32)).copy())
        if peer:
            peer = np.concatenate(peer)
            worst = max(worst, float(np.abs(peer - sift.desc).max()))
            equal += int((codebook.predict(peer) == words.word).sum())
            total += len(peer)
        access += check_access(files, sift, words)
        stable += check_bytes(files, folder / "again.mat")
    return {
        "images": len(paths), "descriptors": done.n_descriptors,
        "scales with another count than the formula": wrong_counts,
        "libvlfeat": None if not total else {
            "largest difference of an element": worst, "descriptors": total, "equal words": equal / total,
        },
        "images read by name and by position": access, "images whose files come back byte for byte": stable,
    }


def check_access(files, sift, words):
    """Whether public readers find what they look for, by name and by position."""
    sbow, raw = loadmat(files["sbow"])["image_sbow"], loadmat(files["vldsift"])["image_vldsift"]
    struct = sbow[0]
    flat = raw.ravel()[0]
    return int(
        np.array_equal(sbow[0]["sbow"][0]["word"][0][0].ravel(), words.word)
        and np.array_equal(struct[0][1][0][0][0].ravel(), words.word)
        and np.array_equal(struct[0][1][0][0][4].ravel(), words.norm)
        and np.array_equal(flat["vldsift"][0, 0]["desc"], sift.desc.T)
        and np.array_equal(flat[1][0][0][4], sift.desc.T)
        and flat[0][0] == sift.id
    )


def check_bytes(files, again):
    """Whether write(read(file)) gives the file, for both kinds."""
    bovw.write_vldsift(again, iter_vldsift(files["vldsift"]))
    same = again.read_bytes() == files["vldsift"].read_bytes()
    bovw.write_sbow(again, bovw.read_sbow(files["sbow"]))
    return int(same and again.read_bytes() == files["sbow"].read_bytes())


def speed(data, codebook, folder, tiny, rounds=3):
    """Images a second, and milliseconds of the stages of an image."""
    paths = sorted(data.glob("imagenet_native/*/*.JPEG"))[: 4 if tiny else None]
    images = folder / "n00000000"
    images.mkdir()
    for i, path in enumerate(paths):
        image = resize_image(read_image(path, orient=False), fit=(300, 300))
        cv2.imwrite(str(images / f"n00000000_{i}.JPEG"), image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    small = sorted(images.iterdir())
    by_clock, by_processor, size = [], [], 0
    for _ in range(1 if tiny else rounds):
        start = time.process_time()
        done = bovw.export_imagenet_sift({"n00000000": small}, folder / "speed", codebook, overwrite=True, n_jobs=2)
        by_processor.append((time.process_time() - start) / done.n_images)
        by_clock.append(done.seconds / done.n_images)
        size = done.n_bytes / done.n_images
        for path in done.files:
            path.unlink()
    cost = statistics.median(by_processor)
    return {
        "images": len(small), "workers": 2, "load average": os.getloadavg()[0],
        "images/s by the clock": [1 / s for s in by_clock],
        "processor ms an image": 1e3 * cost, "images/s of two processors": 2 / cost,
        "kB an image in the files": size / 1e3,
        "stages, processor ms an image": stages(small, WordSearch(codebook.words_)),
    }


def stages(paths, search):
    """Processor time of each stage, one thread, mean over the images."""
    spent = {}

    def timed(name, function, *args):
        start = time.process_time()
        result = function(*args)
        spent[name] = spent.get(name, 0.0) + time.process_time() - start
        return result

    extractor = bovw.DenseSIFT.imagenet2010()
    cv2.setNumThreads(1)
    for path in paths:
        image = timed("decode", lambda path: read_image(path, "gray", orient=False), path)
        found = timed("describe, three scales", extractor.extract, image)
        desc = timed("round to six digits", six_digits, found.descriptors)
        word = timed("words", search.labels, desc)
        sift = bovw.imagenet_sift(image, path.stem)
        timed("deflate descriptors", pack_image, sift)
        words = ImageWords(sift.id, word.astype(np.int16), sift.x, sift.y, sift.scale, sift.norm)
        timed("deflate words", pack_image, words)
    return {name: 1e3 * seconds / len(paths) for name, seconds in spent.items()}


def baseline(data, codebook, folder, tiny):
    """The kit's baseline from exported words beside LIBLINEAR."""
    for part in ("train", "val"):
        synsets = sorted((data / "imagenette_small" / part).iterdir())
        groups = {path.name: sorted(path.iterdir())[: 6 if tiny else None] for path in synsets}
        bovw.export_imagenet_sift(groups, folder / "words" / part, codebook, kinds=["sbow"], n_jobs=2)
    out = folder / "run"
    metrics = bovw.run_kit_baseline(folder / "words", out, n_jobs=1)
    evaluated = bovw.evaluate_files(out / "predictions.txt", out / "truth.txt")
    train, test = (read_bags(list_files(folder / "words" / part, ".sbow.mat"), n_images=n) for part, n in
                   (("train", 100), ("val", None)))
    X, Y = normalize(train.counts), normalize(test.counts)
    guesses = bovw.read_predictions(out / "predictions.txt").labels
    result = {
        "training images": metrics["n_train"], "test images": metrics["n_test"],
        "flat error at 1 to 5 guesses": metrics["flat"], "95 % interval at one": metrics["intervals"]["flat"][0],
        "same through evaluate": evaluated == {key: metrics[key] for key in evaluated},
        "seconds": metrics["seconds"], "peers": {},
    }
    for name, scores in liblinear(X, train.file, Y):
        ranked = np.argsort(-scores, axis=1, kind="stable")[:, :5] + 1
        errors = [float(flat_error(test.file + 1, ranked, k)) for k in range(1, 6)]
        pair = bovw.paired_comparison(guesses[:, 0] != test.file + 1, ranked[:, 0] != test.file + 1)
        result["peers"][name] = {
            "flat error at 1 to 5 guesses": errors,
            "equal first guesses": float((ranked[:, 0] == guesses[:, 0]).mean()),
            "error at one, ours minus theirs": pair.difference, "95 % interval": [pair.low, pair.high],
            "ours better, worse": [pair.n_first_better, pair.n_second_better], "p": pair.p_value,
        }
    return result


def liblinear(X, y, Y):
    """(name, scores) of LIBLINEAR with its default options, itself and through scikit-learn."""
    solver = LinearSVC(C=1, loss="squared_hinge", dual=True, fit_intercept=False, tol=0.1, random_state=0)
    yield "scikit-learn LinearSVC, -s 1, eps 0.1", solver.fit(X, y).decision_function(Y)
    solver.set_params(tol=1e-6, max_iter=100_000)
    yield "scikit-learn LinearSVC, -s 1, eps 1e-6", solver.fit(X, y).decision_function(Y)
    try:
        from liblinear.liblinearutil import predict, train
    except ImportError:
        return
    from scipy.sparse import csr_matrix

    model = train(y.astype(float), csr_matrix(X.astype(float)), "-q")
    _, _, scores = predict([], csr_matrix(Y.astype(float)), model, "-q")
    yield "LIBLINEAR, default options", np.array(scores)[:, np.argsort(model.get_labels())]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=("agreement", "speed", "baseline"), help="one part")
    parser.add_argument("--tiny", action="store_true", help="a few images: does it still run?")
    parser.add_argument("--json", type=Path, help="also write the figures to this file; parts not run are kept")
    options = parser.parse_args()
    data = Path(os.environ["BOVW_DATA"])
    codebook = bovw.read_codebook(data / "ilsvrc2010_devkit/feature/codebook.txt", n_features=128)
    result = {}
    if options.json and options.json.exists():
        result = json.loads(options.json.read_text())
    result["environment"] = describe_environment()
    for part in (agreement, speed, baseline):
        if options.only in (None, part.__name__):
            with tempfile.TemporaryDirectory() as folder:
                result[part.__name__] = part(data, codebook, Path(folder), options.tiny)
            print(json.dumps({part.__name__: result[part.__name__]}, indent=2), flush=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
