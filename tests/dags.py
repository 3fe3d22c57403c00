"""Random directed acyclic graphs with one root."""

from hypothesis import strategies as st

from bovw import Taxonomy


@st.composite
def dags(draw, max_nodes=12):
    """A dict from node to its children; "s00" is the only root, later nodes lie lower."""
    n = draw(st.integers(2, max_nodes))
    names = [f"s{i:02d}" for i in range(n)]
    children = {name: [] for name in names}
    for j in range(1, n):
        for i in draw(st.sets(st.integers(0, j - 1), min_size=1, max_size=3)):
            children[names[i]].append(names[j])
    return children


def taxonomy_of(children):
    return Taxonomy(list(children), [(p, c) for p, below in children.items() for c in below])
