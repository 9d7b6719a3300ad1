"""Checks and comments for columns, from a description of the variables in YAML."""

import yaml

from mighost import execute, identifier, in_schema, literal, sql

KEYS = {"title", "unit", "minimum", "maximum", "values"}


def describe(table, description):
    variables = read(description)
    for column, variable in variables.items():
        for name, condition in checks(table, column, variable):
            execute("alter table {} add constraint {:i} check ({})", in_schema(table), name, condition)
        execute("comment on column {}.{:i} is {}", in_schema(table), column, comment(column, variable))
    return len(variables)


def forget(table, description):
    for column, variable in read(description).items():
        for name, _ in checks(table, column, variable):
            execute("alter table {} drop constraint {:i}", in_schema(table), name)
        execute("comment on column {}.{:i} is null", in_schema(table), column)


def read(description):
    """The variables by column; anything else than expected is refused, for a misspelt limit would limit nothing."""
    variables = yaml.safe_load(description)
    if not isinstance(variables, dict):
        raise ValueError("the description is not a mapping from columns to variables")
    for column, variable in variables.items():
        if not isinstance(variable, dict):
            raise ValueError(f"{column}: a variable is a mapping with {', '.join(sorted(KEYS))}")
        if unknown := set(variable) - KEYS:
            raise ValueError(f"{column}: {', '.join(sorted(map(str, unknown)))} is not known; known are {', '.join(sorted(KEYS))}")
    return variables


def checks(table, column, variable):
    """Pairs of a constraint's name and its condition."""
    name = identifier(column)
    if "minimum" in variable:
        yield f"{table}_{column}_minimum", sql("{} >= {}", name, variable["minimum"])
    if "maximum" in variable:
        yield f"{table}_{column}_maximum", sql("{} <= {}", name, variable["maximum"])
    if "values" in variable:
        values = sql("{:r}", ", ".join(literal(value) for value in variable["values"]))
        yield f"{table}_{column}_values", sql("{} in ({})", name, values)


def comment(column, variable):
    title = variable.get("title", column)
    return f"{title} [{variable['unit']}]" if "unit" in variable else title
