// The same work in other words: a shot file, a command, a Read node.

export function shotFile(info, plates, objects) {
  return JSON.stringify(
    { version: 1, range: info.range, size: info.size, settings: info.settings, model: info.model, plates, objects },
    null,
    2,
  );
}

export function command(info, plates, folder, objects, { layers, premult }) {
  const words = ["mam2", "matte", plates, "-o", folder, "--model", info.model];
  words.push("--range", `${info.range[0]}-${info.range[1]}`);
  if (info.settings.colourspace) {
    words.push("--colourspace", info.settings.colourspace);
  }
  if (layers.length) {
    words.push("--layers", ["alpha", "trimap", "mask", ...layers].join(","));
  }
  if (premult) {
    words.push("--premult");
  }
  for (const thing of objects) {
    words.push("--object", thing.name);
    for (const prompt of thing.prompts) {
      words.push(...option(prompt));
    }
    for (const { kind, path, range, layer, invert } of thing.held ?? []) {
      const [first, last] = range ?? [null, null];
      const frames = first === null ? "" : `@${first}${last === first ? "" : `-${last}`}`;
      words.push(`--${invert ? "not-" : ""}${kind}`, `${path}${layer ? `:${layer}` : ""}${frames}`);
    }
  }
  return words.map(quoted).join(" ");
}

function option(prompt) {
  if (prompt.kind === "point") {
    return [prompt.positive ? "--point" : "--not-point", `${short(prompt.x)},${short(prompt.y)}@${prompt.frame}`];
  }
  if (prompt.kind === "box") {
    return ["--box", `${prompt.box.map(short).join(",")}@${prompt.frame}`];
  }
  return ["--mask", `${prompt.path}@${prompt.frame}`];
}

// A Read node as Nuke pastes it; stills are data, so without a colour transform.
export function nukeRead(pattern, [first, last], object) {
  const file = pattern.replace(/\\/g, "/").replace("####", "%04d").replace(/\bOBJECT\b/, object);
  const lines = ["Read {", ` file "${file}"`, ` first ${first}`, ` last ${last}`, ` origfirst ${first}`, ` origlast ${last}`];
  const raw = file.endsWith(".mov") ? [] : [" raw true"];
  return [...lines, " origset true", ...raw, " name MAM2_matte", "}", ""].join("\n");
}

function short(number) {
  return String(Math.round(number * 100) / 100);
}

function quoted(word) {
  return /^[\w@%+=:,./#~-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}
