"""What complete, official copies hold, and how a copy differs from that.

Counts that are not certain are not here, and are not checked.

References
----------
.. [1] ILSVRC development kits 2010 and 2012, readme; J. R. R. Uijlings et al., "Selective
   Search for Object Recognition", IJCV 104, 2013 (training images of 2011).
.. [2] S. Lazebnik, C. Schmid, J. Ponce, CVPR 2006 (15-Scene).
.. [3] L. Fei-Fei, R. Fergus, P. Perona, CVPR Workshop 2004 (Caltech-101); G. Griffin, A. Holub,
   P. Perona, Caltech Technical Report 7694, 2007 (Caltech-256).
.. [4] M. Everingham et al., "The PASCAL VOC Challenge 2007 Results", development kit.
.. [5] A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
.. [6] T. Ojala et al., "Outex: New Framework for Empirical Evaluation of Texture Analysis
   Algorithms", ICPR 2002.
.. [7] E. Hayman et al., "On the Significance of Real-World Conditions for Material
   Classification", ECCV 2004 (KTH-TIPS).
"""

from ..errors import DatasetError

#: images of each part of the challenges
ILSVRC = {
    2010: {"train": 1_261_406, "val": 50_000, "test": 150_000},
    2011: {"train": 1_229_413, "val": 50_000, "test": 100_000},
    2012: {"train": 1_281_167, "val": 50_000, "test": 100_000},
}
N_ILSVRC_CLASSES = 1000

IMAGENETTE = {  # the second edition; the first one held the same photographs, split otherwise
    "n01440764": "tench", "n02102040": "English springer", "n02979186": "cassette player",
    "n03000684": "chain saw", "n03028079": "church", "n03394916": "French horn", "n03417042": "garbage truck",
    "n03425413": "gas pump", "n03445777": "golf ball", "n03888257": "parachute",
}
N_IMAGENETTE = {"train": 9_469, "val": 3_925}

SCENE15 = {
    "bedroom": 216, "CALsuburb": 241, "industrial": 311, "kitchen": 210, "livingroom": 289, "MITcoast": 360,
    "MITforest": 328, "MIThighway": 260, "MITinsidecity": 308, "MITmountain": 374, "MITopencountry": 410,
    "MITstreet": 292, "MITtallbuilding": 356, "PARoffice": 215, "store": 315,
}

KTH_TIPS = dict.fromkeys(
    ("aluminium_foil", "brown_bread", "corduroy", "cotton", "cracker", "linen", "orange_peel", "sandpaper", "sponge",
     "styrofoam"), 81,
)

CALTECH101_CLUTTER = "BACKGROUND_Google"
CALTECH101 = tuple(
    """
    Faces Faces_easy Leopards Motorbikes accordion airplanes anchor ant barrel bass beaver binocular bonsai brain
    brontosaurus buddha butterfly camera cannon car_side ceiling_fan cellphone chair chandelier cougar_body
    cougar_face crab crayfish crocodile crocodile_head cup dalmatian dollar_bill dolphin dragonfly electric_guitar
    elephant emu euphonium ewer ferry flamingo flamingo_head garfield gerenuk gramophone grand_piano hawksbill
    headphone hedgehog helicopter ibis inline_skate joshua_tree kangaroo ketch lamp laptop llama lobster lotus
    mandolin mayfly menorah metronome minaret nautilus octopus okapi pagoda panda pigeon pizza platypus pyramid
    revolver rhino rooster saxophone schooner scissors scorpion sea_horse snoopy soccer_ball stapler starfish
    stegosaurus stop_sign strawberry sunflower tick trilobite umbrella watch water_lilly wheelchair wild_cat
    windsor_chair wrench yin_yang
    """.split()
)
N_CALTECH101, N_CALTECH101_CLUTTER = 8_677, 467

N_CALTECH256_CLASSES, N_CALTECH256, N_CALTECH256_CLUTTER = 256, 29_780, 827

VOC2007_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)
N_VOC2007 = {"train": 2_501, "val": 2_510, "trainval": 5_011, "test": 4_952}

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR100 = tuple(
    """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man
    maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
    plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper
    snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train
    trout tulip turtle wardrobe whale willow_tree wolf woman worm
    """.split()
)
CIFAR100_COARSE = (
    "aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables", "household_electrical_devices",
    "household_furniture", "insects", "large_carnivores", "large_man-made_outdoor_things",
    "large_natural_outdoor_scenes", "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates",
    "people", "reptiles", "small_mammals", "trees", "vehicles_1", "vehicles_2",
)
N_CIFAR = {
    10: {"train": 5_000, "test": 1_000}, 20: {"train": 2_500, "test": 500}, 100: {"train": 500, "test": 100},
}

N_TINY_IMAGENET_CLASSES = 200
N_TINY_IMAGENET = {"train": 500, "val": 50}

#: training and test images of each problem of the suites
OUTEX = {"TC_00010": [(480, 3_840)], "TC_00012": [(480, 4_320), (480, 4_320)]}
N_OUTEX_CLASSES = 24


def listed(names, limit=5):
    """The first names of a collection, and how many more there are."""
    names = sorted(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(str, names[:limit])) + more


def compare_classes(found, official):
    """Problems with the set of classes: official ones that are missing, and others."""
    problems = []
    if missing := set(official) - set(found):
        problems.append(f"{len(missing)} of {len(official)} classes are missing: {listed(missing)}")
    if others := set(found) - set(official):
        problems.append(f"{len(others)} classes are not in the official set: {listed(others)}")
    return problems


def check_kind(root, kind, found, official):
    """Raise DatasetError if none of the classes is one of the data set that a reader was asked for."""
    if not set(found) & set(official):
        raise DatasetError(f"{root}: has no class of {kind}, only {listed(found)}; check kind and the path to the data")


def compare_total(what, found, official):
    """A problem if there are fewer or more images than in an official copy."""
    return [] if found == official else [f"{found} {what}, {official} in a complete copy"]


def compare_counts(what, found, official):
    """Problems with the images of each class.

    Parameters
    ----------
    what : str
        "images", "training images" ...
    found, official : dict of str to int
        Classes that are missing altogether are not counted.
    """
    wrong = [name for name in sorted(found) if name in official and found[name] != official[name]]
    shown = [f"{name} has {found[name]}, not {official[name]}" for name in wrong[:5]]
    if not wrong:
        return []
    more = f", and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return [f"{len(wrong)} classes differ in their number of {what}: {'; '.join(shown)}{more}"]
