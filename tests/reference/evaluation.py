"""The challenge's errors as loops over images, labels and guesses."""


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
