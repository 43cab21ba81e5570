// Export: mattes into a folder, and the same work as a file, a command or a Read node.
import { get, send, shotPath } from "./api.js";
import { command, nukeRead, shotFile } from "./texts.js";

const at = (id) => document.getElementById(id);
const PERIOD = 300;

export class Exporting {
  // `read` gives {info, plates, objects}; `troubled` is told what went wrong.
  constructor(shot, read, troubled) {
    Object.assign(this, { shot, read, troubled });
    this.pattern = "";
    at("export").addEventListener("click", () => this.run().catch((problem) => troubled(problem.message)));
    at("format").addEventListener("change", () => {
      at("rate-label").hidden = at("format").value !== "prores";
      at("layers").hidden = at("format").value !== "exr";
    });
    at("shot-file").addEventListener("click", () => this.download());
    at("command").addEventListener("click", () => {
      const { info, plates, objects } = read();
      this.copy(command(info, plates || "PLATES", at("folder").value, objects, this.further()), "The command is on the clipboard.");
    });
    at("nuke").addEventListener("click", () => {
      const { info, objects } = read();
      this.copy(nukeRead(this.pattern || this.guess(), info.range, objects[0]?.name ?? "object"), "Copied: paste it into Nuke's node graph.");
    });
  }

  // Fill in where mattes would go, once the clip is known.
  propose(plates) {
    if (!at("folder").value) {
      const slash = plates.includes("\\") ? "\\" : "/";
      const parts = plates.split(slash);
      const isFile = /[#%.]/.test(parts.at(-1));
      at("folder").value = [...parts.slice(0, isFile ? -1 : undefined)].join(slash) + `${isFile ? slash : "_"}mattes`;
    }
    at("name").value ||= `${this.shot}_matte`;
  }

  // What is written beside the mattes.
  further() {
    const holdsThem = at("format").value === "exr";
    const checked = [...at("layers").querySelectorAll("input[value]:checked")].map((one) => one.value);
    return { layers: holdsThem ? checked : [], premult: holdsThem && at("premult").checked };
  }

  guess() {
    return `${at("folder").value}/${at("name").value}.####.exr`;
  }

  async run() {
    const body = { folder: at("folder").value.trim(), name: at("name").value.trim(), format: at("format").value };
    body.rate = Number(at("rate").value) || 24;
    Object.assign(body, this.further());
    at("export").disabled = true;
    try {
      let found = await send("POST", shotPath(this.shot, "/exports"), body);
      while (found.state === "running") {
        at("exported").textContent = `${found.done} of ${found.total}`;
        await new Promise((done) => setTimeout(done, PERIOD));
        found = await get(`/v1/exports/${found.id}`);
      }
      if (found.error) {
        throw new Error(`${found.error.message} ${found.error.hint}`);
      }
      this.pattern = found.pattern;
      at("exported").textContent = `${found.done} frames: ${found.pattern}`;
    } catch (problem) {
      at("exported").textContent = "";
      throw problem;
    } finally {
      at("export").disabled = false;
    }
  }

  download() {
    const { info, plates, objects } = this.read();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([shotFile(info, plates, objects)], { type: "application/json" }));
    link.download = `${this.shot}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async copy(text, said) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const box = document.createElement("textarea");
      box.value = text;
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
    at("copied").textContent = said;
    at("copied").dataset.text = text;
  }
}
