"""Segments: expressions over two tables, which say who is in and, per brand, for which brand."""
