// What sites and their columns are called, in English and French.

import { dropLabels, setLabels, type Subject } from "mighost:labels/labels";

interface Entry {
    subject: Subject;
    en: string;
    fr: string;
    description?: string;
}

const entries: Entry[] = [
    { subject: { tag: "table", val: "sites" }, en: "Sites", fr: "Sites", description: "Places where stations stand" },
    { subject: column("name"), en: "Name", fr: "Nom" },
    { subject: column("metadata"), en: "Surroundings", fr: "Environs", description: "Surface, obstacles and whom to ask" },
];

function column(name: string): Subject {
    return { tag: "column", val: { table: "sites", name } };
}

export function upgrade(): void {
    for (const { subject, en, fr, description } of entries) {
        setLabels(subject, [
            { language: "en", text: en, description },
            { language: "fr", text: fr },
        ]);
    }
}

export function downgrade(): void {
    for (const { subject } of entries) {
        dropLabels(subject);
    }
}
