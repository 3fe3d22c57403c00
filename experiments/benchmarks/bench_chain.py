"""From one JPEG to a Fisher vector, beside the same chain through VLFeat.

    python experiments/benchmarks/bench_chain.py

A photograph of 500 x 375 pixels, as a JPEG file in memory: decoded to gray, about 10,000 dense
SIFT descriptors (flat window, bins of 4, 6, 8 and 10 pixels), PCA to 64 dimensions, and the
Fisher vector of 256 Gaussians over 4 cells (1x1 + 3x1), power and L2 normalized. The peer
decodes with OpenCV, extracts and encodes with VLFeat, one call a cell, and projects and
normalizes with numpy.
"""

import timing  # isort: skip  (sets the threads of BLAS before numpy is loaded)

import ctypes

import cv2
import numpy as np
import photographs
import vlfeat

import bovw

CELLS = ("1x1", "3x1")
WIDTH, HEIGHT = 500, 375


def learn(images, extractor, n_components, K):
    """PCA and mixture from descriptors of the photographs."""
    X = np.concatenate([extractor.extract(image).descriptors[::4] for image in images])
    pca = bovw.DescriptorPCA(n_components).fit(X)
    return pca, bovw.GMMCodebook(K, max_iter=8).fit(pca.transform(X))


def vlfeat_chain(jpeg, extractor, pca, mixture):
    """The whole chain by the peers: a function of no argument."""
    library = vlfeat.load()
    if library is None:
        return "libvl is not installed"
    filters = [
        vlfeat.DenseSIFT(WIDTH, HEIGHT, step=extractor.step, bin_size=size) for size in extractor.bin_size
    ]
    offsets = [np.float32(1.5 * size) for size in extractor.bin_size]
    projection = np.ascontiguousarray(pca.components_.T)
    means, variances, weights = mixture.means_, mixture.variances_, mixture.weights_
    K, d = means.shape
    size = ctypes.c_size_t

    def pointer(a):
        return a.ctypes.data_as(ctypes.c_void_p)

    def encode(X):
        code = np.empty(2 * K * d, np.float32)
        library.vl_fisher_encode(
            pointer(code), ctypes.c_uint32(1), pointer(means), size(d), size(K), pointer(variances),
            pointer(weights), pointer(X), size(len(X)), ctypes.c_int(3),  # VL_FISHER_FLAG_IMPROVED
        )
        return code

    def rows_of(image_filter, offset):
        """The vertical centers of the frames, as VLFeat orders them."""
        contents = image_filter._filter.contents
        count = (contents.max_y - contents.min_y - 3 * contents.bin_size_y) // contents.step_y + 1
        y = contents.min_y + offset + contents.step_y * np.arange(count, dtype=np.float32)
        return np.repeat(y, contents.n_frames // count)

    def run():
        image = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE).astype(np.float32)
        X = np.concatenate([f(image) for f in filters])
        y = np.concatenate([rows_of(f, o) for f, o in zip(filters, offsets, strict=True)])
        X = (X - pca.mean_) @ projection
        band = np.floor((y + 0.5) / HEIGHT * 3).astype(int)
        codes = [encode(X), *(encode(np.ascontiguousarray(X[band == i])) for i in range(3))]
        signature = np.concatenate(codes)
        return signature / np.linalg.norm(signature)

    return run


def main():
    options = timing.arguments(__doc__)
    n_components, K, count = (16, 8, 2) if options.tiny else (64, 256, 8)
    images = photographs.gray(count, WIDTH, HEIGHT)
    extractor = bovw.DenseSIFT(step=8, bin_size=(4, 6, 8, 10), align=False)
    pca, mixture = learn(images, extractor, n_components, K)
    pyramid = bovw.SpatialPyramid.with_encoder(
        bovw.FisherVector.with_codebook(mixture), cells=CELLS, cell_norm=("power", "l2")
    )
    jpeg = cv2.imencode(".jpg", images[0], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].ravel()
    source = jpeg.tobytes()

    def ours():
        found = extractor.extract(bovw.load_image(source, mode="gray"))
        return pyramid.encode(found.replace(pca.transform(found.descriptors)))

    contenders = {"bovw": ours, "VLFeat": vlfeat_chain(jpeg, extractor, pca, mixture)}
    n = extractor.extract(images[0]).n_descriptors
    result = timing.compare(
        f"JPEG of {WIDTH} x {HEIGHT} to Fisher vector, {n} descriptors, {K} Gaussians, 4 cells", contenders,
        options.rounds,
    )
    if callable(contenders["VLFeat"]):
        result["cosine"] = float(ours() @ contenders["VLFeat"]())
        print(f"  cosine of the two signatures: {result['cosine']:.6f}")
    timing.finish([result], options)


if __name__ == "__main__":
    main()
