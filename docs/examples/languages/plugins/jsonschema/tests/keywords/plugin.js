// A test that is a component: a table of schemas, each a case. Its main file is called as a plugin's.

import { call, statements } from "mighost:host/testing";
import { checkColumn } from "mighost:jsonschema/json-checks";

// A schema, and what the function that checks it must hold.
const schemas = {
    "a type": [{ type: "string" }, "jsonb_typeof"],
    "a minimum": [{ minimum: -1.5 }, "-1.5"],
    "a value": [{ const: "it's" }, "it''''s"],
    "a pattern": [{ pattern: "^[a-z]+$" }, "^[a-z]+$"],
    "a property that must be there": [{ required: ["surface"] }, "surface"],
};

const refusals = {
    "a keyword that is not known": [{ patternProperties: {} }, "patternProperties"],
    "a type that there is not": [{ type: "date" }, "date"],
};

export const cases = () => [...Object.keys(schemas), ...Object.keys(refusals)];

export function run(name) {
    if (name in schemas) {
        const [schema, part] = schemas[name];
        checkColumn("sites", "metadata", JSON.stringify(schema));
        const [create] = statements();
        if (!create.includes(part)) throw new Error(`${part} is not in ${create}`);
        return;
    }
    const [schema, part] = refusals[name];
    const text = `check-column("sites", "metadata", ${JSON.stringify(JSON.stringify(schema))})`;
    try {
        call("plugin jsonschema", text);
    } catch (failure) {
        if (!failure.payload.text.includes(part)) throw new Error(`another error: ${failure.payload.text}`);
        return;
    }
    throw new Error("it was taken");
}
