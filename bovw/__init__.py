"""bovw: classical image recognition at ImageNet scale.

Dense local descriptors, codebooks, encodings, spatial pooling and linear SVMs,
as they won the ImageNet challenge before deep networks::

    image -> DescriptorSet -> codebook -> code, pooled over cells -> signature
          -> classifier -> top-5 -> error, report

Every public name is here, imported when first used: ``bovw.DenseSIFT``,
``bovw.FisherVector``, ``bovw.BovwClassifier``.
"""

from ._lazy import lazy_names

__version__ = "0.1.0"

#: public name -> module that defines it
_INDEX = {
    name: module
    for module, names in {
        ".errors": (
            "BovwError", "ConfigError", "DatasetError", "ImageDecodeError", "MemoryBudgetError", "ModelFormatError",
            "ParameterError", "StoreError",
        ),
        ".images": ("ImageCollection", "load_image", "probe_image", "read_image", "resize_image"),
        ".taxonomy": ("Taxonomy",),
        ".datasets": (
            "Dataset", "draw_split", "index_dataset", "open_dataset", "read_folder", "read_split_files", "scan_tar",
        ),
        ".descriptors": (
            "GIST", "HOG", "LBP", "ColorStatistics", "DenseSIFT", "DescriptorSet", "HOGWindow",
            "LBPHistogram", "RawPatches", "TinyImage", "color_statistics", "dsift", "gist", "gist_patches", "hog",
            "hog_blocks", "hog_image", "hog_patches", "hog_window", "lbp", "lbp_codes", "lbp_histogram", "lbp_patches",
            "raw_patches", "tiny_image",
        ),
        ".codebook": (
            "ArrayBlocks", "DescriptorBlocks", "DescriptorPCA", "GMMCodebook", "HierarchicalKMeans", "KMeansCodebook",
            "sample_descriptors",
        ),
        ".encoding": (
            "LCC", "LLC", "VLAD", "Concatenation", "FisherVector", "HardAssignment", "HomogeneousKernelMap",
            "SoftAssignment", "SuperVector", "TriangleAssignment", "WordCounts", "fisher_vector", "hard_assignment",
            "hellinger_map", "homogeneous_kernel_map", "lcc", "llc", "soft_assignment", "super_vector",
            "triangle_assignment", "vlad",
        ),
        ".pooling": ("SpatialPyramid", "normalize"),
        ".signatures": (
            "FeatureHashing", "Float16Codec", "ProductQuantizer", "hash_features", "pq_decode",
            "pq_dot", "pq_encode",
        ),
        ".stores": ("DescriptorStore", "SignatureStore"),
        ".classify": (
            "NearestNeighbor", "OneVsRestDual", "OneVsRestPrimal", "OneVsRestSGD", "PlattScaling", "ScoreFusion",
            "StandardizedClassifier", "TemperatureScaling", "averaged_sgd", "chi2_kernel", "fuse_scores",
            "fusion_weights", "intersection_kernel", "out_of_fold_scores", "top_k",
        ),
        ".evaluation": (
            "AnswerSpace", "HedgedPredictor", "average_precision", "bootstrap_interval", "class_average_precisions",
            "compare_average_precisions", "confusion_matrix", "evaluate_files", "evaluate_predictions", "fit_hedge",
            "flat_error", "hedge", "hedging_curve", "hierarchical_error", "localization_error",
            "mean_average_precision", "mean_average_precision_interval", "mean_class_accuracy", "paired_comparison",
            "per_class_table", "read_ground_truth", "read_predictions", "subtree_table", "top_k_error",
            "write_predictions",
        ),
        ".persist": ("check_saveable", "load_model", "save_model"),
        ".pipeline": ("BovwClassifier", "FusedClassifier", "ImageEncoder", "encode_to_store", "extract_to_store"),
        ".interchange": (
            "WordSet", "export_imagenet_sift", "imagenet_sift", "read_codebook", "read_libsvm", "read_sbow",
            "read_vecs", "read_vldsift", "write_codebook", "write_libsvm", "write_sbow", "write_vecs", "write_vldsift",
        ),
        ".experiment.kit_baseline": ("run_kit_baseline",),
    }.items()
    for name in names
}

__all__ = list(_INDEX)
__getattr__, __dir__ = lazy_names(__name__, _INDEX)
