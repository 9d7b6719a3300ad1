"""Readings of the weather at each site, with limits from variables.yaml and a first day from readings.csv."""

import csv

from mighost import asset_text, copy_in, execute, info
from mighost.plugins import variables


def upgrade():
    execute("""
        create table readings (
            site text not null references sites (name),
            taken_at timestamptz not null,
            air_temperature real,
            relative_humidity real,
            present_weather smallint,
            primary key (site, taken_at)
        )
    """)
    described = variables.describe("readings", asset_text("variables.yaml"))
    rows = csv.reader(asset_text("readings.csv").splitlines())
    columns = next(rows)
    taken = copy_in("readings", columns, ([value or None for value in row] for row in rows))
    info(f"{described} variables described, {taken} readings taken")


def downgrade():
    variables.forget("readings", asset_text("variables.yaml"))
    execute("drop table readings")
