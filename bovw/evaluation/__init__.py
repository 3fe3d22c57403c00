"""How wrong the five class names are: errors, confusions, intervals, hedged answers.

Plain functions on arrays. Labels are integers or strings; in predictions, best
first, -1 (or ``""``) stands for a guess that was not made.
"""

from .challenge import evaluate_files, evaluate_predictions
from .confusion import ClassRow, confusion_matrix, mean_class_accuracy, per_class_table
from .flat import flat_error, image_flat_errors, top_k_error
from .hedged_predictor import HedgedAnswer, HedgedPredictor
from .hedging import (
    AnswerSpace,
    HedgePoint,
    fit_hedge,
    fit_leaf_threshold,
    hedge,
    hedging_curve,
    leaf_threshold,
    leaf_threshold_curve,
    max_expected_reward,
    score_answers,
)
from .hierarchical import SubtreeRow, hierarchical_error, image_hierarchical_errors, subtree_table
from .intervals import (
    DrawSummary,
    Interval,
    PairedComparison,
    bootstrap_interval,
    paired_comparison,
    share_lower_bound,
    summarize_draws,
    wilson_interval,
)
from .localization import box_overlaps, image_localization_errors, localization_error
from .precision_intervals import compare_average_precisions, mean_average_precision_interval
from .predictions import (
    Localizations,
    Predictions,
    read_ground_truth,
    read_localizations,
    read_predictions,
    write_localizations,
    write_predictions,
)
from .ranking import average_precision, class_average_precisions, mean_average_precision, precision_recall_curve

__all__ = [
    "AnswerSpace",
    "ClassRow",
    "DrawSummary",
    "HedgePoint",
    "HedgedAnswer",
    "HedgedPredictor",
    "Interval",
    "Localizations",
    "PairedComparison",
    "Predictions",
    "SubtreeRow",
    "average_precision",
    "bootstrap_interval",
    "box_overlaps",
    "class_average_precisions",
    "compare_average_precisions",
    "confusion_matrix",
    "evaluate_files",
    "evaluate_predictions",
    "fit_hedge",
    "fit_leaf_threshold",
    "flat_error",
    "hedge",
    "hedging_curve",
    "hierarchical_error",
    "image_flat_errors",
    "image_hierarchical_errors",
    "image_localization_errors",
    "leaf_threshold",
    "leaf_threshold_curve",
    "localization_error",
    "max_expected_reward",
    "mean_average_precision",
    "mean_average_precision_interval",
    "mean_class_accuracy",
    "paired_comparison",
    "per_class_table",
    "precision_recall_curve",
    "read_ground_truth",
    "read_localizations",
    "read_predictions",
    "score_answers",
    "share_lower_bound",
    "subtree_table",
    "summarize_draws",
    "top_k_error",
    "wilson_interval",
    "write_localizations",
    "write_predictions",
]
