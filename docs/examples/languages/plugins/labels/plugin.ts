// Labels of tables and columns in several languages: rows for applications, and the first as the catalog's comment.

import { execute, identifier, inSchema, raw, type Sql } from "mighost";
import type { Label, Subject } from "mighost:labels/labels";

const TABLE = "labels";
// An instance lives as long as a step.
let isMade = false;

export function setLabels(subject: Subject, labels: Label[]): void {
    const [first] = labels;
    if (first === undefined) {
        throw new Error(`there is no label for ${describe(subject)}`);
    }
    for (const { language } of labels) {
        if (!/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language)) {
            throw new Error(`${JSON.stringify(language)} of ${describe(subject)} is no language, such as en or fr-CA`);
        }
    }
    makeTable();
    const [table, column] = key(subject);
    for (const { language, text, description } of labels) {
        execute`insert into ${inSchema(TABLE)} values (${table}, ${column}, ${language}, ${text}, ${description})
            on conflict (table_name, column_name, language) do update set label = excluded.label, description = excluded.description`;
    }
    comment(subject, first.text);
}

function makeTable(): void {
    if (isMade) {
        return;
    }
    execute`create table if not exists ${inSchema(TABLE)} (
        table_name text not null,
        column_name text not null default '',
        language text not null,
        label text not null,
        description text,
        primary key (table_name, column_name, language)
    )`;
    isMade = true;
}

export function dropLabels(subject: Subject): void {
    const [table, column] = key(subject);
    execute`delete from ${inSchema(TABLE)} where table_name = ${table} and column_name = ${column}`;
    comment(subject, null);
    // Decided by the server, so that a script (--sql) can hold it too.
    execute`do ${`begin if not exists (select from ${inSchema(TABLE)}) then drop table ${inSchema(TABLE)}; end if; end`}`;
}

function comment(subject: Subject, text: string | null): void {
    execute`comment on ${place(subject)} is ${text}`;
}

function key(subject: Subject): [string, string] {
    return subject.tag === "table" ? [subject.val, ""] : [subject.val.table, subject.val.name];
}

function place(subject: Subject): Sql {
    return subject.tag === "table"
        ? raw(`table ${inSchema(subject.val)}`)
        : raw(`column ${inSchema(subject.val.table)}.${identifier(subject.val.name)}`);
}

function describe(subject: Subject): string {
    return subject.tag === "table" ? `table ${subject.val}` : `column ${subject.val.name} of ${subject.val.table}`;
}
