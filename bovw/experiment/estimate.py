"""What a run will take, predicted from short measurements on this machine.

Every stage is run for a few seconds on a few images and scaled by what its work is proportional to:

==============  ======================================================================================
codebook        reading the images of the sample; fitting on a part of the descriptors, times their number
signatures      images a second, all workers at work
codec           fitting on a part of the columns and encoding, times their number
classifier      each classifier knows its own cost (``fit_cost``, see ``bovw.classify.contract``)
test            as the signatures, and d multiply-adds a class
==============  ======================================================================================

Memory and disk are counted, not measured: arrays that a stage holds, bytes that it leaves.
"""

import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.base import clone

from .._threads import map_in_order, n_cores, share_workers
from .._units import format_bytes
from ..classify import Machine, OneVsRestDual, as_classifier
from ..errors import MemoryBudgetError, StoreError
from ..images import resize_image
from ..images.opencv import cv2
from .build import build_members
from .demo import photographs

#: what a process with all libraries takes before any work
BASE_MEMORY = 300e6
#: a codebook fit that would take more multiply-adds than this is measured on two iterations
FIT_WORK = 1e12
SAMPLE_IMAGES = 8
CODEC_COLUMNS, CODEC_ROWS = 1024, 4000


@dataclass
class StageEstimate:
    """One stage of one member: seconds, bytes of memory while it runs, bytes of disk that it needs."""

    member: str
    stage: str
    seconds: float
    memory: float
    disk: float = 0.0
    measured: str = ""
    #: (what could be changed, seconds that it would save)
    savings: list = field(default_factory=list)


@dataclass
class RunEstimate:
    """All stages of a run of ``draws`` draws on ``cores`` cores, less the members that are finished."""

    stages: list
    draws: int
    cores: int
    n_train: int
    n_test: int
    n_classes: int
    #: draws in which a member is finished, by its name
    finished: dict = field(default_factory=dict)

    def draws_left(self, member):
        """In how many draws a member is still to be computed."""
        return self.draws - self.finished.get(member, 0)

    @property
    def seconds(self):
        """Of all that is left of the run."""
        return sum(self.draws_left(stage.member) * stage.seconds for stage in self.stages)

    @property
    def memory(self):
        """Largest need at any moment, in bytes."""
        return max((stage.memory for stage in self.stages), default=BASE_MEMORY)

    @property
    def disk(self):
        """Largest need at any moment, in bytes: members are done one after the other."""
        members = {}
        for stage in self.stages:
            members[stage.member] = members.get(stage.member, 0.0) + stage.disk
        return max(members.values(), default=0.0)

    @property
    def dominating(self):
        """The stage that takes longest over all draws; None if nothing is left to do."""
        return max(self.stages, key=lambda stage: self.draws_left(stage.member) * stage.seconds, default=None)

    def check(self, folder):
        """Refuse a run that cannot end well.

        Parameters
        ----------
        folder : path
            Where the run would write; it need not exist.

        Raises
        ------
        StoreError
            If the disk has too little room.
        MemoryBudgetError
            If the machine has too little memory.
        """
        place = Path(folder).absolute()
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        if self.disk > free:
            raise StoreError(
                f"the run needs {format_bytes(self.disk)} of disk at a time and {place} has {format_bytes(free)} left; "
                "use a codec ([codec] type = \"ProductQuantizer\"), fewer images, or another --out"
            )
        memory = total_memory()
        if memory is not None and self.memory > memory:
            greedy = max(self.stages, key=lambda stage: stage.memory)
            raise MemoryBudgetError(
                f"the {greedy.stage} stage of {greedy.member} needs {format_bytes(self.memory)} of memory and this "
                f"machine has {format_bytes(memory)}; use OneVsRestSGD in place of OneVsRestDual (or OneVsRestPrimal, "
                "where there are few features), fewer images or shorter signatures"
            )


def total_memory():
    """Bytes of memory of this machine; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def estimate_run(config, *, n_train, n_test, n_classes, draws=1, cores=None, images=None, finished=None):
    """Predict time, memory and disk of a run.

    Parameters
    ----------
    config : Config
    n_train, n_test, n_classes : int
    draws : int, default 1
    cores : int, optional
        For another machine of the same kind: measured rates are scaled from this one's. Default: this one's.
    images : list of paths, optional
        Images like those of the run; by default photographs of 500 x 375 pixels.
    finished : dict of str to int, optional
        Draws in which a member is finished, by its name; one that is finished in all is not measured.

    Returns
    -------
    RunEstimate
    """
    have = n_cores()
    cores = have if cores is None else cores
    found = RunEstimate([], draws, cores, n_train, n_test, n_classes, dict(finished or {}))
    with tempfile.TemporaryDirectory() as folder:
        images = _sample_photographs(Path(folder)) if images is None else list(images)[:SAMPLE_IMAGES]
        for name, (_, model) in build_members(config, draw=0, n_jobs=have).items():
            if found.draws_left(name):
                found.stages += _Member(name, model, images, n_train, n_test, n_classes, have / cores, have).stages()
    return found


def _sample_photographs(folder):
    paths = []
    for name, image in list(photographs().items())[-SAMPLE_IMAGES:]:
        image = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image
        image = resize_image(np.ascontiguousarray(image), fit=(500, 375), upscale=True)
        path = folder / f"{name}.jpg"
        path.write_bytes(cv2.imencode(".jpg", image[..., ::-1])[1].tobytes())
        paths.append(path)
    return paths


class _Member:
    """Measurements of one member; ``slower`` is how much longer work takes on the cores that were asked for."""

    def __init__(self, name, model, images, n_train, n_test, n_classes, slower, have):
        self.name, self.model, self.images = name, model, images
        self.n_train, self.n_test, self.n_classes = n_train, n_test, n_classes
        self.slower, self.have = slower, have

    def stages(self):
        stages = [self._codebook()]
        rate = self._rate()
        size, n = self.fitted.signature_size, self.n_train
        row = 4.0 * size
        buffers = BASE_MEMORY + self.working + 2 * 64 * row
        stages.append(StageEstimate(
            self.name, "signatures", n / rate * self.slower, buffers, 0.0,
            f"{rate / self.slower:.1f} images/s", self._cheaper_signatures(n / rate * self.slower),
        ))
        stored = row
        if self.model.codec is not None:
            stage, stored = self._codec(size)
            stages.append(stage)
        stages[-1].disk += n * stored
        stages.append(self._classifier(size))
        scoring = 2.0 * size * self.n_classes / _gemm_rate()
        weights = row * self.n_classes
        stages.append(StageEstimate(
            self.name, "test", self.n_test * (1 / rate * self.slower + scoring), buffers + weights,
            4.0 * self.n_test * self.n_classes + weights, f"{rate / self.slower:.1f} images/s",
        ))
        return stages

    def _codebook(self):
        """Fits rough codebooks, which the later measurements use."""
        self.fitted = clone(self.model).set_params(n_jobs=self.have, verbose=False)
        self.fitted.encoders_ = []
        seconds, memory, described = 0.0, 0.0, []
        for encoder in self._encoders():
            start = time.perf_counter()
            sets = list(map_in_order(self._describe(encoder), self.images * 2, self.have))
            reading = (time.perf_counter() - start) / len(sets) * min(self.n_train, encoder.n_images or self.n_train)
            available = sum(s.n_descriptors for s in sets)
            described.append(available / len(sets))
            wanted = encoder.n_descriptors
            rough, factor = _roughly(encoder, available)
            start = time.perf_counter()
            rough.fit_descriptors(sets)
            seconds += reading * self.slower + (time.perf_counter() - start) * factor
            self.fitted.encoders_.append(rough)
            memory = max(memory, 3 * 4.0 * wanted * sets[0].descriptor_size)
        self.working = 6 * 4.0 * max(described) * 128 * self.have
        return StageEstimate(
            self.name, "codebook", seconds, BASE_MEMORY + self.working + memory, 0.0,
            f"{max(described):.0f} descriptors an image",
        )

    def _encoders(self):
        encoders = self.model.encoder
        return list(encoders) if isinstance(encoders, (list, tuple)) else [encoders]

    def _describe(self, encoder):
        from ..images import load_image

        return lambda path: encoder.describe(load_image(path, mode=encoder.mode))

    def _rate(self):
        """Images a second, decoding included, with all workers."""
        self.fitted.signatures(self.images[:2])
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < 2.0:
            self.fitted.signatures(self.images * 2)
            done += 2 * len(self.images)
        return done / (time.perf_counter() - start)

    def _cheaper_signatures(self, seconds):
        savings = []
        for encoder in self._encoders():
            step = getattr(encoder.extractor, "step", None)
            if isinstance(step, (int, float)):
                savings.append((f"step = {2 * step} in place of {step}: a quarter of the descriptors", 0.7 * seconds))
        return savings

    def _codec(self, size):
        columns = min(size, CODEC_COLUMNS)
        sample = min(self.n_train, CODEC_ROWS)
        signatures = self.fitted.signatures(self.images)[:, :columns]
        rng = np.random.default_rng(0)
        rows = signatures[rng.integers(len(signatures), size=sample)]
        rows = rows + 0.1 * rows.std() * rng.standard_normal(rows.shape, dtype=np.float32)
        start = time.perf_counter()
        codec = share_workers(clone(self.model.codec), self.have).fit(rows)
        fit = (time.perf_counter() - start) * size / columns * min(self.n_train, 20_000) / sample
        start = time.perf_counter()
        codes = codec.encode(rows)
        encode = (time.perf_counter() - start) * size / columns / sample * self.n_train
        start = time.perf_counter()
        codec.decode(codes)
        self.decode = (time.perf_counter() - start) * size / columns / sample
        stored = codec.bytes_per_image * size / columns
        n_sample = min(self.n_train, 20_000)
        return StageEstimate(
            self.name, "codec", fit * self.slower + encode, BASE_MEMORY + 4.0 * n_sample * size,
            4.0 * n_sample * size, f"{stored:.0f} bytes an image",
        ), stored

    def _classifier(self, size):
        classifier = OneVsRestDual() if self.model.classifier is None else self.model.classifier
        machine = Machine(_gemm_rate(), self.have, self.slower, getattr(self, "decode", 0.0))
        cost = as_classifier(classifier).fit_cost(self.n_train, size, self.n_classes, machine)
        return StageEstimate(
            self.name, "classifier", cost.seconds, BASE_MEMORY + cost.memory, cost.disk, cost.measured, cost.savings,
        )


def _roughly(encoder, available):
    """An encoder to fit on the few descriptors at hand, and how much longer the real fit takes."""
    codebook = encoder.pyramid.encoder.get_params(deep=False).get("codebook")
    rough = clone(encoder)
    words = codebook.get_params().get("n_words", codebook.get_params().get("n_components")) if codebook else 1
    n = int(min(encoder.n_descriptors, available, max(20_000, 4 * words)))
    factor = encoder.n_descriptors / n
    rough.set_params(n_descriptors=n)
    if codebook is not None and 128.0 * words * n * codebook.max_iter > FIT_WORK:
        rough.set_params(pyramid__encoder__codebook__max_iter=2)
        factor *= codebook.max_iter / 2
    return rough, factor


_GEMM: list[float] = []


def _gemm_rate():
    """Floating point operations a second of a float32 matrix product on all cores, measured once."""
    if not _GEMM:
        a = np.ones((2048, 2048), np.float32)
        a @ a
        start = time.perf_counter()
        for _ in range(3):
            a @ a
        _GEMM.append(3 * 2 * 2048.0**3 / (time.perf_counter() - start))
    return _GEMM[0]
