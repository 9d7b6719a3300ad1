// From a JSON Schema to a condition in SQL on the jsonb expression `value`.

import { literal } from "mighost";

// SQL may evaluate the parts of `and` in any order, and a cast of the wrong type fails: only `case` keeps the order.
const when = (condition, then) => `(case when ${condition} then ${then} else true end)`;
const isType = (value, type) => `jsonb_typeof(${value}) = '${type}'`;
const isInteger = (value) => `(case when ${isType(value, "number")} then (${value})::numeric % 1 = 0 else false end)`;
const text = (value) => `(${value} #>> '{}')`;
const json = (value) => `${literal(JSON.stringify(value))}::jsonb`;
const all = (conditions) => (conditions.length === 0 ? "true" : `(${conditions.join(" and ")})`);

const bound = (operator) => (limit, value) => when(isType(value, "number"), `(${value})::numeric ${operator} ${number(limit)}`);
const length = (operator) => (limit, value) => when(isType(value, "string"), `char_length(${text(value)}) ${operator} ${number(limit)}`);
const count = (operator) => (limit, value) => when(isType(value, "array"), `jsonb_array_length(${value}) ${operator} ${number(limit)}`);

const keywords = {
    type: (types, value) => {
        const each = [types].flat().map((type) => (type === "integer" ? isInteger(value) : isType(value, known(type))));
        return `(${each.join(" or ")})`;
    },
    enum: (values, value) => `${value} in (${values.map(json).join(", ")})`,
    const: (constant, value) => `${value} = ${json(constant)}`,
    minimum: bound(">="),
    maximum: bound("<="),
    exclusiveMinimum: bound(">"),
    exclusiveMaximum: bound("<"),
    minLength: length(">="),
    maxLength: length("<="),
    pattern: (pattern, value) => when(isType(value, "string"), `${text(value)} ~ ${literal(pattern)}`),
    required: (names, value) => when(isType(value, "object"), `${value} ?& array[${names.map((name) => literal(name)).join(", ")}]::text[]`),
    properties: (properties, value) => {
        const each = Object.entries(properties).map(([name, schema]) => {
            const member = `(${value} -> ${literal(name)})`;
            return when(`${value} ? ${literal(name)}`, compile(schema, member));
        });
        return when(isType(value, "object"), all(each));
    },
    additionalProperties: (allowed, value, schema) => {
        if (allowed === true) return "true";
        const known = Object.keys(schema.properties ?? {}).map((name) => literal(name));
        const fits = allowed === false ? "false" : compile(allowed, "member.value");
        const others = `jsonb_each(${value}) as member where member.key <> all (array[${known.join(", ")}]::text[])`;
        return when(isType(value, "object"), `not exists (select from ${others} and not ${fits})`);
    },
    items: (schema, value) => {
        const fits = compile(schema, "item");
        return when(isType(value, "array"), `not exists (select from jsonb_array_elements(${value}) as item where not ${fits})`);
    },
    minItems: count(">="),
    maxItems: count("<="),
    anyOf: (schemas, value) => `(${schemas.map((schema) => compile(schema, value)).join(" or ")})`,
    allOf: (schemas, value) => all(schemas.map((schema) => compile(schema, value))),
    not: (schema, value) => `(not ${compile(schema, value)})`,
};

const demandsNothing = ["$schema", "$id", "title", "description", "default", "examples"];

export function compile(schema, value) {
    if (typeof schema === "boolean") return String(schema);
    if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
        throw new Error(`${JSON.stringify(schema)} is no schema: a schema is an object, true or false`);
    }
    const conditions = [];
    for (const [keyword, demand] of Object.entries(schema)) {
        if (demandsNothing.includes(keyword)) continue;
        const rule = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
        if (rule === undefined) throw new Error(`the keyword ${keyword} cannot be checked by a constraint`);
        conditions.push(rule(demand, value, schema));
    }
    return all(conditions);
}

function known(type) {
    if (["object", "array", "string", "number", "boolean", "null"].includes(type)) return type;
    throw new Error(`${JSON.stringify(type)} is no type of JSON`);
}

function number(value) {
    if (typeof value !== "number" || !Number.isFinite(value)) throw new Error(`${JSON.stringify(value)} is not a number`);
    return String(value);
}
