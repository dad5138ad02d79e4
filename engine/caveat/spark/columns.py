"""The columns of reports in Spark, put together from what workers give: reports apart.

Rule 1: all free rows have one report, which is said here once, as literals; what of it nobody asks for is not made.
Rule 2: a row has that report only where the worker said that it is free; one of which nothing is told is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from caveat.arrow import DIGEST, ID, IS_FREE, TOLD, Asked, apart_schema, report_schema, standing

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column
    from pyspark.sql.types import DataType, StructType


def reports_apart() -> StructType:
    """Return what workers give of each row."""
    return _struct(apart_schema())


def report_columns(asked: Asked) -> list[Column]:
    """Return the columns of reports, as `report_schema` has them, from those of reports apart; with `id` where that is there."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415  as Spark's own documentation names it; an extra

    free, refused = standing(asked.question)
    own = {ID, DIGEST}
    return [F.col(each.name) if each.name in own else _column(each, free, refused) for each in report_schema()]


def _column(field: pa.Field, free: Mapping[str, Any], refused: Mapping[str, Any]) -> Column:
    """Return one column of reports: that of free rows, or of what is told; never null where a report has always something."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415  as above

    name, kind = field.name, spark_type(field.type)
    said = F.when(F.col(IS_FREE), _literal(free.get(name), kind)).otherwise(F.col(f"{TOLD}.{name}"))
    return (said if field.nullable else F.coalesce(said, _literal(refused[name], kind))).alias(name)


def _literal(value: Any, kind: DataType) -> Column:
    """Return plain data as a column of that type."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415  as above
    from pyspark.sql.types import ArrayType, StructType  # noqa: PLC0415  as above

    if value is None:
        return F.lit(None).cast(kind)
    if isinstance(kind, StructType):
        return F.struct(*(_literal(value[each.name], each.dataType).alias(each.name) for each in kind.fields))
    if isinstance(kind, ArrayType):
        return F.array(*(_literal(each, kind.elementType) for each in value)).cast(kind)
    return F.lit(value).cast(kind)


def _struct(schema: Any) -> StructType:
    """Return Arrow's fields as Spark's."""
    from pyspark.sql.types import StructField, StructType  # noqa: PLC0415  an extra

    return StructType([StructField(each.name, spark_type(each.type), each.nullable) for each in schema])


def spark_type(kind: Any) -> DataType:
    """Return one of Arrow's types as Spark's; only those of reports are known."""
    import pyarrow as pa  # noqa: PLC0415  an extra
    from pyspark.sql.types import ArrayType, BooleanType, LongType, StringType  # noqa: PLC0415  an extra

    if pa.types.is_struct(kind):
        return _struct(kind)
    if pa.types.is_list(kind):
        return ArrayType(spark_type(kind.value_type), kind.value_field.nullable)
    return {pa.string(): StringType(), pa.int64(): LongType(), pa.bool_(): BooleanType()}[kind]
