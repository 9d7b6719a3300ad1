"""What migrations and plugins in Python use.

    from mighost import execute, identifier, info, query

    def upgrade():
        execute("create table {:i} (station_id integer primary key, name text default {})", "stations", "it's new")
        for row in query("select station_id, name from stations where name = $1", "Harbour"):
            info(f"{row.station_id}: {row.name}")

A statement that fails ends the run: the host rolls back and reports it, so there is no error to handle. An exception that nobody
catches ends the run as well, and is reported with file and line.

The operations of plugins that the manifest names under `uses` are modules of `mighost.plugins`:

    from mighost.plugins import roles
    roles.set_role("weather")

The sandbox has Python's standard library without files, network, threads and processes; the clock stands still.
"""

import string as _string
from contextlib import contextmanager as _contextmanager
from datetime import date as _date, datetime as _datetime, time as _time
from decimal import Decimal as _Decimal
from uuid import UUID as _UUID

from componentize_py_types import Err as _Err
from wit_world.imports import assets as _assets, context, database as _database, log as _log, postgres, session

try:
    from wit_world.imports import objects as _objects
except ImportError:  # a plugin that serves no kind of objects
    _objects = None
try:
    from wit_world.imports import replaceable as _replaceable
except ImportError:  # only migrations have it
    _replaceable = None

# ---- Quoting

_FORMATS = {"", "l", "i", "r"}


class Sql(str):
    """A piece of SQL that goes into a statement as it stands. Made by `identifier`, `qualified`, `literal`, `raw`, `sql`."""


def identifier(name):
    """A name in double quotes: `crmp` gives `"crmp"`."""
    return Sql('"' + str(name).replace('"', '""') + '"')


def identifiers(names):
    """Names with commas between them, each quoted."""
    return Sql(", ".join(identifier(name) for name in names))


def qualified(schema, name):
    """`schema.name`, both quoted."""
    return Sql(f"{identifier(schema)}.{identifier(name)}")


def in_schema(name):
    """`name` in the schema that the run targets, both quoted."""
    return qualified(context.schema(), name)


def literal(value):
    """A value as SQL writes it: a text in single quotes, a number as it is, None as NULL."""
    if value is None:
        return Sql("NULL")
    if isinstance(value, bool):
        return Sql("true" if value else "false")
    if isinstance(value, int) or (isinstance(value, _Decimal) and value.is_finite()):
        return Sql(value)
    if isinstance(value, _Decimal):
        return literal(str(value))
    if isinstance(value, float):
        return Sql(repr(value)) if value - value == 0 else literal(str(value))
    if isinstance(value, (bytes, bytearray)):
        return literal("\\x" + value.hex())
    if isinstance(value, (str, _date, _time, _UUID)):
        text = str(value).replace("'", "''")
        return Sql("E'" + text.replace("\\", "\\\\") + "'" if "\\" in text else "'" + text + "'")
    raise TypeError(f"a {type(value).__name__} cannot be written as SQL: make it a text, a number or None first")


def raw(text):
    """SQL as it is, e.g. an expression. The caller vouches for it."""
    return Sql(text)


def _apart(text):
    # After a minus sign, that of a negative number would begin a comment.
    return text + " " if text.endswith("-") else text


class _Formatter(_string.Formatter):
    def format_field(self, value, spec):
        if spec not in _FORMATS:
            raise ValueError(f"{{:{spec}}} is no way to put a value into SQL: {{}} is a literal, {{:i}} a name, {{:r}} SQL as it stands")
        if spec == "r" or (spec == "" and isinstance(value, Sql)):
            return str(value)
        return str(identifier(value) if spec == "i" else literal(value))

    def parse(self, text):
        for before, *field in super().parse(text):
            yield _apart(before), *field

    def check_unused_args(self, used, positional, named):
        for name in [*range(len(positional)), *named]:
            if name not in used:
                raise ValueError(f"the statement has no place for the value {name!r}")


_formatter = _Formatter()


def sql(text, *values, **named):
    """`text` with a value at each `{}`: `{}` or `{name}` is a literal, `{:i}` or `{name:i}` a quoted name, `{:r}` or `{name:r}` SQL as it
    stands. Pieces that are quoted already go in as they are. With no values, braces mean nothing. A template string (t"...") does as well.
    """
    if hasattr(text, "interpolations"):
        return Sql("".join(_piece(part) for part in text))
    return Sql(_formatter.vformat(text, values, named) if values or named else text)


def _piece(part):
    return _apart(part) if isinstance(part, str) else _formatter.format_field(part.value, part.format_spec)


# ---- Statements and queries


def execute(text, *values, **named):
    """Sends a statement, or several separated by semicolons; values as with `sql`."""
    _database.execute(sql(text, *values, **named), [])


def execute_script(script):
    """Sends a script with psql's variables filled in: `:"schema"`, `:'name'`, `:name` for the run's arguments."""
    _database.execute_script(script)


def execute_asset(name):
    """Sends a script below `assets/`, as `execute_script` does. Its text does not pass through Python."""
    _database.execute_asset(name)


def run(statement, *params):
    """Sends one statement with parameters, written `$1`, `$2`, without waiting for its result."""
    _database.execute(statement, [_value(param) for param in params])


def run_counted(statement, *params):
    """Runs one statement with parameters, waits for it, and returns the number of rows that it returned or changed."""
    return _database.execute_counted(statement, [_value(param) for param in params])


def query(statement, *params):
    """All rows of a query; parameters as with `run`. Results beyond 64 MiB end the run: `cursor` is for those."""
    return _rows(_database.query(statement, [_value(param) for param in params]))


def query_one(statement, *params):
    """The only row of a query."""
    rows = query(statement, *params)
    if len(rows) != 1:
        raise LookupError(f"one row was expected, {len(rows) or 'none'} came: {statement}")
    return rows[0]


def query_value(statement, *params):
    """The first column of the only row of a query."""
    return query_one(statement, *params)[0]


class DatabaseError(Exception):
    """What `try_execute`, `try_run` and `try_query` raise, with PostgreSQL's fields `severity`, `sqlstate`, `message`, `detail`, `hint`,
    `position` and `context`, and what the error is about as the dictionary `fields`: `schema`, `table`, `column`, `datatype`, `constraint`."""

    def __init__(self, error):
        super().__init__(f"{error.message} ({error.sqlstate})")
        self.severity, self.sqlstate, self.message, self.detail = error.severity, error.sqlstate, error.message, error.detail
        self.hint, self.position, self.context = error.hint, error.position, error.context
        self.fields = dict(error.fields)


def _try(statement, params):
    try:
        return _database.try_query(statement, [_value(param) for param in params])
    except _Err as error:
        raise DatabaseError(error.value) from None


def try_execute(text, *values, **named):
    """Runs one statement under a savepoint and returns the number of rows that it returned or changed. On failure it is undone, the transaction
    goes on, and `DatabaseError` is raised."""
    return _try(sql(text, *values, **named), ()).affected


def try_run(statement, *params):
    """As `try_execute`, with parameters as with `run`."""
    return _try(statement, params).affected


def try_query(statement, *params):
    """All rows of a query that may fail, as with `try_execute`."""
    return _rows(_try(statement, params))


def cursor(statement, *params, batch=1000):
    """The rows of a query, fetched `batch` at a time."""
    with _database.Cursor.open(statement, [_value(param) for param in params], batch) as rows:
        names = [column.name for column in rows.columns()]
        while found := rows.next():
            for row in found:
                yield Row(names, row)


def copy_in(table, columns, rows):
    """Inserts `rows`, each a sequence of values, by COPY, the fastest way to insert many. Returns how many there were."""
    copy = postgres.CopyIn.open(table, list(columns))
    part = []
    for row in rows:
        part.append([_value(value) for value in row])
        if len(part) == 1000:
            copy.write(part)
            part = []
    if part:
        copy.write(part)
    return postgres.CopyIn.finish(copy)


def copy_asset(table, columns, name, **options):
    """Inserts the rows of a file below `assets/` by COPY, and returns how many there were. Options are COPY's:
    `copy_asset("readings", columns, "readings.csv", format="csv", header="true")`. The data does not pass through Python."""
    return postgres.copy_asset(table, list(columns), name, [(option, str(value)) for option, value in options.items()])


def copy_query(table, columns, statement, *params, batch=1000):
    """Inserts the rows of a query by COPY, `batch` at a time, and returns how many there were. They do not pass through Python."""
    with _database.Cursor.open(statement, [_value(param) for param in params], batch) as rows:
        return postgres.copy_cursor(table, list(columns), rows)


@_contextmanager
def savepoint():
    """`with savepoint():` undoes what was done inside, if an exception leaves it. Catch the exception to go on."""
    opened = _database.Savepoint()
    try:
        yield
    except BaseException:
        _database.Savepoint.roll_back(opened)
        raise
    _database.Savepoint.release(opened)


@_contextmanager
def outside_transaction():
    """`with outside_transaction():` leaves the transaction, for statements that cannot run inside one. What was done so far is committed."""
    left = _database.in_transaction()
    if left:
        _database.suspend_transaction()
    yield
    if left:
        _database.resume_transaction()


def _rows(answer):
    names = [column.name for column in answer.columns]
    return [Row(names, row) for row in answer.rows]


class Row(tuple):
    """A row: `row[0]`, `row["name"]`, `row.name`."""

    def __new__(cls, columns, values):
        row = super().__new__(cls, [_python(value) for value in values])
        row._columns = columns
        return row

    def __getitem__(self, key):
        if not isinstance(key, str):
            return super().__getitem__(key)
        try:
            return super().__getitem__(self._columns.index(key))
        except ValueError:
            raise KeyError(f"the result has no column {key}; it has {', '.join(self._columns)}") from None

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def as_dict(self):
        return dict(zip(self._columns, self))


def _value(value):
    if value is None:
        return _database.Value_Null()
    if isinstance(value, bool):
        return _database.Value_Boolean(value)
    if isinstance(value, int):
        return _database.Value_Integer(value) if -(2**63) <= value < 2**63 else _database.Value_Text(str(value))
    if isinstance(value, float):
        return _database.Value_Real(value)
    if isinstance(value, (bytes, bytearray)):
        return _database.Value_Bytes(bytes(value))
    if isinstance(value, (str, _Decimal, _date, _datetime, _time, _UUID)):
        return _database.Value_Text(str(value))
    raise TypeError(f"a {type(value).__name__} cannot be a parameter: make it a text, a number or None first")


def _python(value):
    return None if isinstance(value, _database.Value_Null) else value.value


# ---- Objects that are replaced as a whole


def of_kind(kind, name, definition, **options):
    """A replaceable object of any kind. Options take a text, or a list for those that repeat: `index=["a (x)", "b (y)"]`. An underscore in
    an option's name stands for `-`."""
    listed = []
    for option, values in options.items():
        for value in [values] if isinstance(values, str) else values:
            listed.append((option.replace("_", "-"), str(value)))
    return _objects.Object(kind, name, definition, listed)


def view(name, query, **options):
    """A view: its name and its SELECT."""
    return of_kind("view", name, query, **options)


def materialized_view(name, query, **options):
    """A materialized view: its name and its SELECT."""
    return of_kind("materialized-view", name, query, **options)


def function(identity, definition, **options):
    """A function: its identity, e.g. `area(integer)`, and what follows the name in CREATE FUNCTION."""
    return of_kind("function", identity, definition, **options)


def procedure(identity, definition, **options):
    """A procedure: its identity, and what follows the name in CREATE PROCEDURE."""
    return of_kind("procedure", identity, definition, **options)


def trigger(identity, definition, **options):
    """A trigger: its identity, and the rest of CREATE TRIGGER as the plugin documents it."""
    return of_kind("trigger", identity, definition, **options)


class replaceable:
    """Operations on replaceable objects. A migration's function `objects` returns its versions: `{"key": view(...)}`."""

    @staticmethod
    def create(item):
        """Creates an object that does not exist."""
        _replaceable.create(item)

    @staticmethod
    def drop(item):
        """Drops an object, but nothing that depends on it."""
        _replaceable.drop(item)

    @staticmethod
    def replace(item, replaces=None):
        """Replaces the version that `replaces` names as `REVISION.KEY` or, with none, the nearest ancestor's."""
        _replaceable.replace(item, replaces)

    @staticmethod
    def restore(item, version=None):
        """The reverse of `replace`, for downgrades."""
        _replaceable.restore(item, version)


# ---- The artifact's files, messages


def asset_names():
    """The names of the files below `assets/` beside the code."""
    return [name for name in _assets.names() if not name.startswith("mighost:")]


def asset(name):
    """The file `assets/NAME` beside the code, as bytes."""
    content = _assets.read(name)
    if content is None:
        raise FileNotFoundError(f"there is no file assets/{name}")
    return content


def asset_text(name):
    """The file `assets/NAME` beside the code, as text."""
    return asset(name).decode()


def debug(text):
    """A message that is shown with --verbose only."""
    _log.message(_log.Level.DEBUG, str(text))


def info(text):
    """A message for the person who watches the run."""
    _log.message(_log.Level.INFO, str(text))


def warn(text):
    """A warning for the person who watches the run."""
    _log.message(_log.Level.WARN, str(text))


def progress(done, total=None):
    """`done` of `total` units of your choice."""
    _log.progress(done, total)


def fail(reason):
    """Ends the run, with `reason` for the person who watches it."""
    context.fail(str(reason))
