"""What a quick trial run changes where the config does not say it itself.

====================  ===================================================================
``data``              at most 10 training and 10 test images a class, 1 draw
a channel             at most 10,000 descriptors to learn from
extractor             a step below 8 pixels doubles, to 8 at least; more than three
                      ``bin_size`` become 4 and 8
codebook              at most 8 Gaussians, 64 words, or 16 words of residuals; 5 iterations
codec                 4 bits a code: training signatures are few
====================  ===================================================================

The keys of a config's ``[lite]`` are laid over these.
"""

N_IMAGES = 10
N_DESCRIPTORS = 10_000
STEP = 8
BIN_SIZES = [4, 8]
N_COMPONENTS, N_WORDS, N_RESIDUAL_WORDS, MAX_ITER = 8, 64, 16, 5
N_BITS = 4


def lite_changes(tree):
    """The tables of a trial run, to be laid over a full one.

    Parameters
    ----------
    tree : dict
        A config's, which may have wrong keys and values: those stay for the check.

    Returns
    -------
    dict
    """
    data = tree.get("data", {})
    few = {key: N_IMAGES for key in ("n_train", "n_test") if not _is_few(data.get(key))}
    changes = {"data": {**few, "draws": 1}, "channels": {}}
    for name, channel in tree["channels"].items():
        encoder = channel.get("encoder", {}).get("type", "HardAssignment")
        changes["channels"][name] = {
            **_capped(channel, n_descriptors=N_DESCRIPTORS),
            **_table("extractor", _extractor(channel.get("extractor", {}))),
            **_table("codebook", _codebook(channel.get("codebook"), encoder)),
        }
    if tree.get("codec", {}).get("type") == "ProductQuantizer":
        changes["codec"] = {"n_bits": N_BITS}
    return changes


def _is_few(number):
    """Whether a number of images a class is small already: 0 is all of them, a fraction may be many."""
    return isinstance(number, int) and 0 < number <= N_IMAGES


def _extractor(table):
    step, sizes = table.get("step"), table.get("bin_size")
    changes = {}
    if isinstance(step, int) and 0 < step < STEP:
        changes["step"] = max(STEP, 2 * step)
    if isinstance(sizes, list) and len(sizes) > 3:
        changes["bin_size"] = BIN_SIZES
    return changes


def _codebook(table, encoder):
    if table is None:
        return {}
    if table.get("type") == "GMMCodebook":
        return {**_capped(table, n_components=N_COMPONENTS), "max_iter": MAX_ITER}
    if table.get("type", "KMeansCodebook") != "KMeansCodebook":
        return {}
    few = N_RESIDUAL_WORDS if encoder in ("VLAD", "SuperVector") else N_WORDS
    return {**_capped(table, n_words=few), "max_iter": MAX_ITER}


def _capped(table, **limits):
    """Numbers of a table that exceed their limit, or are not there, at their limit."""
    return {
        key: limit for key, limit in limits.items()
        if key not in table or (isinstance(table[key], int) and table[key] > limit)
    }


def _table(stage, changes):
    return {stage: changes} if changes else {}
