// The list of objects and that of the active one's prompts.

const at = (id) => document.getElementById(id);

// `heard` has: select(index), rename(index, name), remove(index), hide(name), solo(name), go(frame), drop(prompt).
export function fillObjects(objects, heard) {
  const rows = objects.all.map((one, index) => {
    const row = document.createElement("li");
    row.className = index === objects.active ? "active" : "";
    row.dataset.object = one.name;
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.background = objects.colour(one.name);
    const name = document.createElement("input");
    Object.assign(name, { type: "text", value: one.name, maxLength: 64, spellcheck: false });
    name.setAttribute("aria-label", `Name of object ${index + 1}`);
    name.addEventListener("focus", () => heard.select(index));
    name.addEventListener("change", () => heard.rename(index, name.value.trim()));
    row.addEventListener("click", () => heard.select(index));
    const shown = button("Show", `Show ${one.name}`, () => heard.hide(one.name), !objects.hidden.has(one.name));
    const solo = button("Solo", `Show ${one.name} alone`, () => heard.solo(one.name), objects.solo === one.name);
    row.append(swatch, name, shown, solo, button("x", `Remove ${one.name}`, () => heard.remove(index)));
    return row;
  });
  replace(at("objects"), rows);
}

export function fillPrompts(objects, frame, heard) {
  const held = (objects.current?.held ?? []).map((one) => ({ of: one, frame: one.range?.[0] ?? frame, ...one }));
  const prompts = [...(objects.current?.prompts ?? []), ...held].sort((a, b) => a.frame - b.frame);
  const rows = prompts.map((prompt) => {
    const row = document.createElement("li");
    row.className = prompt.frame === frame ? "here" : "";
    const go = button(told(prompt), `Go to frame ${prompt.frame}: ${told(prompt)}`, () => heard.go(prompt.frame));
    go.className = "go";
    row.append(go, button("x", `Remove ${told(prompt)}`, () => heard.drop(prompt.of ?? prompt)));
    return row;
  });
  replace(at("prompts"), rows);
}

function told(prompt) {
  const [sign, where] =
    prompt.kind === "point"
      ? [prompt.positive ? "+" : "\u2212", `${Math.round(prompt.x)}, ${Math.round(prompt.y)}`]
      : prompt.kind === "box"
        ? ["box", prompt.box.map(Math.round).join(", ")]
        : [prompt.kind, prompt.path.split(/[\\/]/).pop()];
  return `${prompt.frame}  ${sign} ${where}`;
}

function button(text, label, pressed, state) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.title = label;
  element.setAttribute("aria-label", label);
  if (state !== undefined) {
    element.setAttribute("aria-pressed", String(state));
  }
  element.addEventListener("click", (event) => {
    event.stopPropagation();
    pressed();
  });
  return element;
}

// Put new rows in, and the focus back where it was.
function replace(list, rows) {
  const label = list.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  list.replaceChildren(...rows);
  if (label) {
    list.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus();
  }
}
