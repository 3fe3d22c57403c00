"""The hierarchy's definitions, word by word, on a dict of children."""


def height(children, node):
    return max((height(children, child) + 1 for child in children[node]), default=0)


def at_or_above(children, node):
    return {a for a in children if a == node or any(node in at_or_below(children, c) for c in children[a])}


def at_or_below(children, node):
    return {node}.union(*(at_or_below(children, child) for child in children[node]))


def cost(children, first, second):
    if first == second:
        return 0
    common = at_or_above(children, first) & at_or_above(children, second)
    return min(height(children, node) for node in common)


def paths_to_root(children, node):
    above = [a for a in children if node in children[a]]
    if not above:
        return {(node,)}
    return {(node, *path) for a in above for path in paths_to_root(children, a)}
