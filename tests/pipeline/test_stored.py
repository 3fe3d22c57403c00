"""Stages on disk: descriptors and signatures of a data set, stopped, shared, compressed."""

import numpy as np
import pytest

import bovw
from bovw.pipeline import encode_to_store, extract_to_store, signatures_to_store
from bovw.stores import SignatureStore


@pytest.fixture
def dataset(window_folder):
    return bovw.read_folder(window_folder)


@pytest.fixture
def encoder():
    pyramid = bovw.SpatialPyramid(
        bovw.FisherVector(bovw.GMMCodebook(4, max_iter=5)), cells=("1x1", "2x1"), cell_norm=("power", "l2")
    )
    return bovw.ImageEncoder(
        bovw.DenseSIFT(step=6, bin_size=(4,)), pca=bovw.DescriptorPCA(16), pyramid=pyramid, n_descriptors=2000
    )


def test_stored_descriptors_are_those_of_the_extractor(dataset, tmp_path):
    extractor = bovw.DenseSIFT(step=8, bin_size=(4,))
    store = extract_to_store(dataset, tmp_path / "s", extractor, images_per_shard=7, n_jobs=2)
    assert store.is_complete
    assert store.names == list(dataset.names)
    assert store.classes == list(dataset.classes)
    np.testing.assert_array_equal(store.labels, dataset.labels)
    for i in (0, 13, len(dataset) - 1):
        expected = extractor.extract(bovw.read_image(dataset.images[i], mode="gray"))
        np.testing.assert_array_equal(store[i].descriptors, expected.descriptors)
        np.testing.assert_array_equal(store[i].frames, expected.frames)


def test_the_way_through_stores_gives_the_encoder_s_signatures(dataset, encoder, tmp_path):
    store = extract_to_store(dataset, tmp_path / "descriptors", encoder.extractor, images_per_shard=8)
    from_store = encoder.fit_descriptors(store[i] for i in range(len(store)))
    signatures = encode_to_store(store, tmp_path / "signatures", from_store)
    assert signatures.names == store.names
    expected = encoder.fit(dataset.images).transform(dataset.images)
    np.testing.assert_array_equal(signatures.read(0, len(dataset)), expected)
    from_images = encode_to_store(dataset, tmp_path / "direct", encoder)
    np.testing.assert_array_equal(from_images.read(0, len(dataset)), expected)


def test_a_part_of_the_images(dataset, tmp_path):
    rows = np.array([3, 11, 20])
    store = extract_to_store(dataset, tmp_path / "s", bovw.DenseSIFT(step=16, bin_size=(4,)), rows=rows)
    assert store.names == [dataset.names[i] for i in rows]


def test_unreadable_images_keep_their_row(window_folder, encoder, tmp_path):
    encoder.fit(bovw.read_folder(window_folder).images)
    victim = window_folder / "cat" / "03.png"
    victim.write_bytes(victim.read_bytes()[:200])
    dataset = bovw.read_folder(window_folder)
    row = dataset.names.index("cat/03.png")
    with pytest.raises(bovw.ImageDecodeError, match=r"03\.png"):
        extract_to_store(dataset, tmp_path / "raise", encoder.extractor)
    store = extract_to_store(dataset, tmp_path / "skip", encoder.extractor, on_error="skip", images_per_shard=5)
    assert list(store.errors) == [row]
    assert store[row].n_descriptors == 0
    for source in (store, dataset):
        signatures = encode_to_store(source, tmp_path / f"to-{type(source).__name__}", encoder, on_error="skip")
        assert list(signatures.errors) == [row]
        assert not signatures[row].any()
        assert signatures[row + 1].any()


def test_a_shard_of_unreadable_images_only(window_folder, tmp_path):
    for path in window_folder.glob("cat/*.png"):
        path.write_bytes(path.read_bytes()[:200])
    dataset = bovw.read_folder(window_folder)
    cats = np.flatnonzero(dataset.labels == dataset.classes.index("cat"))
    store = extract_to_store(dataset, tmp_path / "s", bovw.DenseSIFT(), rows=cats, on_error="skip", images_per_shard=3)
    assert len(store.errors) == len(cats)
    assert store.read(0, len(cats)).n_descriptors == 0


@pytest.mark.parametrize("stop_at", [1, 3, 6])
@pytest.mark.parametrize("codec", [None, bovw.ProductQuantizer(subvector_size=4, n_bits=4)])
def test_a_stopped_stage_ends_with_the_same_bytes(tmp_path, monkeypatch, stop_at, codec):
    rng = np.random.default_rng(0)
    signatures = rng.standard_normal((90, 16), dtype=np.float32)
    monkeypatch.setattr("bovw.stores.signature_store._SHARD_ROWS", 16)
    monkeypatch.setattr("bovw.pipeline.stored.CODEC_SAMPLE", 40)
    computed = []

    def compute(rows):
        computed.extend(rows)
        return signatures[rows], {0: "bad"} if rows[0] == 0 else {}

    def run(name):
        return signatures_to_store(
            tmp_path / name, 90, 16, compute, fingerprint="f", codec=codec, label="rows", verbose=False
        )

    whole = run("whole")
    assert sorted(computed) == list(range(90)), "every signature is computed once"
    write, calls = SignatureStore.write, [0]

    def stop(self, *arguments):
        calls[0] += 1
        if calls[0] == stop_at:
            raise KeyboardInterrupt
        write(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(SignatureStore, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            run("stopped")
    stopped = run("stopped")
    assert dict(stopped.errors) == dict(whole.errors) == {0: "bad"}
    np.testing.assert_array_equal(stopped.read(0, 90), whole.read(0, 90))
    assert {p.name for p in tmp_path.iterdir()} == {"whole", "stopped"}, "the codec's sample is removed"
    assert run("stopped").is_complete


@pytest.mark.parametrize(("own", "learns_with"), [(None, 2), (1, 1)])
def test_a_codec_learns_with_the_workers_of_the_stage(tmp_path, monkeypatch, capfd, own, learns_with):
    signatures = np.random.default_rng(0).standard_normal((40, 16), dtype=np.float32)
    workers, fit = [], bovw.ProductQuantizer.fit
    monkeypatch.setattr(bovw.ProductQuantizer, "fit", lambda self, X: workers.append(self.n_jobs) or fit(self, X))
    for verbose, n_jobs in ((True, 2), (False, None)):
        signatures_to_store(
            tmp_path / f"with {n_jobs}", 40, 16, lambda rows: (signatures[rows], {}), fingerprint="f", label="rows",
            codec=bovw.ProductQuantizer(4, n_bits=4, n_jobs=own), n_jobs=n_jobs, verbose=verbose,
        )
    assert workers == [learns_with, own]
    assert "product quantizer" in capfd.readouterr().err
    one, two = (sorted((tmp_path / name).rglob("*.*")) for name in ("with 2", "with None"))
    assert [file.name for file in one] == [file.name for file in two]
    for first, second in zip(one, two, strict=True):
        if first.name != "store.json":  # it has dates
            assert first.read_bytes() == second.read_bytes(), first.name


def test_another_extraction_is_refused(dataset, tmp_path):
    extract_to_store(dataset, tmp_path / "s", bovw.DenseSIFT(step=16))
    with pytest.raises(bovw.StoreError, match="fingerprint"):
        extract_to_store(dataset, tmp_path / "s", bovw.DenseSIFT(step=8))
