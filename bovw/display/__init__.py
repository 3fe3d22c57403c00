"""Everything drawn with matplotlib, and the HTML report."""
