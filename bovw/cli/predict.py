"""``bovw predict``: five class names for each image, or one answer that is as specific as can be sure."""

import json

from .parsers import add_jobs, model_folder, verb_parser, whole


def add_parser(verbs):
    parser = verb_parser(
        verbs, "predict", "name the five best classes of images",
        "Prints the classes that a saved model finds best for each image, best first, with their scores.",
        "bovw predict bovw-demo/results/model bovw-demo/images/test/cat/cat_000.png",
    )
    parser.add_argument("model", metavar="MODEL", type=model_folder,
                        help="the folder of a run, or of a model that save() wrote")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="image files")
    parser.add_argument("--top", type=whole(1), default=5, metavar="K", help="how many classes (default 5)")
    parser.add_argument("--hedge", type=float, metavar="ACCURACY",
                        help="answer with the most specific synset that keeps this accuracy, as 0.95; see bovw hedge")
    parser.add_argument("--json", action="store_true", help="one JSON object a line: image, classes, scores, or error")
    add_jobs(parser)
    parser.set_defaults(run=run)


def run(options):
    from ..pipeline import load_classifier

    model = load_classifier(options.model, on_error="skip", n_jobs=options.jobs)
    hedge = None
    if options.hedge is not None:
        from ..experiment.hedging import load_hedge

        hedge = load_hedge(options.model)
        hedge.lambda_for(options.hedge)  # refuses a wrong accuracy before any image is read
    failed = False
    for start in range(0, len(options.images), 64):  # results appear as they come
        names = options.images[start:start + 64]
        scores, errors = model.scores_and_errors(names)
        failed |= bool(errors)
        if hedge is not None:
            for row, (name, answer) in enumerate(zip(names, hedge.answer(scores, options.hedge), strict=True)):
                _show_answer(name, answer, errors.get(row), options.json)
            continue
        for row, (name, best) in enumerate(zip(names, model.rank(scores, options.top), strict=True)):
            _show(name, model.classes_[best], scores[row, best], errors.get(row), options.json)
    return 2 if failed else 0


def _show(name, classes, scores, error, as_json):
    answer = {"classes": [str(c) for c in classes], "scores": [round(float(s), 6) for s in scores]}
    lines = [f"  {i}. {c}  {s:+.3f}" for i, (c, s) in enumerate(zip(classes, scores, strict=True), 1)]
    _print(name, answer, lines, error, as_json)


def _show_answer(name, answer, error, as_json):
    lines = [f"  {answer.words or answer.wnid} ({answer.wnid})  {100 * answer.probability:.1f} %"]
    _print(name, {"answer": answer._asdict()}, lines, error, as_json)


def _print(name, answer, lines, error, as_json):
    if as_json:
        print(json.dumps({"image": name, **({"error": error} if error else answer)}), flush=True)
    else:
        print("\n".join([name, *([f"  not read: {error}"] if error else lines)]), flush=True)
