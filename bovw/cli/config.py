"""``bovw config``: a config as it is when all is laid together, and which keys there are."""

from .parsers import verb_parser


def add_parser(verbs):
    parser = verb_parser(
        verbs, "config", "what a config comes to, and where each value is from; which keys there are",
        "Prints CONFIG as it is after its bases, likes, --lite and --set, in TOML; a comment at each line says where "
        "the value comes from. With --keys, the reference of all keys, or of one table, stage or estimator.",
        "bovw config scene15_fisher --lite",
    )
    parser.add_argument("config", metavar="CONFIG", nargs="?",
                        help="a .toml file, or the name of a config that comes with bovw")
    parser.add_argument("--lite", action="store_true", help="as a quick trial run has it")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
                        help="change one setting; may be repeated")
    parser.add_argument("--all", action="store_true", help="name also what is left to the estimators' defaults")
    parser.add_argument("--keys", nargs="?", const="", metavar="NAME",
                        help="the keys of a table (data), a stage (codebook) or an estimator (GMMCodebook)")
    parser.set_defaults(run=run)


def run(options):
    from ..errors import ParameterError

    if (options.config is None) == (options.keys is None):
        raise ParameterError("give either CONFIG or --keys; bovw systems lists the configs that come with bovw")
    if options.keys is not None:
        from ..experiment.reference import format_keys

        print(format_keys(options.keys or None))
        return 0
    from ..experiment.config import load_config
    from ..experiment.toml_text import format_config

    config = load_config(options.config, overrides=options.overrides, lite=options.lite)
    print(format_config(config, defaults=options.all))
    return 0
