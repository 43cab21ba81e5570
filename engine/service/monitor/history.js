// The objects with their prompts, every change of them undone and done again.

const MOST = 200;
export const COLOURS = ["#38c6f4", "#f0a03c", "#7fce63", "#e56bb0", "#c9a2ff", "#f2d94e", "#58d6c0", "#ff7b63"];

export class Objects {
  constructor() {
    this.all = [];
    this.active = 0;
    this.past = [];
    this.future = [];
    this.hidden = new Set();
    this.solo = null;
  }

  get current() {
    return this.all[this.active];
  }

  colour(name) {
    return COLOURS[Math.max(0, this.all.findIndex((one) => one.name === name)) % COLOURS.length];
  }

  // Those that are shown, by name.
  shown() {
    const names = this.all.map((one) => one.name);
    return names.filter((name) => (this.solo === null ? !this.hidden.has(name) : name === this.solo));
  }

  // Those that the engine can track.
  prompted() {
    return this.all.filter((one) => one.prompts.length > 0);
  }

  frames() {
    return [...new Set(this.all.flatMap((one) => one.prompts.map((prompt) => prompt.frame)))].sort((a, b) => a - b);
  }

  // Add a mask file to the active object: a prompt, or one that its matte is held to on the frame.
  addMask(kind, frame, path) {
    if (kind === "mask") {
      this.current.prompts.push({ kind, frame, path });
    } else {
      this.current.held = [...(this.current.held ?? []), { kind, path, range: [frame, frame] }];
    }
  }

  // Remove a prompt or a held mask, whosever it is.
  drop(item) {
    for (const one of this.all) {
      one.prompts = one.prompts.filter((other) => other !== item);
      one.held = one.held?.filter((other) => other !== item);
    }
  }

  // Take over what the engine has, as another tab or a host left it.
  take(objects) {
    const empty = this.all.filter((one) => !one.prompts.length && !objects.some((other) => other.name === one.name));
    this.all = [...structuredClone(objects), ...empty];
    if (!this.all.length) {
      this.all = [{ name: "object", prompts: [] }];
    }
    this.active = Math.min(this.active, this.all.length - 1);
  }

  // Change a copy with `edit` and remember what was.
  change(edit) {
    const before = JSON.stringify(this.all);
    edit(this.all);
    if (JSON.stringify(this.all) === before) {
      return false;
    }
    this.past = [...this.past, before].slice(-MOST);
    this.future = [];
    this.active = Math.max(0, Math.min(this.active, this.all.length - 1));
    return true;
  }

  undo() {
    return this.step(this.past, this.future);
  }

  redo() {
    return this.step(this.future, this.past);
  }

  step(from, to) {
    if (!from.length) {
      return false;
    }
    to.push(JSON.stringify(this.all));
    this.all = JSON.parse(from.pop());
    this.active = Math.max(0, Math.min(this.active, this.all.length - 1));
    return true;
  }

  freshName() {
    const taken = new Set(this.all.map((one) => one.name.toLowerCase()));
    for (let turn = this.all.length + 1; ; turn += 1) {
      if (!taken.has(`object${turn}`)) {
        return `object${turn}`;
      }
    }
  }
}
