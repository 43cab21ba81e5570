// What lies under the cursor: where it is, the plate's own values there, and every object's alpha.
import { get, shotPath } from "./api.js";

const at = (id) => document.getElementById(id);
const WAIT = 60; // ms that the cursor rests before the engine is asked

export class Readout {
  constructor(shot) {
    this.shot = shot;
    this.asked = 0;
  }

  // Tell of a pixel; null where there is none. Values only where nothing else is going on.
  over(pixel, frame, withValues) {
    at("where").textContent = pixel ? `x ${pixel[0]}  y ${pixel[1]}` : "";
    clearTimeout(this.asked);
    if (pixel && withValues) {
      this.asked = setTimeout(() => this.read(pixel, frame), WAIT);
    } else if (!pixel) {
      at("values").textContent = "";
    }
  }

  async read([x, y], frame) {
    try {
      const found = await get(shotPath(this.shot, `/pixels/${frame}?x=${x}&y=${y}`));
      const [red, green, blue] = found.rgb.map((value) => value.toFixed(4));
      const alphas = Object.entries(found.alpha).map(([name, value]) => `${name} ${value.toFixed(3)}`);
      at("values").textContent = `R ${red}  G ${green}  B ${blue}  ${alphas.join("  ")}`;
    } catch {
      at("values").textContent = "";
    }
  }
}
