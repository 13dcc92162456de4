"""One statement of Redshift's SQL as a statement of PostgreSQL that answers the same, or an error.

In: the text, the values of its named parameters, and the names of the columns whose type is SUPER. Out: `Translation`.
What Redshift would refuse is refused in its words, also where PostgreSQL would run it; what this stand-in cannot run is
refused as "not supported by the local warehouse". It never guesses: a kind of expression that is not listed is refused.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import ParseError, SqlglotError, UnsupportedError

from localcloud_warehouse import commands, definitions, physical, refusals, semistructured
from localcloud_warehouse.dialect import DATE_PART_FIRST, FUNCTIONS, Warehouse, literals
from localcloud_warehouse.errors import WarehouseError, not_supported, syntax_error

# It warns of each statement that it does not know before it hands it over as a Command, which is refused below.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

MAX_IDENTIFIER_BYTES = 63  # PostgreSQL cuts longer names off in silence; Redshift allows 127


@dataclass(frozen=True)
class Translation:
    """What to run instead.

    Attributes
    ----------
    sql
        For PostgreSQL.
    commits
        Redshift commits the transaction after it (TRUNCATE).
    outside_transaction
        What cannot run in a transaction, as the error names it (VACUUM, ALTER TABLE ALTER COLUMN), or "".
    """

    sql: str
    commits: bool = False
    outside_transaction: str = ""


def translate(
    sql: str,
    parameters: Mapping[str, str] | None = None,
    super_columns: Callable[[], frozenset[str]] = frozenset,
) -> Translation:
    """Translate one statement.

    Parameters
    ----------
    super_columns
        Asked only when the statement might navigate into a SUPER value; answers lower-case column names.

    Raises
    ------
    WarehouseError
        Redshift does not run it, or we do not.
    """
    text, keys = physical.strip(literals(sql))
    if not physical.tokenize(text):
        raise syntax_error("")
    command = commands.translate(text)
    if command is not None:
        return Translation(command.sql, outside_transaction=command.outside_transaction)
    tree = _parse(text)
    refusals.check(tree)
    tree = _rewrite(tree, keys, parameters or {}, super_columns)
    alters_type = isinstance(tree, exp.Alter) and isinstance(tree.args["actions"][0], exp.AlterColumn)
    try:
        return Translation(
            tree.sql("postgres", unsupported_level=ErrorLevel.IMMEDIATE),
            commits=isinstance(tree, exp.TruncateTable),
            outside_transaction="ALTER TABLE ALTER COLUMN" if alters_type else "",
        )
    except UnsupportedError as error:
        raise not_supported(str(error)) from error


def _parse(text: str) -> exp.Expression:
    try:
        trees = sqlglot.parse(text, read=Warehouse, error_level=ErrorLevel.IMMEDIATE)
    except ParseError as error:
        raise syntax_error(error.errors[0].get("highlight", "") if error.errors else "") from error
    except SqlglotError as error:
        raise WarehouseError(f"syntax error: {error}", "42601") from error
    statements = [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(statements) != 1:
        raise WarehouseError("cannot insert multiple commands into a prepared statement", "42601")
    statement = statements[0]
    if not isinstance(statement, exp.Expression):
        raise syntax_error(text[:20])
    return statement


def _rewrite(
    tree: exp.Expression, keys: list[str], parameters: Mapping[str, str], super_columns: Callable[[], frozenset[str]]
) -> exp.Expression:
    _fold_names(tree)
    definitions.rewrite(tree, keys)
    semistructured.rewrite(tree, super_columns)
    _bind(tree, parameters)
    _redirect_views(tree)
    # Innermost first: what is replaced may hold another one.
    for node in reversed(list(tree.walk())):
        replacement = _function(node)
        if replacement is not None and replacement is not node:
            node.replace(replacement)
    return tree


def _fold_names(tree: exp.Expression) -> None:
    """Fold names to lower case, quoted ones too: enable_case_sensitive_identifier is off."""
    for name in tree.find_all(exp.Identifier):
        folded = name.name.lower()
        if len(folded.encode()) > MAX_IDENTIFIER_BYTES:
            raise not_supported(f"a name of more than {MAX_IDENTIFIER_BYTES} bytes: {folded}")
        name.set("this", folded)
        if folded.startswith("#"):
            name.set("quoted", True)


def _bind(tree: exp.Expression, parameters: Mapping[str, str]) -> None:
    """Put the values of `:name` in, as text whose type PostgreSQL infers from the place, as the Data API does."""
    used = set()
    for place in list(tree.find_all(exp.Placeholder)):
        name = place.name
        if name not in parameters:
            raise WarehouseError(f"Parameter :{name} has no value" if name else 'syntax error at or near "?"', "42601")
        used.add(name)
        place.replace(exp.Literal.string(parameters[name]))
    if unused := set(parameters) - used:
        raise WarehouseError(f"Parameters are not used in the statement: {', '.join(sorted(unused))}", "42601")


def _redirect_views(tree: exp.Expression) -> None:
    """Read information_schema where types have Redshift's names (super, not jsonb)."""
    for table in tree.find_all(exp.Table):
        if table.db == "information_schema" and table.name in ("columns", "tables"):
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("this", exp.to_identifier(f"svv_{table.name}"))
            table.set("db", exp.to_identifier("pg_catalog"))


def _function(node: exp.Expr) -> exp.Expr | None:
    """Return what stands for a function or operator here, or None if it stays."""
    match node:
        case exp.WithinGroup(this=exp.Anonymous() as call) if call.name.lower() == "listagg":
            return _listagg(call, node.expression)
        case exp.Anonymous():
            return None if isinstance(node.parent, exp.WithinGroup) and node.name.lower() == "listagg" else _call(node)
        case exp.Extract():
            return exp.func("rs_extract", exp.Literal.string(node.this.name), node.expression, dialect="postgres")
        case exp.TryCast():
            return exp.Cast(this=node.this, to=node.args["to"])
        case exp.DecodeCase():
            return _decode(node)
    return None


def _call(call: exp.Anonymous) -> exp.Expression | None:
    name = call.name.lower()
    if name.startswith("rs_"):
        return None
    if name not in FUNCTIONS:
        raise WarehouseError(f"function {name}() does not exist, or is not supported by the local warehouse", "42883")
    arguments = list(call.expressions)
    if name in DATE_PART_FIRST and arguments:
        arguments[0] = _date_part(arguments[0])
    match name, arguments:
        case "concat", [left, right]:
            return exp.Paren(this=exp.DPipe(this=left, expression=right, safe=False))
        case "concat", _:
            raise WarehouseError("function concat() takes two arguments", "42883")
        case "listagg", _:
            return _listagg(call, None)
        case "median", [value]:
            order = exp.Order(expressions=[exp.Ordered(this=value)])
            return exp.WithinGroup(this=_plain("percentile_cont", exp.Literal.number("0.5")), expression=order)
        case "nvl2", [tested, present, absent]:
            return exp.Case(
                ifs=[exp.If(this=exp.Not(this=exp.Is(this=tested, expression=exp.Null())), true=present)],
                default=absent,
            )
        case "dateadd" | "date_add", [_, _, exp.Literal(is_string=True) as literal]:
            arguments[2] = exp.cast(literal, "timestamp")
        case "date_part" | "date_trunc", [part, *_]:
            arguments[0] = _plain("rs_date_part_name", part)
    return _plain(FUNCTIONS[name], *arguments)


def _plain(name: str, *arguments: exp.Expression) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _date_part(node: exp.Expression) -> exp.Expression:
    return exp.Literal.string(node.name) if isinstance(node, exp.Column | exp.Var | exp.Identifier) else node


def _decode(node: exp.DecodeCase) -> exp.Expression:
    """DECODE takes two NULLs for equal."""
    tested, *rest = node.expressions
    pairs = zip(rest[0::2], rest[1::2], strict=False)
    ifs = [exp.If(this=exp.NullSafeEQ(this=tested.copy(), expression=value), true=result) for value, result in pairs]
    return exp.Case(ifs=ifs, default=rest[-1] if len(rest) % 2 else None)


def _listagg(call: exp.Anonymous, order: exp.Expression | None) -> exp.Expression:
    """Aggregate into an array first: STRING_AGG(DISTINCT) would sort numbers as text."""
    if isinstance(call.find_ancestor(exp.Window, exp.Select), exp.Window):
        raise not_supported("LISTAGG as a window function")
    arguments = list(call.expressions)
    distinct = isinstance(arguments[0], exp.Distinct)
    if distinct:
        arguments = list(arguments[0].expressions)
    value, separator = (*arguments, exp.Literal.string(""))[:2]
    items: exp.Expression = exp.Distinct(expressions=[value]) if distinct else value
    if order is not None:
        items = exp.Order(this=items, expressions=order.expressions)
    present = exp.Where(this=exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null())))
    return _plain("array_to_string", exp.Filter(this=_plain("array_agg", items), expression=present), separator)
