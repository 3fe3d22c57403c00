"""Numbers of bytes and seconds with a unit, to three digits, as people read them."""


def format_bytes(n):
    """Bytes with a decimal unit: "1.5 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if n < 999.5:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{_three_digits(n)} TB"


def format_seconds(seconds):
    """Seconds in the unit that suits them: "3.2 h"."""
    for limit, unit, length in ((120, "s", 1), (7200, "min", 60), (2 * 86400, "h", 3600)):
        if seconds < limit:
            return f"{seconds / length:.3g} {unit}"
    return f"{_three_digits(seconds / 86400)} days"


def _three_digits(value):
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"
