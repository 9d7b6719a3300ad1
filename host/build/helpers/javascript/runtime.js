// What the component of a guest in JavaScript runs first: it finds the guest's code among the assets, and tells of what is thrown.
//
// The code is an asset and not part of the component, so that components of guests with the same imports and exports are the same, and are
// made and compiled once. Above this stand `modules` and `mighost`, below it the exports; the host writes both.

const CODE = "mighost:code.js";
const LINES = "mighost:lines.json";

// Not QuickJS's own, and used by many packages.
const show = (values) => values.map((value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value))).join(" ");
globalThis.console = {
    log: (...values) => mighost.info(show(values)),
    info: (...values) => mighost.info(show(values)),
    debug: (...values) => mighost.debug(show(values)),
    warn: (...values) => mighost.warn(show(values)),
    error: (...values) => mighost.warn(show(values)),
};
globalThis.TextDecoder ??= class {
    decode(bytes) {
        return mighost.decodeUtf8(bytes);
    }
};
globalThis.TextEncoder ??= class {
    encode(text) {
        return Uint8Array.from(unescape(encodeURIComponent(text)), (c) => c.charCodeAt(0));
    }
};

function require(name) {
    const found = name === "mighost" ? mighost : modules[name];
    if (found === undefined) throw new Error(`${name} is not among what the manifest uses`);
    return found;
}

let exported;

// The guest's exports; its code runs at the first call.
function guest() {
    if (exported === undefined) {
        const code = mighost.decodeUtf8(modules["mighost:host/assets"].read(CODE));
        const module = { exports: {} };
        (0, eval)(`(function (require, module, exports) {${code}\n})`)(require, module, module.exports);
        exported = module.exports;
    }
    return exported;
}

// The guest's function: exported as it is or, where several interfaces are exported, in an object of the interface's name.
// Where it has none, `otherwise`.
function find(place, name, otherwise) {
    const all = guest();
    const inside = all[place] ?? all.default?.[place];
    if (typeof inside?.[name] === "function") return inside[name].bind(inside);
    const found = all[name] ?? all.default?.[name];
    if (typeof found === "function") return found;
    if (otherwise !== undefined) return otherwise;
    throw new Error(`the code exports no function ${name}`);
}

// What `find` has found, by the names of place and function.
const found = {};

// What is asynchronous would not be waited for.
function refuseAsync(name) {
    throw new TypeError(`${name} is async: nothing here has to be waited for, so it must be a plain function`);
}

// What a function throws that may fail: what is not an Error is the function's own error.
function declared(thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    fail(thrown);
}

// What a plugin with kinds may leave out: an object is replaced by another in its place, and none are found.
const defaults = {
    replace: (before, after) => {
        find("kindProvider", "drop")(before);
        find("kindProvider", "create")(after);
    },
    introspect: () => [],
};

// The step that a hook takes part in.
function currentStep() {
    const [context, step] = [modules["mighost:host/context"], modules["mighost:host/step-info"]];
    return {
        direction: context.currentDirection(),
        revision: context.revision(),
        message: step.message(),
        downRevisions: step.downRevisions(),
        headsBefore: step.headsBefore(),
        headsAfter: step.headsAfter(),
        operator: step.operator(),
        number: step.number(),
        total: step.total(),
    };
}

// A migration's objects: an object with a version for each key, or pairs.
function objects() {
    try {
        const own = guest().objects ?? guest().default?.objects;
        const found = own === undefined ? [] : own();
        return Array.isArray(found) ? found : Object.entries(found ?? {});
    } catch (thrown) {
        fail(thrown);
    }
}

// Ends the run with what was thrown, and the lines of the guest's own files that led to it.
function fail(thrown) {
    let text = describe(thrown);
    for (let cause = thrown?.cause, depth = 0; cause !== undefined && depth < 5; cause = cause?.cause, depth++) {
        text += "\ncaused by " + describe(cause);
    }
    modules["mighost:host/context"].fail(text);
}

function describe(thrown) {
    if (!(thrown instanceof Error)) {
        try {
            return typeof thrown === "object" ? JSON.stringify(thrown) : String(thrown);
        } catch {
            return "what was thrown cannot be written as text";
        }
    }
    const text = thrown.message ? `${thrown.name}: ${thrown.message}` : thrown.name;
    return [text, ...frames(thrown.stack ?? "")].join("\n");
}

function frames(stack) {
    const found = [...stack.matchAll(/^\s*at (.*?) \(<input>:(\d+):(\d+)\)$/gm)].slice(0, 10);
    if (found.length === 0) return [];
    const { files, lines } = JSON.parse(mighost.decodeUtf8(modules["mighost:host/assets"].read(LINES)));
    return found.flatMap(([, name, line, column]) => {
        // Each line of the bundle is a list of [column, file, line], ordered by column; what goes before the first is of the line before.
        let place;
        for (const [from, file, original] of lines[line - 1] ?? []) {
            if (place === undefined || from < column) place = [file, original];
        }
        if (place === undefined) return [];
        const inside = name === "<anonymous>" || name === "anonymous" || name === "" ? "" : ` in ${name}`;
        return [`  ${files[place[0]]}:${place[1]}${inside}`];
    });
}
