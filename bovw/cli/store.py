"""``bovw store``: look at a store of signatures or descriptors, verify it, repair it."""

from .output import verb_parser


def add_parser(verbs):
    parser = verb_parser(
        verbs, "store", "list, verify or repair a store of signatures",
        "ls prints what a store holds. verify reads every byte and names each damaged shard; its exit status is 1 if "
        "there is any. repair moves damaged shards aside, so that the command that made the store computes just "
        "those again.",
        "bovw store verify runs/ilsvrc/signatures",
    )
    parser.add_argument("action", choices=("ls", "verify", "repair"))
    parser.add_argument("path", metavar="PATH", help="the folder of the store")
    parser.set_defaults(run=run)
    return parser


def run(options):
    return {"ls": _list, "verify": _verify, "repair": _repair}[options.action](options.path)


def _list(path):
    from ..stores import ShardedStore

    store = ShardedStore.open(path, check=False)
    settings = dict(store.manifest["settings"])
    codec = settings.pop("codec", None)
    written, errors = store.n_rows_written, store.errors
    facts = {
        "kind": store.manifest["kind"],
        "rows": f"{written} of {store.n_rows}, {store.rows_per_shard} a shard, {len(store.missing())} of "
                f"{store.n_shards} shards missing",
        **{name.replace("_", " "): value for name, value in settings.items()},
    }
    if store.manifest["kind"] == "signatures":
        size = settings["signature_size"]
        facts["codec"] = "float32" if codec is None else _codec_text(codec)
        facts["bytes an image"] = _size_text(4 * size, codec)
        facts["reconstruction error"] = f"{codec['reconstruction_error']:.4g}" if codec else "0"
    facts["fingerprint"] = store.fingerprint
    facts["errors"] = len(errors)
    for name, value in facts.items():
        print(f"{name:<21} {value}")
    for row, message in errors.items():
        print(f"  row {row}: {message}")
    for problem in store.damage():
        print(f"damaged: {problem}")
    return 0


def _codec_text(codec):
    return f"{codec['class']}({', '.join(f'{name}={value!r}' for name, value in codec['parameters'].items())})"


def _size_text(plain, codec):
    if codec is None:
        return str(plain)
    return f"{codec['bytes_per_image']} ({plain / codec['bytes_per_image']:.4g} times smaller than float32)"


def _verify(path):
    from ..stores import ShardedStore

    store = ShardedStore.open(path, check=False)
    problems = store.verify()
    for problem in problems:
        print(problem)
    print(f"{path}: {len(problems)} problem{'s' if len(problems) != 1 else ''}, {store.n_rows_written} of "
          f"{store.n_rows} rows sound" + (f"; bovw store repair {path}" if problems else ""))
    return 1 if problems else 0


def _repair(path):
    from ..stores import repair_store

    moved = repair_store(path)
    for name in moved:
        print(f"moved {name} to damaged/")
    print(f"{path}: nothing to repair" if not moved else
          f"{path}: {len(moved)} files moved; the command that made the store brings them back")
    return 0
