"""CREATE TABLE, ALTER TABLE, casts and MERGE: Redshift's types, and keys that are declared but not enforced.

In: a parsed statement with folded names. It is changed in place.
"""

from sqlglot import exp

from localcloud_warehouse.errors import NOT_SUPPORTED, WarehouseError, not_supported, syntax_error

_T = exp.DataType.Type

# CREATE TABLE, "Data types": Redshift Database Developer Guide. Lengths are in bytes.
MAX_VARCHAR = 65535
MAX_CHAR = 4096
MAX_PRECISION = 38
DEFAULT_VARCHAR = 256

_TYPES = {
    _T.BOOLEAN: "boolean",
    _T.SMALLINT: "smallint",
    _T.INT: "integer",
    _T.BIGINT: "bigint",
    _T.DECIMAL: "numeric",
    _T.FLOAT: "real",
    _T.DOUBLE: "double precision",
    _T.CHAR: "char",
    _T.NCHAR: "char",
    _T.BPCHAR: "char",
    _T.VARCHAR: "varchar",
    _T.NVARCHAR: "varchar",
    _T.TEXT: "varchar",
    _T.DATE: "date",
    _T.TIME: "time",
    _T.TIMETZ: "timetz",
    _T.TIMESTAMP: "timestamp",
    _T.TIMESTAMPTZ: "timestamptz",
    _T.SUPER: "jsonb",
    _T.INTERVAL: "interval",
}
_SIZED = frozenset({"numeric", "char", "varchar"})
# Declared for the planner, not enforced: Redshift, "Defining table constraints".
_KEYS = (exp.PrimaryKey, exp.ForeignKey, exp.UniqueColumnConstraint)
_COLUMN_KEYS = (exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint, exp.Reference)


def rewrite(tree: exp.Expression, keys: list[str]) -> None:
    """Rewrite types, keys, identity columns, temporary tables and MERGE."""
    for data_type in list(tree.find_all(exp.DataType)):
        data_type.replace(_type(data_type))
    match tree:
        case exp.Create():
            _create(tree, keys)
        case exp.Alter():
            _alter(tree)
        case exp.Merge():
            _merge(tree)


def _type(data_type: exp.DataType) -> exp.DataType:
    name = _TYPES.get(data_type.this)
    if name is None or data_type.args.get("nested") or data_type.args.get("values"):
        raise WarehouseError(f'unsupported type "{data_type.sql("redshift").lower()}"', NOT_SUPPORTED)
    sizes = [parameter.name.lower() for parameter in data_type.expressions]
    column = isinstance(data_type.parent, exp.ColumnDef | exp.AlterColumn)
    if sizes and name not in _SIZED:
        raise syntax_error("(")
    match name:
        case "interval" if column:
            raise not_supported("a column of type INTERVAL")
        # Without precision and scale Redshift means DECIMAL(18,0), also in a cast.
        case "numeric":
            precision, scale = (*sizes, *(("18", "0") if not sizes else ("0",)))[:2]
            if not 1 <= int(precision) <= MAX_PRECISION or not 0 <= int(scale) <= int(precision):
                raise WarehouseError(f"DECIMAL precision {precision} must be between 1 and {MAX_PRECISION}", "22023")
            sizes = [precision, scale]
        case "varchar" if sizes or column:
            sizes = [_length("varchar", sizes[0] if sizes else str(DEFAULT_VARCHAR), MAX_VARCHAR)]
        case "char":
            default = str(DEFAULT_VARCHAR) if data_type.this == _T.BPCHAR else "1"
            sizes = [_length("char", sizes[0] if sizes else default, MAX_CHAR)]
    return exp.DataType.build(f"{name}({', '.join(sizes)})" if sizes else name, dialect="postgres")


def _length(name: str, length: str, maximum: int) -> str:
    number = maximum if length == "max" else int(length)
    if not 1 <= number <= maximum:
        words = {"varchar": "character varying", "char": "character"}[name]
        raise WarehouseError(f"length for type {words} cannot exceed {maximum}", "22023")
    return str(number)


def _create(tree: exp.Create, keys: list[str]) -> None:
    schema = tree.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
    if tree.kind == "TABLE" and table.name.startswith("#"):
        properties = tree.args.get("properties") or exp.Properties(expressions=[])
        if not any(isinstance(item, exp.TemporaryProperty) for item in properties.expressions):
            properties.append("expressions", exp.TemporaryProperty())
        tree.set("properties", properties)
    if not isinstance(schema, exp.Schema):
        return
    columns = {item.name: item for item in schema.expressions if isinstance(item, exp.ColumnDef)}
    not_null: list[str] = []
    kept = []
    for item in schema.expressions:
        constraint = item.expressions[0] if isinstance(item, exp.Constraint) else item
        if not isinstance(constraint, _KEYS):
            kept.append(item)
            continue
        names = [name.name for name in constraint.expressions if isinstance(name, exp.Identifier | exp.Column)]
        if isinstance(constraint, exp.UniqueColumnConstraint) and isinstance(constraint.this, exp.Schema):
            names = [name.name for name in constraint.this.expressions]
        keys = keys + names
        not_null += names if isinstance(constraint, exp.PrimaryKey) else []
    schema.set("expressions", kept)
    for name, column in columns.items():
        _column(column)
        if name in not_null:
            _require(column)
    for key in keys:
        if columns and key not in columns:
            raise WarehouseError(f'column "{key}" named in key does not exist', "42703")


def _column(column: exp.ColumnDef) -> None:
    kept = []
    primary = False
    for constraint in column.constraints:
        match constraint.kind:
            case exp.PrimaryKeyColumnConstraint():
                primary = True
            case kind if isinstance(kind, _COLUMN_KEYS):
                pass
            case exp.GeneratedAsIdentityColumnConstraint() as identity:
                # IDENTITY(1, 1) takes no value from an INSERT, GENERATED BY DEFAULT does (sqlglot tells by on_null).
                identity.set("this", "on_null" not in identity.args)
                kept.append(constraint)
            case _:
                kept.append(constraint)
    column.set("constraints", kept)
    if primary:
        _require(column)


def _require(column: exp.ColumnDef) -> None:
    """A column of the primary key is NOT NULL, and that is enforced."""
    if not any(isinstance(constraint.kind, exp.NotNullColumnConstraint) for constraint in column.constraints):
        column.append("constraints", exp.ColumnConstraint(kind=exp.NotNullColumnConstraint()))


def _alter(tree: exp.Alter) -> None:
    if tree.args.get("exists"):
        raise syntax_error("exists")
    if len(tree.args["actions"]) != 1:
        raise syntax_error(",")
    match tree.args["actions"][0]:
        case exp.ColumnDef() as column:
            if column.args.get("exists"):
                raise syntax_error("exists")
            kinds = {type(constraint.kind) for constraint in column.constraints}
            if exp.NotNullColumnConstraint in kinds and exp.DefaultColumnConstraint not in kinds:
                raise WarehouseError(
                    "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"
                )
            if exp.GeneratedAsIdentityColumnConstraint in kinds:
                raise not_supported("ALTER TABLE ADD COLUMN with IDENTITY")
            _column(column)
        case exp.AlterColumn() as column:
            data_type = column.args.get("dtype")
            if data_type is None or not data_type.sql("postgres").startswith("VARCHAR"):
                raise WarehouseError("ALTER COLUMN TYPE is only supported for VARCHAR columns", NOT_SUPPORTED)
        case exp.AddConstraint():
            raise not_supported("ALTER TABLE ADD CONSTRAINT (keys are not enforced: declare them in CREATE TABLE)")
        case exp.Drop(kind="COLUMN") | exp.AlterRename() | exp.RenameColumn():
            pass
        case other:
            raise not_supported(f"ALTER TABLE … {other.sql('redshift')[:40]}")


def _merge(tree: exp.Merge) -> None:
    """MERGE must have both branches; INSERT without a column list is read wrongly by sqlglot."""
    branches = tree.args["whens"].expressions
    if sorted(bool(when.args.get("matched")) for when in branches) != [False, True] or any(
        when.args.get("condition") or when.args.get("source") for when in branches
    ):
        raise WarehouseError("MERGE needs one WHEN MATCHED and one WHEN NOT MATCHED, without conditions", NOT_SUPPORTED)
    target = tree.this
    for when in branches:
        then = when.args["then"]
        if isinstance(then, exp.Update):
            for assignment in then.expressions:
                column = assignment.this
                if column.table in (target.alias_or_name, target.name):
                    column.set("table", None)
                    column.set("db", None)
        elif isinstance(then, exp.Insert) and not then.args.get("expression"):
            values = then.this.expressions[0]
            if not (isinstance(values, exp.Anonymous) and values.name.lower() == "values"):
                raise syntax_error("insert")
            then.set("this", None)
            then.set("expression", exp.Tuple(expressions=[value.copy() for value in values.expressions]))
