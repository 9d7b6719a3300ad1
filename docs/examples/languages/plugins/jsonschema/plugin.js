// JSON Schema as a CHECK constraint: the schema becomes a function in SQL, for a constraint's own expression may hold no subquery.

import { execute, identifier, inSchema } from "mighost";
import { compile } from "./compile.js";

export function checkColumn(table, column, schema) {
    const condition = compile(parse(schema), "value");
    const matches = inSchema(`${table}_${column}_matches`);
    execute`create function ${matches}(value jsonb) returns boolean language sql immutable as ${`select ${condition}`}`;
    execute`alter table ${inSchema(table)} add constraint ${constraint(table, column)} check (${matches}(${identifier(column)}))`;
    execute`comment on constraint ${constraint(table, column)} on ${inSchema(table)} is ${`JSON Schema: ${schema.trim()}`}`;
}

export function dropCheck(table, column) {
    execute`alter table ${inSchema(table)} drop constraint ${constraint(table, column)}`;
    execute`drop function ${inSchema(`${table}_${column}_matches`)}(jsonb)`;
}

const constraint = (table, column) => identifier(`${table}_${column}_schema`);

function parse(schema) {
    try {
        return JSON.parse(schema);
    } catch (error) {
        throw new Error("the schema is not JSON", { cause: error });
    }
}
