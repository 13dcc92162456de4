"""What Redshift does not accept although PostgreSQL would: so that what works here works in the cloud.

In: a parsed statement. Raises `WarehouseError`, in Redshift's words where they are known.
"""

from collections.abc import Callable

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift

from localcloud_warehouse.errors import NOT_SUPPORTED, WarehouseError, not_supported, syntax_error

# Everything else is refused: sqlglot reads the SQL of thirty dialects, and new kinds of nodes come with each release.
_ALLOWED = (
    exp.AddConstraint, exp.Add, exp.Alias, exp.All, exp.Alter, exp.AlterColumn, exp.AlterRename, exp.Analyze,
    exp.And, exp.Anonymous, exp.Any, exp.Between, exp.Bracket, exp.Boolean, exp.CTE, exp.Case, exp.Cast,
    exp.CharacterSet, exp.Column, exp.ColumnConstraint, exp.ColumnDef, exp.Comment, exp.Constraint, exp.Create,
    exp.CurrentDate, exp.CurrentSchema, exp.CurrentTimestamp, exp.CurrentUser, exp.DPipe, exp.DataType,
    exp.DataTypeParam, exp.DecodeCase, exp.DefaultColumnConstraint, exp.Delete, exp.Distinct, exp.Div, exp.Dot,
    exp.Drop, exp.EQ, exp.Escape, exp.Except, exp.Exists, exp.Extract, exp.ForeignKey, exp.From, exp.GT, exp.GTE,
    exp.GeneratedAsIdentityColumnConstraint, exp.Group, exp.Having, exp.ILike, exp.Identifier, exp.If, exp.In,
    exp.IndexParameters, exp.Insert, exp.Intersect, exp.Interval, exp.Into, exp.Is, exp.Join, exp.LT, exp.LTE,
    exp.Like, exp.LikeProperty, exp.Limit, exp.Literal, exp.MaterializedProperty, exp.Merge, exp.Mod, exp.Mul,
    exp.NEQ, exp.Neg, exp.Not, exp.NotNullColumnConstraint, exp.Null, exp.Offset, exp.Or, exp.Order, exp.Ordered,
    exp.Paren, exp.Placeholder, exp.Pow, exp.PrimaryKey, exp.PrimaryKeyColumnConstraint, exp.Properties,
    exp.Property, exp.Qualify, exp.Reference, exp.RegexpILike, exp.RegexpLike, exp.RenameColumn, exp.Schema,
    exp.Select, exp.SessionUser, exp.SimilarTo, exp.Star, exp.StrPosition, exp.Sub, exp.Subquery, exp.Substring,
    exp.Table, exp.TableAlias, exp.TemporaryProperty, exp.Trim, exp.TruncateTable, exp.TryCast, exp.Tuple,
    exp.Union, exp.UniqueColumnConstraint, exp.Unnest, exp.Update, exp.Values, exp.Var, exp.When, exp.Whens,
    exp.Where, exp.Window, exp.WindowSpec, exp.With, exp.WithinGroup,
)  # fmt: skip

# What Redshift says (or, for the words that its grammar lacks, where its parser stops).
_REFUSED: dict[type[exp.Expr], Callable[[exp.Expr], WarehouseError]] = {
    exp.OnConflict: lambda _: syntax_error("ON"),
    exp.Returning: lambda _: syntax_error("RETURNING"),
    exp.Filter: lambda _: syntax_error("FILTER"),
    exp.Lateral: lambda _: syntax_error("LATERAL"),
    exp.Lock: lambda _: WarehouseError("SELECT FOR UPDATE/SHARE is not supported", NOT_SUPPORTED),
    exp.Array: lambda _: syntax_error("["),
    exp.CheckColumnConstraint: lambda _: WarehouseError("CHECK constraints are not supported", NOT_SUPPORTED),
    exp.Command: lambda node: not_supported(node.sql()[:60]),
    exp.Transaction: lambda _: not_supported("transaction control in a statement of the Data API"),
    exp.Commit: lambda _: not_supported("transaction control in a statement of the Data API"),
    exp.Rollback: lambda _: not_supported("transaction control in a statement of the Data API"),
}

# sqlglot has `type` too, which is not on AWS's list ("Reserved words").
_RESERVED = frozenset(Redshift.Generator.RESERVED_KEYWORDS) - {"type"}

_CREATED = frozenset({"TABLE", "VIEW", "SCHEMA"})


def check(tree: exp.Expression) -> None:
    """Raise if the statement is none that Redshift runs, or none that we do."""
    for node in tree.walk():
        refused = _REFUSED.get(type(node))
        if refused:
            raise refused(node)
        if type(node) not in _ALLOWED:
            raise not_supported(f"{type(node).__name__}: {node.sql()[:60]}")
        match node:
            case exp.Create() if node.kind not in _CREATED:
                raise WarehouseError(
                    f'SQL command "CREATE {node.kind}" not supported on Redshift tables.', NOT_SUPPORTED
                )
            case exp.Distinct() if node.args.get("on"):
                raise WarehouseError("SELECT DISTINCT ON is not supported", NOT_SUPPORTED)
            case exp.Anonymous() if node.name.lower().startswith("rs_"):
                raise WarehouseError(f"function {node.name.lower()}() does not exist", "42883")
            case exp.Identifier():
                _check_reserved(node)
            case exp.Table():
                _check_table(node)
            case exp.Star() if any(node.args.values()):
                raise not_supported("SELECT * EXCLUDE")


def _check_reserved(name: exp.Identifier) -> None:
    """Refuse a reserved word that is not quoted; after AS, as an alias, any word is fine."""
    if name.args.get("quoted") or name.name.lower() not in _RESERVED:
        return
    if isinstance(name.parent, exp.Alias) and name.arg_key == "alias":
        return
    # `user` and `default` are read as columns; they are words of the language.
    if isinstance(name.parent, exp.Column) and not name.parent.table and name.name.lower() in ("user", "default"):
        return
    raise syntax_error(name.name)


def _check_table(table: exp.Table) -> None:
    unknown = {key for key, value in table.args.items() if value} - {
        "this",
        "db",
        "catalog",
        "alias",
        "joins",
        "pivots",
    }
    if unknown or table.args.get("pivots"):
        raise not_supported(f"{', '.join(sorted(unknown)) or 'PIVOT'} of a table")
    if table.catalog:
        raise not_supported("a query of another database")
