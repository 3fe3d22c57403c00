"""Hierarchies against exhaustive search, and against the kits' own figures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.recfunctions import drop_fields
from scipy.io import loadmat

from bovw import Taxonomy
from bovw.errors import DatasetError, ParameterError

from . import mat_kit
from .dags import dags, taxonomy_of
from .reference import taxonomy as slow

PETS = {"pet": ["cat", "dog"], "cat": [], "dog": ["puppy"], "puppy": []}


# ---- any DAG


@settings(deadline=None, max_examples=40)
@given(dags())
def test_relations_equal_exhaustive_search(children):
    taxonomy = taxonomy_of(children)
    assert list(taxonomy) == list(children) and len(taxonomy) == len(children)
    assert all(node in taxonomy for node in children) and "elsewhere" not in taxonomy
    assert taxonomy.roots() == ("s00",)
    assert taxonomy.leaves() == tuple(n for n in children if not children[n])
    for node in children:
        assert taxonomy[node].height == slow.height(children, node)
        assert set(taxonomy.children(node)) == set(children[node])
        assert set(taxonomy.ancestors(node)) == slow.at_or_above(children, node) - {node}
        assert set(taxonomy.descendants(node)) == slow.at_or_below(children, node) - {node}
        assert set(taxonomy.leaves(node)) == {n for n in slow.at_or_below(children, node) if not children[n]}
        assert all(node in taxonomy.children(p) for p in taxonomy.parents(node))
        paths = taxonomy.paths_to_root(node)
        assert len(paths) == len(set(paths)) and set(paths) == slow.paths_to_root(children, node)


@settings(deadline=None, max_examples=40)
@given(dags())
def test_costs_equal_exhaustive_search(children):
    taxonomy = taxonomy_of(children)
    nodes = list(children)
    costs = taxonomy.cost_matrix(nodes)
    assert costs.dtype == np.uint8
    np.testing.assert_array_equal(costs, costs.T)
    assert not costs.diagonal().any()
    for i, a in enumerate(nodes):
        for j, b in enumerate(nodes):
            assert costs[i, j] == slow.cost(children, a, b)
            lowest = taxonomy.lowest_common_ancestor(a, b)
            assert lowest == taxonomy.lowest_common_ancestor(b, a)
            assert lowest in slow.at_or_above(children, a) & slow.at_or_above(children, b)
            assert a == b or taxonomy[lowest].height == costs[i, j]
    leaves = [i for i, node in enumerate(nodes) if not children[node]]
    np.testing.assert_array_equal(taxonomy.cost_matrix(), costs[np.ix_(leaves, leaves)])


@settings(deadline=None, max_examples=30)
@given(dags(), st.data())
def test_a_subset_keeps_ancestors_heights_and_costs(children, data):
    taxonomy = taxonomy_of(children)
    chosen = data.draw(st.lists(st.sampled_from(list(children)), min_size=1, unique=True))
    part = taxonomy.subset(chosen)
    assert set(part.wnids) == set().union(*(slow.at_or_above(children, c) for c in chosen))
    assert all(part[w] == taxonomy[w] for w in part.wnids)
    assert all(part.ancestors(w) == taxonomy.ancestors(w) for w in part.wnids)
    np.testing.assert_array_equal(part.cost_matrix(chosen), taxonomy.cost_matrix(chosen))


def test_ancestor_matrix_marks_self_and_ancestors_lowest_first():
    matrix, ancestors = taxonomy_of(PETS).ancestor_matrix(["puppy", "cat", "puppy"])
    assert ancestors == ("cat", "puppy", "dog", "pet")
    np.testing.assert_array_equal(matrix, [[0, 1, 1, 1], [1, 0, 0, 1], [0, 1, 1, 1]])


def test_ties_go_to_the_first_synset():
    two = Taxonomy("rabxy", [("r", "a"), ("r", "b"), ("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")])
    assert two.lowest_common_ancestor("x", "y") == two.lowest_common_ancestor("y", "x") == "a"


def test_stated_heights_win_over_edges():
    taxonomy = Taxonomy("rab", [("r", "a"), ("r", "b")], heights=[300, 2, 0])
    costs = taxonomy.cost_matrix()
    assert costs.dtype == np.int64 and costs.tolist() == [[0, 300], [300, 0]]


def test_synsets_without_a_common_ancestor_have_no_cost():
    islands = Taxonomy(["a", "b"], [])
    assert islands.lowest_common_ancestor("a", "b") is None
    assert islands.lowest_common_ancestor("a", "a") == "a"
    with pytest.raises(ParameterError, match="'a' and 'b' have no common ancestor"):
        islands.cost_matrix()
    assert islands.cost_matrix([]).shape == (0, 0)


def test_a_mistake_is_named():
    with pytest.raises(ParameterError, match="'a' appears twice"):
        Taxonomy("aba", [])
    with pytest.raises(ParameterError, match="cycle at or above 'a'"):
        Taxonomy("rab", [("r", "a"), ("a", "b"), ("b", "a")])
    with pytest.raises(ParameterError, match="cycle"):
        Taxonomy("a", [("a", "a")])
    with pytest.raises(ParameterError, match="'z' is not among the 2"):
        Taxonomy("ab", [("a", "z")])
    with pytest.raises(ParameterError, match="a parent must be higher"):
        Taxonomy("ab", [("a", "b")], heights=[1, 1])
    with pytest.raises(ParameterError, match="ids repeat"):
        Taxonomy("ab", [("a", "b")], ids=[3, 3])
    with pytest.raises(ParameterError, match="words has 1 entries for 2"):
        Taxonomy("ab", [], words=["x"])
    with pytest.raises(ParameterError, match="did you mean 'n02084071'"):
        Taxonomy(["n02084071"], [])["n02084072"]
    with pytest.raises(ParameterError, match="id=7"):
        Taxonomy("ab", [], ids=[1, 2]).wnid_of(7)


def test_the_number_of_paths_is_bounded():
    names = [f"{level}{side}" for level in range(40) for side in "ab"]
    edges = [(f"{i}{s}", f"{i + 1}{t}") for i in range(39) for s in "ab" for t in "ab"]  # 2^39 paths
    assert len(Taxonomy(names, edges).paths_to_root("39a", limit=50)) == 50


# ---- files


@pytest.mark.parametrize(
    ("id_name", "names", "compact"),
    [
        ("ILSVRC2010_ID", ("words", "gloss"), True),
        ("ILSVRC2011_ID", ("words", "gloss"), False),
        ("ILSVRC2012_ID", ("words", "gloss"), True),
        ("ILSVRC2015_CLSLOC_ID", ("name", "description"), True),
    ],
)
def test_kits_of_every_year_are_read(tmp_path, id_name, names, compact):
    synsets = mat_kit.records(id_name, names, compact=compact)[::-1]  # rows in another order
    taxonomy = Taxonomy.read(mat_kit.write(tmp_path / "meta.mat", synsets))
    assert taxonomy.wnids == tuple(mat_kit.SYNSETS)
    assert taxonomy.ids.tolist() == list(range(1, 9))
    assert taxonomy.n_train_images.tolist() == list(range(1000, 1008))
    for i, (wnid, (words, gloss, children, height)) in enumerate(mat_kit.SYNSETS.items()):
        assert taxonomy[wnid] == (wnid, i + 1, words, gloss, height)
        assert taxonomy.children(wnid) == tuple(children)
        assert taxonomy.wnid_of(i + 1) == wnid
    assert taxonomy.leaves() == tuple(mat_kit.SYNSETS)[:4]
    assert taxonomy.cost_matrix().tolist() == [[0, 6, 6, 6], [6, 0, 4, 4], [6, 4, 0, 4], [6, 4, 4, 0]]
    assert taxonomy.find("HOUND") == ("n00000012",) and taxonomy.find("hou") == ()


def test_a_kit_without_hierarchy_takes_it_from_wordnet(tmp_path):
    whole = Taxonomy.read(mat_kit.write(tmp_path / "meta.mat"))
    bare = mat_kit.records("ILSVRC2015_CLSLOC_ID", ("name", "description"), hierarchy=False)[[1, 0, 3]]
    path = mat_kit.write(tmp_path / "meta_clsloc.mat", bare)
    alone = Taxonomy.from_meta(path)
    assert len(alone) == 3 and alone.roots() == alone.leaves() == alone.wnids
    with pytest.raises(ParameterError, match="no common ancestor"):
        alone.cost_matrix()
    joined = Taxonomy.from_meta(path, whole)
    assert joined.wnids[:3] == alone.wnids and set(joined.wnids) == set(whole.wnids) - {"n00000013"}
    assert joined.ids.tolist() == [1, 2, 4, 0, 0, 0, 0]
    np.testing.assert_array_equal(joined.cost_matrix(alone.wnids), whole.cost_matrix(alone.wnids))


def _with(field, row, value):
    synsets = mat_kit.records()
    synsets[row, 0][field] = value
    return synsets


@pytest.mark.parametrize(
    ("synsets", "message"),
    [
        (_with("WNID", 2, "dog"), "has the WNID 'dog'"),
        (_with("WNID", 2, "n00000011"), "'n00000011' appears twice"),
        (_with("WNID", 2, np.array([[1.0]])), "synset 3: WNID is not text"),
        (_with("ILSVRC2012_ID", 4, np.array([[1.0]])), "ids repeat"),
        (_with("ILSVRC2012_ID", 2, np.array([[0.0]])), "ids count from 1"),
        (_with("ILSVRC2012_ID", 2, np.array([[1.5]])), "is not a whole number"),
        (_with("ILSVRC2012_ID", 2, np.array([[-3.0]])), "out of range"),
        (_with("ILSVRC2012_ID", 2, np.array([[1e300]])), "out of range"),
        (_with("ILSVRC2012_ID", 2, np.array([[1.0, 2.0]])), "has 2 values"),
        (_with("wordnet_height", 4, np.array([[1e6]])), "at most 255"),
        (_with("wordnet_height", 4, np.array([[2.0]])), "a parent must be higher"),
        (_with("wordnet_height", 4, np.array([[np.nan]])), "is not a whole number"),
        (_with("wordnet_height", 4, "high"), "is not numeric"),
        (_with("children", 5, np.array([[1.0, 77.0]])), "names the id 77"),
        (_with("num_children", 5, np.array([[9.0]])), "num_children is 9"),
        (np.zeros((3, 3)), "no struct array named synsets"),
        (np.empty((0, 1), dtype=[("ILSVRC2012_ID", object)]), "synsets"),
    ],
)
def test_an_unsound_kit_is_refused_with_its_fault(tmp_path, synsets, message):
    path = mat_kit.write(tmp_path / "meta.mat", synsets)
    with pytest.raises(DatasetError, match=message) as caught:
        Taxonomy.read(path)
    assert "meta.mat" in str(caught.value)


def test_a_cycle_in_a_kit_without_heights_is_refused(tmp_path):
    synsets = mat_kit.records()
    synsets[0, 0]["children"], synsets[0, 0]["num_children"] = np.array([[5.0]]), np.array([[1.0]])
    with pytest.raises(DatasetError, match="cycle"):
        Taxonomy.read(mat_kit.write(tmp_path / "meta.mat", drop_fields(synsets, "wordnet_height")))


def _write_text(folder):
    folder.mkdir(exist_ok=True)
    words = "".join(f"{w}\t{words}\n" for w, (words, _, _, _) in mat_kit.SYNSETS.items())
    (folder / "words.txt").write_text("\ufeff" + words.replace("\n", "\r\n"), encoding="utf-8")
    is_a = "".join(f"{w} {c}\n" for w, (_, _, children, _) in mat_kit.SYNSETS.items() for c in children)
    (folder / "wordnet.is_a.txt").write_text(is_a)
    return folder


def test_text_files_give_edges_words_and_computed_heights(tmp_path):
    folder = _write_text(tmp_path / "wn")
    taxonomy = Taxonomy.read(folder)
    assert [taxonomy[w].words for w in mat_kit.SYNSETS] == [v[0] for v in mat_kit.SYNSETS.values()]
    assert taxonomy.heights.tolist() == [0, 0, 0, 0, 3, 2, 1, 1]
    (folder / "gloss.txt").write_text("n00000013\ta wild canine\n")
    assert Taxonomy.read(folder)["n00000013"].gloss == "a wild canine"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("words.txt", "n00000001\tentity\ndog\tn00000002\n", "words.txt, line 2"),
        ("words.txt", "", "no synset"),
        ("words.txt", "x" * 70000, "line 1: longer than"),
        ("wordnet.is_a.txt", "n00000001 n00000002\nn00000001 n99999999\n", r"line 2: 'n99999999' is not in"),
        ("wordnet.is_a.txt", "n00000001 n00000002\nn00000002 n00000001\n", "cycle"),
        ("wordnet.is_a.txt", "n00000001\n", "line 1"),
    ],
)
def test_unsound_text_files_are_refused_with_the_line(tmp_path, name, text, message):
    folder = _write_text(tmp_path / "wn")
    (folder / name).write_text(text)
    with pytest.raises(DatasetError, match=message):
        Taxonomy.read(folder)


def test_text_that_is_not_text_is_refused(tmp_path):
    folder = _write_text(tmp_path / "wn")
    (folder / "words.txt").write_bytes(b"n00000001\tentity\n\xff\xfe\x00")
    with pytest.raises(DatasetError, match="not UTF-8"):
        Taxonomy.read(folder)


DATA_NOUN = """\
  1 This software and database is being provided to you ...
00001740 03 n 01 entity 0 002 ~ 00001930 n 0000 ~ 00002137 n 0000 | that which is perceived
00001930 03 n 02 physical_entity 0 body 1 002 @ 00001740 n 0000 + 00002345 v 0101 | an entity
00002137 03 n 01 abstraction 0 001 @ 00001740 n 0000 | a general concept
00002999 15 n 01 Paris 0 001 @i 00001930 n 0000 | the capital | of France
"""


def test_wordnets_own_file_is_read(tmp_path):
    (tmp_path / "data.noun").write_text(DATA_NOUN)
    taxonomy = Taxonomy.read(tmp_path)
    assert taxonomy.wnids == ("n00001740", "n00001930", "n00002137", "n00002999")
    assert taxonomy["n00001930"].words == "physical entity, body"
    assert taxonomy["n00002999"].gloss == "the capital | of France"
    assert list(taxonomy.edges()) == [("n00001740", "n00001930"), ("n00001740", "n00002137")]  # no instances
    assert Taxonomy.read(tmp_path / "data.noun").wnids == taxonomy.wnids
    for broken in ("00001740 03 n zz entity 0 000 | x\n", "00001740 03 n 05 entity 0 000 | x\n", "what\n"):
        (tmp_path / "data.noun").write_text("  1 licence\n" + broken)
        with pytest.raises(DatasetError, match="line 2"):
            Taxonomy.read(tmp_path)


def test_a_place_without_a_hierarchy_is_named(tmp_path):
    with pytest.raises(DatasetError, match="holds no hierarchy"):
        Taxonomy.read(tmp_path)
    with pytest.raises(DatasetError, match="neither a folder"):
        Taxonomy.read(tmp_path / "classes.csv")


# ---- the real kits and WordNet 3.0


@pytest.fixture(scope="module")
def wordnet(bovw_data):
    return Taxonomy.read(bovw_data / "wordnet")


def test_costs_of_2010_equal_the_kits_in_every_entry(bovw_data, wordnet):
    kit = Taxonomy.read(bovw_data / "ilsvrc2010_devkit")
    stated = loadmat(bovw_data / "ilsvrc2010_devkit" / "data" / "meta.mat")["cost_matrix"]
    assert sum(len(kit.parents(w)) > 1 for w in kit.wnids) == 81
    assert len(kit.leaves()) == 1000 and kit.wnid_of(1001) == "n00001740"
    np.testing.assert_array_equal(kit.cost_matrix(), stated)
    np.testing.assert_array_equal(wordnet.cost_matrix(kit.leaves()), stated)


def test_the_hierarchy_of_2012_is_rebuilt_from_wordnet(bovw_data, wordnet):
    kit = Taxonomy.read(bovw_data / "ilsvrc2012_devkit")
    rebuilt = wordnet.subset(kit.leaves())
    assert set(rebuilt.wnids) == set(kit.wnids) and len(rebuilt) == 1860
    for wnid in kit.wnids:
        assert rebuilt[wnid].height == kit[wnid].height
        assert rebuilt[wnid].words == kit[wnid].words
        assert set(rebuilt.children(wnid)) == set(kit.children(wnid))
        assert set(rebuilt.ancestors(wnid)) == set(kit.ancestors(wnid))


def test_wordnet_is_whole(wordnet):
    assert len(wordnet) == 82115 and sum(1 for _ in wordnet.edges()) == 75850
    assert wordnet["n00001740"].height == 19
    assert [path[-1] for path in wordnet.paths_to_root("n02084071")] == ["n00001740"] * 2
