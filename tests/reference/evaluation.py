"""The challenge's errors as loops over images, labels and guesses."""

from fractions import Fraction


def flat_error(truth, predictions, k):
    total = 0.0
    for labels, guesses in zip(truth, predictions, strict=True):
        total += sum(min([label != g for g in guesses[:k]] + [True]) for label in labels) / len(labels)
    return total / len(truth)


def hierarchical_error(truth, predictions, cost, largest, k):
    total = 0.0
    for labels, guesses in zip(truth, predictions, strict=True):
        for label in labels:
            total += min([cost(label, g) for g in guesses[:k]] + [largest]) / len(labels)
    return total / len(truth)


def overlap(a, b):
    """Intersection over union by counting the pixels of integer boxes."""
    first = {(x, y) for x in range(a[0], a[2] + 1) for y in range(a[1], a[3] + 1)}
    second = {(x, y) for x in range(b[0], b[2] + 1) for y in range(b[1], b[3] + 1)}
    return len(first & second) / len(first | second)


def localization_error(truth, truth_boxes, predictions, boxes, k):
    wrong = 0
    for label, real, guesses, guessed in zip(truth, truth_boxes, predictions, boxes, strict=True):
        wrong += not any(
            g == label and any(overlap(box, r) >= 0.5 for r in real)
            for g, box in zip(guesses[:k], guessed[:k], strict=True)
        )
    return wrong / len(truth)


def eleven_point(relevant, scores):
    """11-point average precision with exact fractions; scores must be distinct."""
    ranked = [r for _, r in sorted(zip(scores, relevant, strict=True), reverse=True)]
    n = sum(ranked)
    total = 0.0
    for level in range(11):
        at = [i for i in range(1, len(ranked) + 1) if 10 * sum(ranked[:i]) >= level * n]
        total += max(sum(ranked[:i]) / i for i in at)
    return total / 11


def average_precision_of_copies(relevant, scores, copies, method):
    """Average precision of a list in which image i stands ``copies[i]`` times, by exact fractions."""
    ranked = sorted({s for s, c in zip(scores, copies, strict=True) if c}, reverse=True)
    points, found, seen = [], 0, 0
    for score in ranked:  # images of equal score enter together
        for i, s in enumerate(scores):
            if s == score:
                found, seen = found + copies[i] * relevant[i], seen + copies[i]
        points.append((found, Fraction(found, seen)))
    if not found:
        return None
    if method == "11-point":
        return sum(max(p for f, p in points if 10 * f >= level * found) for level in range(11)) / 11
    total, before = Fraction(0), 0
    for i, (f, p) in enumerate(points):
        total += Fraction(f - before, found) * (p if method == "step" else max(q for _, q in points[i:]))
        before = f
    return total
