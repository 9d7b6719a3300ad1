"""Does with Alembic what each case asks for, in the case's own schema.

Reads a line of JSON for each case on stdin: {"name", "schema", "other", "code"}. Writes a line for each: {"name", "error"}.
The code sees `op`, `sa`, `postgresql`, `datetime`, the names of its schemas `S` and `T`, and `operations(naming_convention)`.
"""

import datetime
import json
import sys

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql


def run(engine, case):
    with engine.connect() as connection:
        # For the session, since a block with autocommit ends the transaction.
        connection.execute(sa.text(f'set search_path = "{case["schema"]}"'))
        connection.commit()

        def operations(naming_convention=None):
            metadata = sa.MetaData(naming_convention=naming_convention)
            return Operations(MigrationContext.configure(connection, opts={"target_metadata": metadata}))

        op = operations()
        scope = {"sa": sa, "postgresql": postgresql, "datetime": datetime, "S": case["schema"], "T": case["other"]}
        scope["op"], scope["operations"] = op, operations
        with op.get_context().begin_transaction(_per_migration=True):
            exec(case["code"], scope)
        connection.commit()


def main():
    engine = sa.create_engine(sys.argv[1], poolclass=sa.pool.NullPool)
    for line in sys.stdin:
        case = json.loads(line)
        error = None
        try:
            run(engine, case)
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
        print(json.dumps({"name": case["name"], "error": error}), flush=True)


main()
