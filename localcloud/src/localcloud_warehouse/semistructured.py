"""Navigation into SUPER values (`t.items[0].name`), which PostgreSQL's jsonb has no such syntax for.

In: a parsed statement with folded names, and a way to ask which columns are SUPER. It is changed in place. Whether
`a.b` is column `b` of table `a` or attribute `b` of column `a` can only be told from these names.
"""

import json
from collections.abc import Callable

from sqlglot import exp

_TEXT = frozenset({exp.DataType.Type.VARCHAR, exp.DataType.Type.CHAR, exp.DataType.Type.TEXT})
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
PATH = "rs_path"


def rewrite(tree: exp.Expression, super_columns: Callable[[], frozenset[str]]) -> None:
    """Rewrite paths, what is cast or compared of them, and the unnesting of arrays in FROM."""
    if not any(_may_navigate(node) for node in tree.walk()):
        return
    columns = super_columns()
    tables = {table.alias_or_name for table in tree.find_all(exp.Table)}
    for unnest in list(tree.find_all(exp.Unnest)):
        columns |= _unnest(unnest)
    for node in list(tree.walk()):
        if node.parent is not None and _is_outermost(node):
            path = _path(node, columns, tables)
            if path is not None:
                node.replace(path)
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name == PATH:
            _compare(call)
    for cast in list(tree.find_all(exp.Cast)):
        if cast.to.this in _TEXT and _is_super(cast.this, columns, tables):
            # The text of a scalar, not its JSON.
            cast.set(
                "this", exp.Paren(this=exp.JSONBExtractScalar(this=cast.this, expression=exp.Literal.string("{}")))
            )


def _may_navigate(node: exp.Expr) -> bool:
    return isinstance(node, exp.Dot | exp.Bracket | exp.Unnest | exp.Cast) or (
        isinstance(node, exp.Column) and bool(node.table)
    )


def _is_outermost(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column | exp.Dot | exp.Bracket) and not isinstance(node.parent, exp.Dot | exp.Bracket)


def _path(node: exp.Expr, columns: frozenset[str], tables: set[str]) -> exp.Expression | None:
    steps: list[str] = []
    while isinstance(node, exp.Dot | exp.Bracket):
        steps.insert(0, node.expressions[0].name if isinstance(node, exp.Bracket) else node.expression.name)
        node = node.this
    if not isinstance(node, exp.Column):
        return None
    names = [part.name for part in node.parts]
    root = _root(names, columns, tables)
    steps = names[root + 1 :] + steps
    if not steps or names[root] not in columns:
        return None
    column = exp.column(names[root], *reversed(names[:root]), quoted=True)
    return exp.Anonymous(this=PATH, expressions=[column, *(exp.Literal.string(step) for step in steps)])


def _root(names: list[str], columns: frozenset[str], tables: set[str]) -> int:
    """Return where the column stands in a.b.c: after the table, if it begins with one."""
    if names[0] in tables and len(names) > 1:
        return 1
    for index, name in enumerate(names[:-1]):
        if name in columns:
            return index
    return len(names) - 1


def _is_super(node: exp.Expr, columns: frozenset[str], tables: set[str]) -> bool:
    if isinstance(node, exp.Anonymous):
        return node.name == PATH
    return isinstance(node, exp.Column) and node.name in columns and (not node.table or node.table in tables)


def _compare(call: exp.Anonymous) -> None:
    """Compare with a literal as with a JSON scalar, as Redshift's dynamic typing does."""
    parent = call.parent
    if not isinstance(parent, _COMPARISONS):
        return
    other = parent.expression if parent.this is call else parent.this
    if isinstance(other, exp.Literal):
        text = json.dumps(other.name) if other.is_string else other.name
        other.replace(exp.cast(exp.Literal.string(text), "jsonb"))


def _unnest(unnest: exp.Unnest) -> frozenset[str]:
    """`FROM t, t.items AS i`: one row per element."""
    alias = unnest.args.get("alias")
    names = [name.name for name in alias.columns] if alias else []
    name = names[0] if names else "element"
    source = exp.Anonymous(this="rs_elements", expressions=[unnest.expressions[0]])
    table = exp.TableAlias(this=exp.to_identifier(f"_{name}"), columns=[exp.to_identifier(name)])
    unnest.replace(exp.Lateral(this=source, alias=table))
    return frozenset({name})
