"""The columns of reports in Spark, put together from what workers give: reports apart.

Rule 1: all free rows have one report, which is said here once, as literals; what of it nobody asks for is not made.
Rule 2: a row has that report only where the worker said that it is free; one of which nothing is told is rejected.
Rule 3: what is written into SQL is names and keywords of Caveat, numbers, and hexadecimal; no text is quoted.

It is SQL, since that crosses to Spark as one text, where each column that is built in Python is a call there and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from caveat.arrow import DIGEST, ID, IS_FREE, TOLD, Asked, apart_schema, free_record, report_schema
from caveat.domain.decision import Verdict

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.types import DataType, StructType

_SAMPLES = {"bool": False, "int64": 0, "string": ""}


def struct_apart() -> StructType:
    """Return what workers give of each row."""
    return struct_of(apart_schema())


def report_sql(asked: Asked) -> dict[str, str]:
    """Return the columns of reports, as `report_schema` has them, each as an expression on reports apart."""
    free = free_record(asked.question)
    own = {ID, DIGEST}
    return {each.name: each.name if each.name in own else _column(each, free) for each in report_schema()}


def struct_sql(asked: Asked) -> str:
    """Return the same as one struct, without `id`."""
    return _named({name: said for name, said in report_sql(asked).items() if name != ID})


def _named(fields: Mapping[str, str]) -> str:
    """Return expressions as a struct with those names."""
    return "named_struct(" + ", ".join(f"'{name}', {said}" for name, said in fields.items()) + ")"


def _column(field: pa.Field, free: Mapping[str, Any]) -> str:
    """Return one column of reports: that of free rows, or of what is told; never null where a report has always something."""
    said = f"if({IS_FREE}, {_literal(free.get(field.name), field.type)}, get({TOLD}, 0).{field.name})"
    return said if field.nullable else f"coalesce({said}, {_literal(_untold(field), field.type)})"


def _untold(field: pa.Field) -> Any:
    """Return what a row says of which nothing is told, which no worker gives: it is rejected, and may not be processed."""
    return Verdict.REJECT.word if field.name == "verdict" else _sample(field.type)


def _literal(value: Any, kind: pa.DataType) -> str:
    """Return plain data as a literal of that type, which in SQL has the same fields that may be null, or more that may not."""
    import pyarrow as pa  # noqa: PLC0415  an extra

    if value is None:
        return f"CAST(NULL AS {spark_type(kind).simpleString()})"
    if pa.types.is_struct(kind):
        return _named({each.name: _literal(value[each.name], each.type) for each in kind})
    if pa.types.is_list(kind):
        # What is behind the last item has the type, where there is none.
        items = [_literal(each, kind.value_type) for each in (*value, _sample(kind.value_type))]
        return f"slice(array({', '.join(items)}), 1, {len(value)})"
    if isinstance(value, str):
        return f"CAST(X'{value.encode().hex()}' AS STRING)"
    return f"CAST({value} AS {spark_type(kind).simpleString()})"


def _sample(kind: Any) -> Any:
    """Return something of that type, null where that may be."""
    import pyarrow as pa  # noqa: PLC0415  an extra

    if pa.types.is_struct(kind):
        return {each.name: None if each.nullable else _sample(each.type) for each in kind}
    return [] if pa.types.is_list(kind) else _SAMPLES[str(kind)]


def struct_of(schema: Any) -> StructType:
    """Return Arrow's fields as Spark's."""
    from pyspark.sql.types import StructField, StructType  # noqa: PLC0415  an extra

    return StructType([StructField(each.name, spark_type(each.type), each.nullable) for each in schema])


def spark_type(kind: Any) -> DataType:
    """Return one of Arrow's types as Spark's; only those of reports are known."""
    import pyarrow as pa  # noqa: PLC0415  an extra
    from pyspark.sql.types import ArrayType, BooleanType, LongType, StringType  # noqa: PLC0415  an extra

    if pa.types.is_struct(kind):
        return struct_of(kind)
    if pa.types.is_list(kind):
        return ArrayType(spark_type(kind.value_type), kind.value_field.nullable)
    return {pa.string(): StringType(), pa.int64(): LongType(), pa.bool_(): BooleanType()}[kind]
