# %% [markdown]
# # Scene recognition, from tiny images to Fisher vectors
#
# The classical road to recognition, one stage after the other, as courses walk it: tiny images and nearest neighbors,
# a vocabulary of SIFT, bags of words, linear machines, the spatial pyramid, better codes. Every stage is a line or two
# of `bovw` and leaves a picture, so that one can look inside before going on.
#
# The file is a script and a notebook at once. Run it from top to bottom,
#
#     python experiments/labs/scenes.py --data scene15 --out lab
#
# or open it in VS Code, Spyder or Jupyter (with jupytext) and go through it cell by cell. DATA is a folder with one
# folder of images a class, such as 15-Scene (4,485 images: some minutes on two cores). Without it the lab cuts windows
# out of the photographs that scikit-image and scikit-learn carry.

# %%
import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import GridSearchCV

import bovw
from bovw.display.figures import (
    confusion_figure,
    panel_figure,
    png_bytes,
    pyramid_figure,
    word_map_figure,
    word_patches_figure,
)

parser = argparse.ArgumentParser(description="Scene recognition, from tiny images to Fisher vectors")
parser.add_argument("--data", type=Path, help="a folder with one folder of images a class")
parser.add_argument("--out", type=Path, default=Path("lab"), help="where pictures and results go")
parser.add_argument("--train", type=int, default=100, help="training images a class")
parser.add_argument("--words", type=int, nargs="+", default=[10, 50, 200, 400, 1000], help="sizes of vocabularies")
options, _ = parser.parse_known_args()  # a notebook has arguments of its own
options.out.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## 1. The data
#
# One number goes through the whole lab: the share of right answers, averaged over the classes, on test images that no
# stage has seen. Whatever has to be chosen on the way, a number of neighbors or a C, is chosen by cross-validation
# inside the training images. Why not on the test images?

# %%
if options.data is None:
    from bovw.experiment.demo import write_windows

    write_windows(options.out / "windows")
    options.data, options.train = options.out / "windows" / "train", min(options.train, 30)

dataset = bovw.read_folder(options.data)
train, test = bovw.draw_split(dataset.labels, options.train, seed=0, draw=0, classes=dataset.classes)
images = bovw.ImageCollection(dataset.images, mode="gray", resize={"max_side": 300})
labels = np.asarray(dataset.classes)[dataset.labels]
print(f"{len(dataset)} images of {len(dataset.classes)} classes: {len(train)} to learn from, {len(test)} for testing")
print(f"guessing is right in {100 / len(dataset.classes):.1f} % of the cases")

results, best = [], {"accuracy": 0.0}


def judge(name, machine, signatures, started):
    """Train a machine on the training images and write down how often it is right about the others."""
    machine.fit(signatures[train], labels[train])
    scores = machine.decision_function(signatures[test])
    accuracy = bovw.mean_class_accuracy(labels[test], machine.predict(signatures[test]))
    results.append((name, accuracy, signatures.shape[1], time.perf_counter() - started))
    print(f"{100 * accuracy:6.2f} %  {name}")
    if accuracy > best["accuracy"]:
        best.update(name=name, accuracy=accuracy, scores=scores, classes=machine.classes_)


def keep(name, figure):
    """Write a figure to the folder of results; in a notebook the cell shows it as well."""
    (options.out / f"{name}.png").write_bytes(png_bytes(figure))
    return figure


# %% [markdown]
# ## 2. Tiny images and the nearest neighbor
#
# Shrink every image to 16 x 16 pixels, take off its mean, divide by its length, and give a new image the class of the
# training images that look most like it. How many neighbors should vote?

# %%
started = time.perf_counter()
tiny = bovw.TinyImage(n_jobs=-1).transform(images).descriptors
votes = GridSearchCV(bovw.NearestNeighbor(), {"n_neighbors": [1, 3, 5, 9, 15]}, cv=5).fit(tiny[train], labels[train])
judge("tiny images, 1 neighbor", bovw.NearestNeighbor(), tiny, started)
if votes.best_params_["n_neighbors"] > 1:
    judge(f"tiny images, {votes.best_params_['n_neighbors']} neighbors", votes.best_estimator_, tiny, started)

# %% [markdown]
# ## 3. Dense SIFT
#
# Instead of the whole image at once, describe patches of 16 x 16 pixels, one every 8 pixels, each by 4 x 4 histograms
# of 8 gradient directions: 128 numbers, stored in bytes. Print `described[0]`; what are its frames?

# %%
extractor = bovw.DenseSIFT(step=8, bin_size=4, dtype="uint8", n_jobs=-1)
described = extractor.transform(images)
print(described)

# %% [markdown]
# ## 4. A vocabulary
#
# Cluster a sample of training descriptors by k-means. The centers are the visual words; the patches that are nearest
# to some of them show what they stand for.

# %%
sample = bovw.sample_descriptors(described[train], 100_000).descriptors
sizes = sorted({min(k, len(sample) // 10) for k in options.words})
codebooks = {k: bovw.KMeansCodebook(k, max_iter=30).fit(sample) for k in sizes}
size = sizes[len(sizes) // 2]  # a middling one for what follows
codebook = codebooks[size]


def nearest_patches(n_words=8, n_patches=10, side=16):
    """For some words the patches of training images that are nearest to them, each from another image."""
    chosen = np.linspace(0, size - 1, min(n_words, size)).astype(int)
    found = [[] for _ in chosen]
    for i in train:
        one = described[i]
        squares = ((one.descriptors[:, None].astype(np.float32) - codebook.words_[chosen]) ** 2).sum(axis=2)
        for k, row in enumerate(squares.argmin(axis=0) if len(squares) else []):
            found[k].append((squares[row, k], i, one.frames[row, :2]))
    rows = []
    for entries in found:
        row = []
        for _, i, (x, y) in sorted(entries, key=lambda entry: entry[0])[:n_patches]:
            image = images[i]
            top, left = (int(np.clip(c - side / 2, 0, n - side)) for c, n in zip((y, x), image.shape, strict=True))
            row.append(image[top : top + side, left : left + side])
        rows.append(row)
    return rows


keep("words", word_patches_figure(nearest_patches(), title=f"patches nearest to 8 of {size} words"))

# %% [markdown]
# (Every patch is shown in its own contrast, as SIFT sees it.) With its words in the place of its patches an image
# becomes a map. Which parts of the picture share a word?

# %%
strength = [described[i].norms.sum() for i in test]  # of the gradients
shown = test[np.argsort(strength)[-len(strength) // 20]]
fine = bovw.DenseSIFT(step=2, bin_size=4, dtype="uint8").transform([images[shown]])  # a patch every 2 pixels
keep("word_map", word_map_figure(images[shown], fine.frames, codebook.predict(fine.descriptors), title=labels[shown]))

# %% [markdown]
# ## 5. Bags of words
#
# Count how often each word occurs and forget where: a histogram an image. Compare the nearest neighbor with a linear
# support vector machine, and the vocabularies with each other.


# %%
def signatures_of(encoder, descriptors=described, **pyramid):
    """One signature an image: an encoder pooled over the cells of a pyramid."""
    return bovw.SpatialPyramid.with_encoder(encoder, n_jobs=-1, **pyramid).transform(descriptors)


def svm(**choices):
    """A support vector machine for each class, C chosen by cross-validation."""
    return bovw.OneVsRestDual(C=[0.1, 1.0, 10.0, 100.0], n_jobs=-1, **choices)


started = time.perf_counter()
bags = signatures_of(bovw.HardAssignment.with_codebook(codebook), norm=("l1",))
judge(f"bag of {size} words, nearest neighbor", bovw.NearestNeighbor(distance="chi2"), bags, started)
for k, words in codebooks.items():
    started = time.perf_counter()
    bags = signatures_of(bovw.HardAssignment.with_codebook(words), norm=("l2",))
    judge(f"bag of {k} words, linear SVM", svm(), bags, started)

# %% [markdown]
# ## 6. The spatial pyramid
#
# The bag has forgotten that the sky is above. Count the words in quarters and sixteenths of the image as well, and
# compare two images by the intersection of their histograms, cell by cell.

# %%
levels = ("1x1", "2x2", "4x4")
hard = bovw.HardAssignment.with_codebook(codebook)
pyramid = bovw.SpatialPyramid.with_encoder(hard, cells=levels, pooling="sum", norm=("l1",))
keep("pyramid", pyramid_figure(images[shown], levels, pyramid.encode(described[shown]), title=labels[shown]))

# %%
started = time.perf_counter()
pyramids = signatures_of(hard, cells=levels, pooling="lazebnik")
judge(f"pyramid of {size} words, intersection kernel", svm(kernel="intersection"), pyramids, started)

# %% [markdown]
# ## 7. Better codes
#
# A patch between two words is forced to choose. Let it vote for several words (LLC), and keep the strongest vote of
# each cell instead of the sum; or keep, for a few Gaussians, how the patches lie around them (Fisher vector).

# %%
started = time.perf_counter()
llc = signatures_of(bovw.LLC.with_codebook(codebook), cells=levels, pooling="max")
judge(f"LLC of {size} words, pyramid, linear SVM", svm(), llc, started)

# %%
started = time.perf_counter()
pca = bovw.DescriptorPCA(64).fit(sample)
shortened = described.replace(pca.transform(described.descriptors))
mixture = bovw.GMMCodebook(min(64, len(sample) // 50)).fit(pca.transform(sample))
layouts, steps = ("1x1", "2x2", "3x1"), ("power", "l2")
fisher = signatures_of(bovw.FisherVector.with_codebook(mixture), shortened, cells=layouts, cell_norm=steps)
judge(f"Fisher vector of {len(mixture.weights_)} Gaussians, pyramid, linear SVM", svm(), fisher, started)

# %% [markdown]
# ## 8. What came out
#
# A table, the classes that the best system takes for one another, and some of its answers. Which confusions would you
# have made yourself?

# %%
table = ["| system | mean class accuracy | numbers an image | time |", "| --- | --: | --: | --: |"]
table += [f"| {name} | {100 * value:.2f} % | {width:,} | {taken:.1f} s |" for name, value, width, taken in results]
guesses = best["classes"][bovw.top_k(best["scores"], 5)]
confusion = bovw.confusion_matrix(labels[test], guesses[:, 0], labels=best["classes"])
title = f"{best['name']}: {100 * best['accuracy']:.1f} %"
keep("confusion", confusion_figure(confusion, best["classes"], title=title))
some = np.linspace(0, len(test) - 1, 20).astype(int)
keep("answers", panel_figure([(images[test[i]], labels[test[i]], guesses[i].tolist()) for i in some]))
pictures = [f"![{name}]({name}.png)" for name in ("words", "word_map", "pyramid", "confusion", "answers")]
(options.out / "lab.md").write_text("\n\n".join(["# Scene recognition", "\n".join(table), *pictures]) + "\n")
print(f"\ntable and pictures: {options.out / 'lab.md'}")

# %% [markdown]
# ## Further
#
# - Which step matters most? Describe patches every 4 pixels instead of 8, or of four sizes (`bin_size=(4, 6, 8, 10)`).
# - Draw other splits (`draw=1`, `2`, ...): how far do the accuracies vary? Is the difference of two systems larger?
# - The pyramid with a linear machine instead of the intersection kernel; `bovw.HomogeneousKernelMap` between the two.
# - Soft assignment, VLAD, super-vectors: `bovw.SoftAssignment`, `bovw.VLAD`, `bovw.SuperVector` in place of LLC.
# - HoG or LBP instead of SIFT, and `bovw.ScoreFusion` of both. `bovw systems` lists what won the challenges.
