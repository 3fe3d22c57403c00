"""The public names and the modules that define them: what editors read, and what ``__init__.py`` imports from."""

from .blocks import ArrayBlocks as ArrayBlocks
from .classify import (
    NearestNeighbor as NearestNeighbor,
)
from .classify import (
    OneVsRestDual as OneVsRestDual,
)
from .classify import (
    OneVsRestPrimal as OneVsRestPrimal,
)
from .classify import (
    OneVsRestSGD as OneVsRestSGD,
)
from .classify import (
    PlattScaling as PlattScaling,
)
from .classify import (
    ScoreFusion as ScoreFusion,
)
from .classify import (
    StandardizedClassifier as StandardizedClassifier,
)
from .classify import (
    TemperatureScaling as TemperatureScaling,
)
from .classify import (
    averaged_sgd as averaged_sgd,
)
from .classify import (
    chi2_kernel as chi2_kernel,
)
from .classify import (
    fuse_scores as fuse_scores,
)
from .classify import (
    fusion_weights as fusion_weights,
)
from .classify import (
    intersection_kernel as intersection_kernel,
)
from .classify import (
    out_of_fold_scores as out_of_fold_scores,
)
from .classify import (
    top_k as top_k,
)
from .codebook import (
    DescriptorBlocks as DescriptorBlocks,
)
from .codebook import (
    DescriptorPCA as DescriptorPCA,
)
from .codebook import (
    GMMCodebook as GMMCodebook,
)
from .codebook import (
    HierarchicalKMeans as HierarchicalKMeans,
)
from .codebook import (
    KMeansCodebook as KMeansCodebook,
)
from .codebook import (
    sample_descriptors as sample_descriptors,
)
from .datasets import (
    Dataset as Dataset,
)
from .datasets import (
    draw_split as draw_split,
)
from .datasets import (
    index_dataset as index_dataset,
)
from .datasets import (
    open_dataset as open_dataset,
)
from .datasets import (
    read_folder as read_folder,
)
from .datasets import (
    read_split_files as read_split_files,
)
from .datasets import (
    scan_tar as scan_tar,
)
from .descriptors import (
    GIST as GIST,
)
from .descriptors import (
    HOG as HOG,
)
from .descriptors import (
    LBP as LBP,
)
from .descriptors import (
    ColorStatistics as ColorStatistics,
)
from .descriptors import (
    DenseSIFT as DenseSIFT,
)
from .descriptors import (
    DescriptorSet as DescriptorSet,
)
from .descriptors import (
    HOGWindow as HOGWindow,
)
from .descriptors import (
    LBPHistogram as LBPHistogram,
)
from .descriptors import (
    LocalDescriptors as LocalDescriptors,
)
from .descriptors import (
    RawPatches as RawPatches,
)
from .descriptors import (
    TinyImage as TinyImage,
)
from .descriptors import (
    color_statistics as color_statistics,
)
from .descriptors import (
    dense_sift as dense_sift,
)
from .descriptors import (
    gist as gist,
)
from .descriptors import (
    hog as hog,
)
from .descriptors import (
    hog_blocks as hog_blocks,
)
from .descriptors import (
    hog_cells as hog_cells,
)
from .descriptors import (
    hog_image as hog_image,
)
from .descriptors import (
    hog_window as hog_window,
)
from .descriptors import (
    lbp as lbp,
)
from .descriptors import (
    lbp_cells as lbp_cells,
)
from .descriptors import (
    lbp_codes as lbp_codes,
)
from .descriptors import (
    lbp_histogram as lbp_histogram,
)
from .descriptors import (
    raw_patches as raw_patches,
)
from .descriptors import (
    tiny_image as tiny_image,
)
from .encoding import (
    LCC as LCC,
)
from .encoding import (
    LLC as LLC,
)
from .encoding import (
    VLAD as VLAD,
)
from .encoding import (
    Concatenation as Concatenation,
)
from .encoding import (
    FisherVector as FisherVector,
)
from .encoding import (
    HardAssignment as HardAssignment,
)
from .encoding import (
    HomogeneousKernelMap as HomogeneousKernelMap,
)
from .encoding import (
    SoftAssignment as SoftAssignment,
)
from .encoding import (
    SparseCodes as SparseCodes,
)
from .encoding import (
    SuperVector as SuperVector,
)
from .encoding import (
    TriangleAssignment as TriangleAssignment,
)
from .encoding import (
    WordCounts as WordCounts,
)
from .encoding import (
    fisher_vector as fisher_vector,
)
from .encoding import (
    hard_assignment as hard_assignment,
)
from .encoding import (
    hellinger_map as hellinger_map,
)
from .encoding import (
    homogeneous_kernel_map as homogeneous_kernel_map,
)
from .encoding import (
    lcc as lcc,
)
from .encoding import (
    llc as llc,
)
from .encoding import (
    soft_assignment as soft_assignment,
)
from .encoding import (
    super_vector as super_vector,
)
from .encoding import (
    triangle_assignment as triangle_assignment,
)
from .encoding import (
    vlad as vlad,
)
from .errors import (
    BovwError as BovwError,
)
from .errors import (
    ConfigError as ConfigError,
)
from .errors import (
    DatasetError as DatasetError,
)
from .errors import (
    ImageDecodeError as ImageDecodeError,
)
from .errors import (
    ImageScaleWarning as ImageScaleWarning,
)
from .errors import (
    MemoryBudgetError as MemoryBudgetError,
)
from .errors import (
    ModelFormatError as ModelFormatError,
)
from .errors import (
    OpenCVError as OpenCVError,
)
from .errors import (
    ParameterError as ParameterError,
)
from .errors import (
    StoreError as StoreError,
)
from .evaluation import (
    AnswerSpace as AnswerSpace,
)
from .evaluation import (
    HedgedPredictor as HedgedPredictor,
)
from .evaluation import (
    average_precision as average_precision,
)
from .evaluation import (
    bootstrap_interval as bootstrap_interval,
)
from .evaluation import (
    class_average_precisions as class_average_precisions,
)
from .evaluation import (
    compare_average_precisions as compare_average_precisions,
)
from .evaluation import (
    confusion_matrix as confusion_matrix,
)
from .evaluation import (
    evaluate_files as evaluate_files,
)
from .evaluation import (
    evaluate_predictions as evaluate_predictions,
)
from .evaluation import (
    fit_hedge as fit_hedge,
)
from .evaluation import (
    flat_error as flat_error,
)
from .evaluation import (
    hedge as hedge,
)
from .evaluation import (
    hedging_curve as hedging_curve,
)
from .evaluation import (
    hierarchical_error as hierarchical_error,
)
from .evaluation import (
    localization_error as localization_error,
)
from .evaluation import (
    mean_average_precision as mean_average_precision,
)
from .evaluation import (
    mean_average_precision_interval as mean_average_precision_interval,
)
from .evaluation import (
    mean_class_accuracy as mean_class_accuracy,
)
from .evaluation import (
    paired_comparison as paired_comparison,
)
from .evaluation import (
    per_class_table as per_class_table,
)
from .evaluation import (
    read_ground_truth as read_ground_truth,
)
from .evaluation import (
    read_predictions as read_predictions,
)
from .evaluation import (
    subtree_table as subtree_table,
)
from .evaluation import (
    top_k_error as top_k_error,
)
from .evaluation import (
    write_predictions as write_predictions,
)
from .experiment.kit_baseline import run_kit_baseline as run_kit_baseline
from .images import (
    ImageCollection as ImageCollection,
)
from .images import (
    load_image as load_image,
)
from .images import (
    probe_image as probe_image,
)
from .images import (
    read_image as read_image,
)
from .images import (
    resize_image as resize_image,
)
from .interchange import (
    WordSet as WordSet,
)
from .interchange import (
    export_imagenet_sift as export_imagenet_sift,
)
from .interchange import (
    imagenet_sift as imagenet_sift,
)
from .interchange import (
    read_codebook as read_codebook,
)
from .interchange import (
    read_libsvm as read_libsvm,
)
from .interchange import (
    read_sbow as read_sbow,
)
from .interchange import (
    read_vecs as read_vecs,
)
from .interchange import (
    read_vldsift as read_vldsift,
)
from .interchange import (
    write_codebook as write_codebook,
)
from .interchange import (
    write_libsvm as write_libsvm,
)
from .interchange import (
    write_sbow as write_sbow,
)
from .interchange import (
    write_vecs as write_vecs,
)
from .interchange import (
    write_vldsift as write_vldsift,
)
from .persist import check_saveable as check_saveable
from .persist import load_model as load_model
from .persist import save_model as save_model
from .pipeline import (
    BovwClassifier as BovwClassifier,
)
from .pipeline import (
    FusedClassifier as FusedClassifier,
)
from .pipeline import (
    ImageEncoder as ImageEncoder,
)
from .pipeline import (
    encode_to_store as encode_to_store,
)
from .pipeline import (
    extract_to_store as extract_to_store,
)
from .pooling import SpatialPyramid as SpatialPyramid
from .pooling import normalize as normalize
from .signatures import (
    FeatureHashing as FeatureHashing,
)
from .signatures import (
    Float16Codec as Float16Codec,
)
from .signatures import (
    ProductQuantizer as ProductQuantizer,
)
from .signatures import (
    hash_features as hash_features,
)
from .signatures import (
    pq_decode as pq_decode,
)
from .signatures import (
    pq_dot as pq_dot,
)
from .signatures import (
    pq_encode as pq_encode,
)
from .stores import DescriptorStore as DescriptorStore
from .stores import SignatureStore as SignatureStore
from .taxonomy import Taxonomy as Taxonomy

__version__: str
__all__: list[str]
