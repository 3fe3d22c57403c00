"""bovw: classical image recognition at ImageNet scale.

Dense local descriptors, codebooks, encodings, spatial pooling and linear SVMs,
as they won the ImageNet challenge before deep networks::

    image -> DescriptorSet -> codebook -> code, pooled over cells -> signature
          -> classifier -> top-5 -> error, report

Every public name is here, imported when first used: ``bovw.DenseSIFT``,
``bovw.FisherVector``, ``bovw.BovwClassifier``; ``__init__.pyi`` says from where.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
