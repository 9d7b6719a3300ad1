"""The connection that a revision gets, and what it must not ask Alembic. Follows alembic.py and watch.py in one program."""

# Statements for "only if it is missing" and "only if it exists"; without a second part, an exception of the server is ignored.
GUARDED = {
    "CREATE TABLE ": "CREATE TABLE IF NOT EXISTS ",
    "CREATE SEQUENCE ": "CREATE SEQUENCE IF NOT EXISTS ",
    "CREATE TYPE ": None,
    "CREATE DOMAIN ": None,
    "DROP TABLE ": "DROP TABLE IF EXISTS ",
    "DROP SEQUENCE ": "DROP SEQUENCE IF EXISTS ",
    "DROP TYPE ": "DROP TYPE IF EXISTS ",
    "DROP DOMAIN ": "DROP DOMAIN IF EXISTS ",
}


class Unknown:
    """The result of a statement. Any use of it is a doubt."""

    def __init__(self, watch):
        object.__setattr__(self, "watch", watch)

    def __getattribute__(self, name):
        if name == "__class__":
            return Unknown
        object.__getattribute__(self, "watch").doubt("it uses the result of a statement")


def used(self, *arguments, **keywords):
    object.__getattribute__(self, "watch").doubt("it uses the result of a statement")


# Python looks these up in the class.
for operator in (
    "bool len iter next getitem contains call enter exit str repr format hash int float index complex bytes eq ne lt le gt ge add radd sub rsub "
    "mul rmul truediv rtruediv floordiv rfloordiv mod rmod and rand or ror xor rxor neg abs await aiter"
).split():
    setattr(Unknown, f"__{operator}__", used)


class Engine:
    """The engine of a Bind: which kind of database it is, and no more."""

    def __init__(self, dialect, watch):
        self.dialect, self.watch = dialect, watch

    name = property(lambda self: self.dialect.name)
    driver = property(lambda self: self.dialect.driver)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        self.watch.doubt(f"it uses `{name}` of the engine")


class Bind(Connection):
    """The connection of `op.get_bind()`: writes what it is given, and answers nothing."""

    KNOWN = {"dialect", "engine", "execute", "exec_driver_sql", "scalar", "scalars", "schema_for_object", "_run_ddl_visitor", "in_transaction"}

    def __init__(self, dialect, renderer):
        self.__dict__.update(dialect=dialect, engine=Engine(dialect, renderer.watch), renderer=renderer)

    def __getattribute__(self, name):
        if name.startswith("__") or name in Bind.KNOWN:
            return object.__getattribute__(self, name)
        object.__getattribute__(self, "__dict__")["renderer"].watch.doubt(f"it uses `{name}` of the connection")

    def __enter__(self):
        self.__dict__["renderer"].watch.doubt("it uses the connection in a `with` statement")

    def in_transaction(self):
        return True

    def schema_for_object(self, thing):
        return thing.schema

    def execute(self, statement, *rows, parameters=None, execution_options=None, **values):
        renderer = self.__dict__["renderer"]
        if isinstance(statement, str):
            return self.exec_driver_sql(statement, *rows, parameters)
        rows = [row for row in (*rows, parameters, values) if row]
        if len(rows) == 1 and isinstance(rows[0], (list, tuple)):
            rows = rows[0]
        if not all(isinstance(row, dict) for row in rows):
            renderer.watch.doubt("it sends values without names")
        for row in rows or [{}]:
            renderer.write(statement, row, execution_options)
        return Unknown(renderer.watch)

    scalars = execute

    def scalar(self, *arguments, **keywords):
        # Its result might be compared by `is`, which nothing sees.
        used(Unknown(self.__dict__["renderer"].watch))

    def exec_driver_sql(self, statement, *rows, parameters=None, execution_options=None):
        renderer = self.__dict__["renderer"]
        renderer.check(execution_options)
        if any(rows) or parameters:
            renderer.watch.doubt("it sends values through exec_driver_sql")
        if "%" in statement:
            renderer.watch.doubt("it sends a percent sign through exec_driver_sql, whose meaning depends on the driver")
        renderer.emit(statement)
        return Unknown(renderer.watch)

    def _run_ddl_visitor(self, visitor, element, **options):
        renderer = self.__dict__["renderer"]
        first = options.get("checkfirst")
        # Since SQLAlchemy 2.1 tables check for the types of their columns only, unless they are asked to do more.
        types_only = getattr(first, "name", None) == "TYPES" and element.__visit_name__ == "table"
        if first and not types_only:
            options["checkfirst"] = False
        step = renderer.watch.step
        before = step is not None and step.guarded
        if step is not None:
            step.guarded = before or bool(first) and not types_only
        try:
            visitor(dialect=self.dialect, connection=self, **options).traverse_single(element)
        finally:
            if step is not None:
                step.guarded = before


class Asked:
    """An attribute that only Alembic and SQLAlchemy may ask for: it says that there is no database."""

    def __init__(self, watch, name, reason):
        self.watch, self.name, self.reason = watch, name, reason

    def __get__(self, owner, kind):
        if owner is None:
            return self
        if self.watch.step is not None and not path_of(sys._getframe(1)).startswith(OURS):
            self.watch.doubt(self.reason)
        return owner.__dict__.get(self.name)

    def __set__(self, owner, value):
        owner.__dict__[self.name] = value


class Options(dict):
    """The arguments of context.configure, in a revision."""

    watch = None

    def __getitem__(self, name):
        self.ask(name)
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.ask(name)
        return super().get(name, default)

    def ask(self, name):
        if name == "as_sql" and self.watch.step is not None and not path_of(sys._getframe(2)).startswith(OURS):
            self.watch.doubt("it asks whether it runs offline")


def compiler(base, renderer):
    """SQLAlchemy's compiler, with the values of parameters."""

    class Compiler(base):
        def render_literal_bindparam(self, bind, *arguments, **keywords):
            given = {**(getattr(self, "_collected_params", None) or {}), **renderer.values}
            if bind.key in given:
                keywords.setdefault("render_literal_value", given[bind.key])
            elif bind.value is None and bind.callable is None:
                if bind.required:
                    renderer.watch.doubt(f"the parameter `{bind.key}` has no value")
                if isinstance(bind.type, JSON):
                    keywords.setdefault("render_literal_value", None)
            return super().render_literal_bindparam(bind, *arguments, **keywords)

        def render_literal_value(self, value, kind):
            if type(value) is Unknown:
                used(value)
            if value is None and not kind.should_evaluate_none:
                return "NULL"
            if isinstance(kind, NullType):
                kind = literal(value).type
            items = value if isinstance(value, (list, tuple)) else ()
            if any(isinstance(item, (bytes, datetime.timedelta, list, tuple, dict)) for item in items) and not isinstance(kind, JSON):
                renderer.watch.doubt("it sends a list of values that cannot be written in SQL")
            decorated = isinstance(kind, TypeDecorator) and not isinstance(kind, Interval)
            written = None if decorated else self.written(value, kind)
            return super().render_literal_value(value, kind) if written is None else written

        @staticmethod
        def written(value, kind):
            """The literal of a value that SQLAlchemy cannot write, or writes differently from what a driver sends."""
            if isinstance(kind, JSON):
                if isinstance(value, Null) or value is None and kind.none_as_null:
                    return "NULL"
                value = json.dumps(None if value is JSON.NULL else value).replace("'", "''")
                return f"'{value}'"
            if isinstance(value, (bytes, bytearray, memoryview)):
                return f"'\\x{bytes(value).hex()}'::bytea"
            if isinstance(value, float) and not math.isfinite(value):
                return f"'{value}'::float8"
            if isinstance(value, datetime.timedelta):
                return f"'{value.days} days {value.seconds}.{value.microseconds:06} seconds'::interval"
            if isinstance(value, (datetime.date, datetime.time, uuid.UUID)):
                return f"'{value}'"
            return None

    return Compiler
