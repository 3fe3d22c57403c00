"""Methods that an object has or lacks as its parameters say, where the error of one that is lacking tells why."""

from functools import update_wrapper
from types import MethodType


def unless(reason):
    """Decorator of a method that an object lacks where ``reason(object)`` is a text, that of the AttributeError.

    As scikit-learn's ``available_if``, whose own message hides the reason.
    """
    return lambda method: _Conditional(method, reason)


class _Conditional:
    def __init__(self, method, reason):
        update_wrapper(self, method)
        self.reason = reason

    def __get__(self, instance, owner=None):
        if instance is None:
            return self.__wrapped__
        reason = self.reason(instance)
        if reason:
            raise AttributeError(reason)
        return MethodType(self.__wrapped__, instance)
