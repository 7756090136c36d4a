"""The safe language: SQL expressions over documented names, parsed, checked, and built into Spark columns.

Text of a user never reaches Spark's own parser. What an expression can't do, it can't do here:
only the nodes in `parse`, the functions in `functions` and the names a caller documents exist.
Nothing fails at night: a cast that doesn't fit, a division by zero and an overflow give null.
"""

from huaxiang.expressions.check import NameInfo
from huaxiang.expressions.compiled import Compiled, compile_expression, names_read
from huaxiang.expressions.families import Family, family
from huaxiang.expressions.functions import SCALARS, Function, Param
from huaxiang.expressions.place import Place

__all__ = [
    "SCALARS",
    "Compiled",
    "Family",
    "Function",
    "NameInfo",
    "Param",
    "Place",
    "compile_expression",
    "family",
    "names_read",
]
