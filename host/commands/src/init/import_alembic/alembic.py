"""Tells mighost what Alembic knows of a project: JSON on stdout.

Called as: python -c ... INI SECTION X...  This file, watch.py and bind.py are one program, which `main` starts.

Reads the revisions through Alembic's own ScriptDirectory, then runs env.py once, offline, and lets each revision write its statements, one
at a time, in both directions. Nothing is sent to a database.

What differs from `alembic upgrade --sql`: no BEGIN and COMMIT and no statements on the version table; a percent sign is written once,
whatever the driver; tabulators stay; values are written out.

A script is right for every database, or there is none: a revision whose statements may depend on what is not known here - the database, the
mode, the arguments of a command, the environment, the time - raises a `Doubt`. It is recorded before it is raised, because a revision may
catch it.
"""

import argparse
import contextlib
import datetime
import dis
import io
import json
import math
import os
import sys
import sysconfig
import uuid

answer_file = os.fdopen(os.dup(1), "w", encoding="utf-8")
# What env.py and the migrations print is not part of the answer.
os.dup2(2, 1)
sys.stdout = sys.stderr
# Else a folder `alembic` of the project's would be taken for Alembic.
if sys.path[:1] == [""]:
    del sys.path[0]

try:
    import alembic
    import sqlalchemy
    from alembic import command, util
    from alembic.config import Config
    from alembic.ddl.impl import DefaultImpl
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import HeadMaintainer, MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import literal, text
    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.default import DefaultDialect
    from sqlalchemy.engine.reflection import Inspector
    from sqlalchemy.schema import DDLElement
    from sqlalchemy.sql.dml import Insert, Update
    from sqlalchemy.sql.elements import Null
    from sqlalchemy.types import JSON, Interval, NullType, TypeDecorator
except ImportError as error:
    sys.exit(f"NO ALEMBIC: {error}")

def say(error):
    """One line of what went wrong."""
    lines = str(error).strip().splitlines()
    name = type(error).__name__
    return f"{name}: {lines[0]}"[:500] if lines else name


def names(value):
    return [str(name) for name in util.to_tuple(value, default=())]


def configuration(ini, section, extra):
    options = argparse.Namespace(
        config=[ini], name=section, x=extra, raiseerr=True, quiet=True, verbose=False, sql=True, tag=None,
        revision="head", cmd=(command.upgrade, ["revision"], ["sql", "tag"]),
    )
    pyproject = os.path.join(os.path.dirname(ini), "pyproject.toml")
    arguments = dict(ini_section=section, cmd_opts=options, stdout=sys.stderr)
    if os.path.basename(ini) == "pyproject.toml":
        return Config(toml_file=ini, **arguments)
    if os.path.exists(pyproject):
        try:
            return Config(file_=ini, toml_file=pyproject, **arguments)
        except TypeError:
            pass  # before Alembic 1.16
    return Config(file_=ini, **arguments)


class Step:
    """Stands for Alembic's RevisionStep: the revision's function, and what happened in it."""

    stamp_revision = up_revision = None
    from_revisions_no_deps = to_revisions_no_deps = from_revisions = to_revisions = ()
    info = None

    def __init__(self, script, upgrade, watch):
        self.script, self.is_upgrade, self.is_downgrade, self.watch = script, upgrade, not upgrade, watch
        self.path = os.path.abspath(str(script.path))
        self.output = io.StringIO()
        self.autocommit, self.guarded, self.random = False, False, False
        # Why there is no script; why there is no way back.
        self.why, self.one_way = watch.loading.get(self.path), None

    short_log = property(lambda self: self.script.revision)

    def __str__(self):
        return self.short_log

    def migration_fn(self, **kw):
        # The line "Running ..." came before.
        self.output.seek(0)
        self.output.truncate()
        name = "upgrade" if self.is_upgrade else "downgrade"
        function = getattr(self.script.module, name, None)
        if function is None:
            self.refuses(f"there is no function {name}")
            return
        try:
            with self.watch.during(self):
                function(**kw)
            if self.random:
                # A library's chance, which may be without effect.
                first = self.output.getvalue()
                self.output.seek(0)
                self.output.truncate()
                with self.watch.during(self):
                    function(**kw)
                if self.output.getvalue() != first:
                    self.record(RANDOM)
        except Doubt:
            pass  # recorded
        except (Exception, SystemExit) as error:
            if self.decided(error):
                self.refuses(f"it raises {say(error)}")
            else:
                self.record(f"it does not run without a database: {say(error)}", self.line(error))

    def decided(self, error):
        """Whether the project's own code raises it, in any case: a downgrade that is not meant to be."""
        if self.why is not None or error.__context__ is not None or error.__cause__ is not None:
            return False
        if isinstance(error, SystemExit):
            return True
        trace = error.__traceback__
        while trace.tb_next is not None:
            trace = trace.tb_next
        path = path_of(trace.tb_frame)
        operation = trace.tb_frame.f_code.co_code[trace.tb_lasti]
        foreign = (is_standard(path) or is_package(path)) and path != self.path
        return not foreign and operation == dis.opmap["RAISE_VARARGS"]

    def refuses(self, reason):
        if self.is_upgrade:
            self.record(reason)
        elif self.why is None:
            self.one_way = reason

    def line(self, error):
        line, trace = None, error.__traceback__
        while trace is not None:
            if path_of(trace.tb_frame) == self.path:
                line = trace.tb_lineno
            trace = trace.tb_next
        return line

    def record(self, reason, line=None):
        if self.why is None:
            self.why = f"{reason} (line {line})" if line else reason

    def answer(self):
        sql = "" if self.one_way else self.output.getvalue()
        return dict(sql=sql, why=self.why, one_way=self.one_way, autocommit=self.autocommit)


class Renderer:
    """Takes the place of the parts of Alembic that write."""

    def __init__(self, revisions, watch):
        self.revisions, self.watch, self.rendered, self.facts, self.calls = revisions, watch, {}, {}, 0
        self.implementation, self.values, self.outside, self.callbacks = None, {}, [], False
        renderer, connect, construct_inspector = self, DefaultDialect.connect, Inspector._construct

        def execute(impl, construct, execution_options=None, multiparams=None, params=None):
            if impl is not renderer.implementation and impl.__dict__["as_sql"] and watch.step is not None:
                watch.doubt("it writes a script of its own")
            construct = text(construct) if isinstance(construct, str) else construct
            for row in [params or {}] if multiparams is None else multiparams:
                renderer.write(construct, row, execution_options)

        def bind(context, connection):
            return Bind(context.dialect, renderer)

        @contextlib.contextmanager
        def autocommit_block(context):
            if watch.step is not None:
                watch.step.autocommit = True
            yield

        def heads(context):
            if watch.step is not None:
                watch.doubt("it asks for the current revision")
            return ()

        def inspector(*arguments):
            if watch.step is not None:
                watch.doubt("it inspects the database")
            return construct_inspector(*arguments)

        def attributes(config):
            if watch.step is not None:
                watch.doubt("it depends on what a program passes in `attributes`")
            return config.__dict__.setdefault("attributes", {})

        def refused(original, reason):
            def method(owner, *arguments, **keywords):
                if watch.step is not None:
                    watch.doubt(reason)
                return original(owner, *arguments, **keywords)

            return method

        DefaultImpl._exec = execute
        DefaultImpl.emit_begin = DefaultImpl.emit_commit = lambda impl: None
        DefaultImpl.as_sql = Asked(watch, "as_sql", "it asks whether it runs offline")
        DefaultImpl.static_output = refused(DefaultImpl.static_output, "it writes to the output of --sql")
        DefaultDialect.connect = refused(connect, "it connects to a database by itself")
        Inspector._construct = staticmethod(inspector)
        MigrationContext.as_sql = Asked(watch, "as_sql", "it asks whether it runs offline")
        MigrationContext._stdout_connection = bind
        MigrationContext.autocommit_block = autocommit_block
        MigrationContext.get_current_heads = heads
        MigrationContext._ensure_version_table = lambda context, *arguments, **keywords: None
        Config.cmd_opts = Asked(watch, "cmd_opts", "it depends on the arguments of the command")
        Config.attributes = property(attributes)
        for name in ("get_main_option", "get_section", "get_section_option"):
            setattr(Config, name, refused(getattr(Config, name), "it reads Alembic's configuration"))
        for name, reason in (
            ("is_offline_mode", "it asks whether it runs offline"),
            ("static_output", "it writes to the output of --sql"),
            ("get_x_argument", "it depends on the arguments -x"),
            ("get_tag_argument", "it depends on the argument --tag"),
            ("get_revision_argument", "it depends on the arguments of the command"),
            ("get_starting_revision_argument", "it depends on the arguments of the command"),
        ):
            setattr(EnvironmentContext, name, refused(getattr(EnvironmentContext, name), reason))
        HeadMaintainer.update_to_step = lambda maintainer, step: None
        # Never empty, so that no version table is made.
        HeadMaintainer.heads = property(lambda maintainer: {"taken over"}, lambda maintainer, value: None)

    def filled(self, construct, row):
        """The statement with the values of its columns."""
        if not isinstance(construct, (Insert, Update)):
            return construct
        columns = {name: value for name, value in row.items() if name in construct.table.c}
        return construct.values(columns) if columns else construct

    def check(self, options):
        """Options of a connection that change what its statements do."""
        for name in ("schema_translate_map", "isolation_level"):
            if name in (options or ()) and self.watch.step is not None:
                self.watch.doubt(f"it uses the execution option `{name}`")

    def write(self, construct, row, options):
        """Compiles a statement with its values, and writes it."""
        self.check(options)
        self.check(getattr(construct, "_execution_options", None))
        if self.watch.step is None:
            self.outside.append(" ".join(str(construct).split())[:200])
            return
        self.values = row
        options = {} if isinstance(construct, DDLElement) else {"compile_kwargs": {"literal_binds": True}}
        compiled = self.filled(construct, row).compile(dialect=self.implementation.dialect, **options)
        for name in getattr(compiled, "binds", None) or ():
            self.watch.doubt(f"the parameter `{name}` has no value")
        for column in [*(getattr(compiled, "insert_prefetch", None) or ()), *(getattr(compiled, "update_prefetch", None) or ())]:
            self.watch.doubt(f"Python computes the default of the column `{column.name}`")
        self.emit(str(compiled))

    def emit(self, statement):
        if self.watch.step is None:
            self.outside.append(" ".join(statement.split())[:200])
            return
        statement = statement.strip()
        if self.watch.step.guarded:
            statement = self.guarded(statement)
        last = statement.rsplit("\n", 1)[-1]
        end = "" if statement.endswith(";") else "\n;" if "--" in last else ";"
        self.watch.step.output.write(f"{statement}{end}\n\n")

    def guarded(self, statement):
        for plain, guarded in GUARDED.items():
            if statement.startswith(plain) and "$taken$" not in statement:
                if guarded is None:
                    return f"DO $taken$ BEGIN\n{statement};\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND $taken$"
                return guarded + statement[len(plain):]
        self.watch.doubt("what it creates or drops depends on what the database has")

    def steps(self, heads, context):
        self.calls += 1
        implementation = self.implementation = context.impl
        self.facts = dict(
            version_table=context.version_table,
            version_table_schema=context.version_table_schema,
            dialect=implementation.__dialect__,
        )
        self.callbacks = self.callbacks or bool(context.on_version_apply_callbacks)
        context.on_version_apply_callbacks = ()
        Options.watch = self.watch
        context.opts = Options(context.opts)
        context.environment_context.context_opts = Options(context.environment_context.context_opts)
        dialect = implementation.dialect
        # A style in which a percent sign is nothing special, and a backslash neither.
        dialect.paramstyle, dialect.positional = "named", False
        dialect.identifier_preparer._double_percents = False
        dialect._backslash_escapes = False
        dialect.statement_compiler = compiler(dialect.statement_compiler, self)
        asked = {
            "server_version_info": Asked(self.watch, "server_version_info", "it asks for the server's version"),
            "default_schema_name": Asked(self.watch, "default_schema_name", "it asks for the default schema"),
        }
        dialect.__class__ = type(type(dialect).__name__, (type(dialect),), asked)
        for script in self.revisions:
            for upgrade in (True, False):
                step = Step(script, upgrade, self.watch)
                implementation.output_buffer = context.output_buffer = step.output
                yield step
                direction = "upgrade" if upgrade else "downgrade"
                self.rendered.setdefault(script.revision, {})[direction] = step.answer()


def main(ini, section, extra):
    try:
        config = configuration(ini, section, extra)
        if os.path.exists(os.path.join(os.path.dirname(ini), "env.py")):
            # Flask-Migrate has its alembic.ini beside env.py, and leaves this out.
            if not config.get_main_option("script_location"):
                config.set_main_option("script_location", os.path.dirname(ini).replace("%", "%%"))
        scripts = ScriptDirectory.from_config(config)
        watch = Watch([os.path.dirname(ini), str(scripts.dir)])
        revisions = watch.load(scripts)
    except (Exception, SystemExit) as error:
        sys.exit(f"CANNOT LOAD: {say(error)}")
    answer = dict(
        alembic=alembic.__version__,
        locations=[os.path.abspath(str(location)) for location in scripts._version_locations],
        script_location=os.path.abspath(str(scripts.dir)),
        revisions=[
            dict(
                file=os.path.abspath(str(script.path)),
                revision=str(script.revision),
                down_revisions=names(getattr(script.module, "down_revision", None)),
                depends_on=names(getattr(script.module, "depends_on", None)),
                branch_labels=names(getattr(script.module, "branch_labels", None)),
                doc=script.longdoc or "",
            )
            for script in revisions
        ],
        environment_error=None,
    )
    renderer = Renderer(revisions, watch)
    try:
        with EnvironmentContext(
            config, scripts, fn=renderer.steps, as_sql=True, starting_rev=None, destination_rev="head", tag=None
        ):
            scripts.run_env()
    except (Exception, SystemExit) as error:
        answer["environment_error"] = say(error)
    answer.update(
        renderer.facts, rendered=renderer.rendered, runs=renderer.calls, statements=renderer.outside, callbacks=renderer.callbacks
    )
    json.dump(answer, answer_file)
    answer_file.close()
