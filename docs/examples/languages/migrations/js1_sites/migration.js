// Where stations stand, and what is known of the place: a document whose form the database checks.

import { assetText, execute, run } from "mighost";
import { checkColumn, dropCheck } from "mighost:jsonschema/json-checks";

const sites = [
    { name: "Harbour", metadata: { surface: "gravel", contact: "harbour@example.org" } },
    { name: "Ridge", metadata: { surface: "rock", obstacles: [{ bearing: 270, height: 12.5 }] } },
];

export function upgrade() {
    execute`create table sites (
        site_id integer generated always as identity primary key,
        name text not null unique,
        metadata jsonb not null
    )`;
    checkColumn("sites", "metadata", assetText("metadata.schema.json"));
    for (const { name, metadata } of sites) {
        run`insert into sites (name, metadata) values (${name}, ${JSON.stringify(metadata)})`;
    }
}

export function downgrade() {
    dropCheck("sites", "metadata");
    execute("drop table sites");
}
