"""``bovw hedge``: teach a model to say no more than it can be sure of."""

from pathlib import Path

from .parsers import add_jobs, model_folder, verb_parser


def add_parser(verbs):
    parser = verb_parser(
        verbs, "hedge", "teach a model to answer with a general synset where it is unsure",
        "Calibrates a model's scores and learns how specific its answers may be for any wanted accuracy, for "
        "`bovw predict --hedge`. The classes must be named by their wnids. The images are those that the model was "
        "trained on, scored out of fold, or with --held-out others.",
        "bovw hedge runs/mine/model --data imagenette --taxonomy wordnet",
    )
    parser.add_argument("model", metavar="MODEL", type=model_folder,
                        help="the folder of a run, or of a model that save() wrote")
    parser.add_argument("--data", metavar="DIR", type=Path, required=True,
                        help="the training images, DIR/<wnid>/<image> or DIR/train/<wnid>/<image>")
    parser.add_argument("--taxonomy", metavar="PATH", type=Path, required=True,
                        help="WordNet's folder (words.txt and wordnet.is_a.txt, or data.noun), or a kit's meta.mat")
    parser.add_argument("--held-out", action="store_true",
                        help="the images (of DIR/test or DIR/val where there is one) are not those of the training")
    add_jobs(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run)


def run(options):
    from ..datasets import open_dataset
    from ..experiment.hedging import fit_hedged_predictor, save_hedge
    from ..persist import load_model
    from ..taxonomy import Taxonomy

    dataset = open_dataset(options.data)
    part = dataset.test if options.held_out else dataset.train
    rows = range(len(dataset.names)) if part is None else part
    model = load_model(options.model).set_params(n_jobs=options.jobs, verbose=not options.quiet)
    hedge = fit_hedged_predictor(
        model, [dataset.images[i] for i in rows], [dataset.classes[dataset.labels[i]] for i in rows],
        Taxonomy.read(options.taxonomy), held_out=options.held_out, verbose=not options.quiet,
    )
    save_hedge(hedge, options.model)
    bounds = hedge.accuracy_bounds()
    print(f"learnt from {hedge.n_images_} images; the least hedged answers keep {100 * bounds[0]:.1f} %, and above "
          f"{100 * bounds[-1]:.1f} % the root is the only answer")
    return 0
