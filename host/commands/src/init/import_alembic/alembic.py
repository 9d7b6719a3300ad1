"""Tells mighost what Alembic knows of a project: JSON on stdout.

Called as: python -c ... INI SECTION X...  Reads the revisions through Alembic's own ScriptDirectory, then runs env.py once, offline, and
lets each revision write its statements, one at a time, in both directions. Nothing is sent to a database.

What differs from `alembic upgrade --sql`: no BEGIN and COMMIT and no statements on the version table; a percent sign is written once,
whatever the driver; tabulators stay; values are written out. What a revision cannot do offline is its own failure.
"""

import argparse
import io
import json
import os
import sys

answer_file = os.fdopen(os.dup(1), "w", encoding="utf-8")
# What env.py and the migrations print is not part of the answer.
os.dup2(2, 1)
sys.stdout = sys.stderr
# Else a folder `alembic` of the project's would be taken for Alembic.
if sys.path[:1] == [""]:
    del sys.path[0]

try:
    import alembic
    from alembic import command, util
    from alembic.config import Config
    from alembic.ddl.impl import DefaultImpl
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import HeadMaintainer, MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import text
    from sqlalchemy.schema import DDLElement
except ImportError as error:
    sys.exit(f"NO ALEMBIC: {error}")

QUERIES = ("SELECT", "SHOW", "WITH", "VALUES", "TABLE")


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

    def __init__(self, script, upgrade):
        self.script, self.is_upgrade, self.is_downgrade = script, upgrade, not upgrade
        self.output = io.StringIO()
        self.error, self.autocommit, self.asks = None, False, False

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
            self.error = f"there is no function {name}"
            return
        try:
            function(**kw)
        except (Exception, SystemExit) as error:
            self.error = say(error)

    def answer(self):
        return dict(sql=self.output.getvalue(), error=self.error, autocommit=self.autocommit, asks=self.asks)


class Renderer:
    """Takes the place of the parts of Alembic that write."""

    def __init__(self, revisions):
        self.revisions, self.rendered, self.step, self.facts, self.calls = revisions, {}, None, {}, 0
        original_exec, original_stdout = DefaultImpl._exec, MigrationContext._stdout_connection
        renderer = self

        def execute(impl, construct, *arguments, **keywords):
            if not impl.as_sql or any(arguments[1:]) or keywords.get("multiparams") or keywords.get("params"):
                return original_exec(impl, construct, *arguments, **keywords)
            if isinstance(construct, str):
                construct = text(construct)
            values = {} if isinstance(construct, DDLElement) else {"compile_kwargs": {"literal_binds": True}}
            statement = str(construct.compile(dialect=impl.dialect, **values)).strip()
            last = statement.rsplit("\n", 1)[-1]
            impl.static_output(statement if statement.endswith(";") else statement + ("\n;" if "--" in last else ";"))

        def stdout_connection(context, connection):
            mock = original_stdout(context, connection)
            execute_on_mock = mock.execute

            def asked(construct, *arguments, **keywords):
                words = str(construct).split(None, 1)
                if renderer.step is not None and words and words[0].upper() in QUERIES:
                    renderer.step.asks = True
                return execute_on_mock(construct, *arguments, **keywords)

            mock.execute = asked
            return mock

        def autocommit():
            if renderer.step is not None:
                renderer.step.autocommit = True

        DefaultImpl._exec = execute
        DefaultImpl.emit_begin = lambda impl: None
        DefaultImpl.emit_commit = lambda impl: autocommit() if renderer.inside else None
        MigrationContext._stdout_connection = stdout_connection
        MigrationContext.get_current_heads = lambda context: ()
        MigrationContext._ensure_version_table = lambda context, *arguments, **keywords: None
        HeadMaintainer.update_to_step = lambda maintainer, step: None
        # Never empty, so that no version table is made.
        HeadMaintainer.heads = property(lambda maintainer: {"taken over"}, lambda maintainer, value: None)

    # emit_commit outside of a revision is the end of Alembic's own transaction.
    inside = property(lambda self: self.step is not None and not self.step_done)
    step_done = True

    def steps(self, heads, context):
        self.calls += 1
        implementation = context.impl
        self.facts = dict(
            version_table=context.version_table,
            version_table_schema=context.version_table_schema,
            dialect=implementation.__dialect__,
        )
        context.on_version_apply_callbacks = ()
        # A style in which a percent sign is nothing special.
        dialect = implementation.dialect
        dialect.paramstyle, dialect.positional = "named", False
        dialect.identifier_preparer._double_percents = False
        for script in self.revisions:
            for upgrade in (True, False):
                step = self.step = Step(script, upgrade)
                implementation.output_buffer = context.output_buffer = step.output
                self.step_done = False
                yield step
                self.step_done = True
                direction = "upgrade" if upgrade else "downgrade"
                self.rendered.setdefault(script.revision, {})[direction] = step.answer()
        self.step = None


def main(ini, section, extra):
    try:
        config = configuration(ini, section, extra)
        if os.path.exists(os.path.join(os.path.dirname(ini), "env.py")):
            # Flask-Migrate has its alembic.ini beside env.py, and leaves this out.
            if not config.get_main_option("script_location"):
                config.set_main_option("script_location", os.path.dirname(ini).replace("%", "%%"))
        scripts = ScriptDirectory.from_config(config)
        revisions = list(scripts._load_revisions())
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
    renderer = Renderer(revisions)
    try:
        with EnvironmentContext(
            config, scripts, fn=renderer.steps, as_sql=True, starting_rev=None, destination_rev="head", tag=None
        ):
            scripts.run_env()
    except (Exception, SystemExit) as error:
        answer["environment_error"] = say(error)
    answer.update(renderer.facts, rendered=renderer.rendered, runs=renderer.calls)
    json.dump(answer, answer_file)
    answer_file.close()


main(sys.argv[1], sys.argv[2], sys.argv[3:])
