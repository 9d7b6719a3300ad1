// A test that is a component: a case for each language. Its main file is called as a plugin's.

import { call, statements, type Failure } from "mighost:host/testing";
import { setLabels, type Label } from "mighost:labels/labels";

const known = ["en", "fr-CA", "gwi", "zh-Hant"];
const unknown = ["", "e", "English", "en_CA"];

export function cases(): string[] {
    return [...known.map((language) => `takes ${language}`), ...unknown.map((language) => `refuses "${language}"`)];
}

export function run(name: string): void {
    const language = [...known, ...unknown].find((language) => name === `takes ${language}` || name === `refuses "${language}"`) ?? name;
    if (known.includes(language)) {
        const label: Label = { language, text: "It's a site" };
        setLabels({ tag: "table", val: "sites" }, [label]);
        const insert = statements()[1] ?? "";
        if (!insert.includes(`'${language}', 'It''s a site', NULL`)) throw new Error(`another statement: ${insert}`);
        return;
    }
    const text = refusal(`set-labels(table("sites"), [{language: ${JSON.stringify(language)}, text: "Sites"}])`);
    if (!text.includes("is no language")) throw new Error(`another error: ${text}`);
}

function refusal(text: string): string {
    try {
        call("plugin labels", text);
    } catch (error) {
        return (error as { payload: Failure }).payload.text;
    }
    throw new Error("it was taken");
}
