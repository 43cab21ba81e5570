// Pictures from the engine, kept as bitmaps up to a budget: what is wanted now comes first, what was wanted is dropped.
// While nothing is wanted the engine is asked for what may be: it keeps the pictures that it has made.
import { ask, picturePath } from "./api.js";

const BUDGET = 160 * 2 ** 20; // bytes of bitmaps
const AT_ONCE = 4;
const WARMING = "";

export class Pictures {
  // `arrived` is called when a picture can be drawn; `troubled` with what went wrong, but not for one that is not there.
  constructor(shot, arrived, troubled) {
    Object.assign(this, { shot, arrived, troubled });
    this.kept = new Map(); // key -> {bitmap, mark, stale, absent}, the one used longest ago first
    this.bytes = 0;
    this.running = new Map();
    this.queue = [];
    this.warmed = new Set(); // keys of what the engine has made
    this.cold = [];
  }

  // Give the bitmap of a picture, or null while it is not there. `of` is {frame, layer, object, width, preview}.
  look(of) {
    const key = keyOf(of);
    const found = this.kept.get(key);
    if (!found) {
      return null;
    }
    this.kept.delete(key);
    this.kept.set(key, found);
    return found.bitmap;
  }

  // Whether nothing newer is to be expected of these pictures.
  settled(all) {
    return all.every((of) => {
      const found = this.kept.get(keyOf(of));
      return found && !found.stale;
    });
  }

  // Say which pictures are wanted, most urgent first; others that have not begun are given up.
  want(all) {
    this.queue = all.filter((of) => {
      const found = this.kept.get(keyOf(of));
      return (!found || found.stale) && !this.running.has(keyOf(of));
    });
    this.next();
  }

  // Say which pictures may be wanted, most likely first: the engine makes them one by one while nothing else is wanted.
  warm(all) {
    this.cold = all.filter((of) => !this.warmed.has(keyOf(of)));
    this.next();
  }

  // A frame's pictures may be others now: they are shown until the new ones have come.
  renew(frame) {
    for (const [key, found] of this.kept) {
      if (frame === null || key.startsWith(`${frame}|`)) {
        found.stale = true;
      }
    }
    for (const [key, one] of this.running) {
      if (frame === null || key.startsWith(`${frame}|`)) {
        one.again = true;
      }
    }
    this.warmed.forEach((key) => (frame === null || key.startsWith(`${frame}|`)) && this.warmed.delete(key));
  }

  next() {
    while (this.queue.length && this.running.size < AT_ONCE) {
      const of = this.queue.shift();
      const key = keyOf(of);
      if (!this.running.has(key)) {
        const one = { again: false };
        this.running.set(key, one);
        this.fetch(of, key, one).finally(() => {
          this.running.delete(key);
          this.next();
        });
      }
    }
    if (!this.running.size && this.cold.length) {
      const of = this.cold.shift();
      this.running.set(WARMING, { again: false });
      ask(picturePath(this.shot, of.frame, of))
        .then((response) => response.arrayBuffer())
        .then(() => this.warmed.add(keyOf(of)))
        .catch(() => (this.cold = []))
        .finally(() => {
          this.running.delete(WARMING);
          this.next();
        });
    }
  }

  async fetch(of, key, one) {
    const before = this.kept.get(key);
    try {
      const headers = before?.mark ? { "If-None-Match": before.mark } : {};
      const response = await ask(picturePath(this.shot, of.frame, of), { headers });
      if (response.status === 304 && before) {
        before.stale = one.again;
        return;
      }
      if (response.status === 404) {
        this.keep(key, { bitmap: null, mark: null, stale: one.again });
      } else if (response.ok) {
        this.warmed.add(key);
        const bitmap = await createImageBitmap(await response.blob());
        this.keep(key, { bitmap, mark: response.headers.get("ETag"), stale: one.again });
      } else {
        const problem = await response.json();
        this.keep(key, { bitmap: null, mark: null, stale: false });
        this.troubled(`${problem.message} ${problem.hint}`);
      }
      this.arrived(of);
    } catch (problem) {
      this.troubled(problem.message);
    }
  }

  keep(key, found) {
    this.drop(key);
    this.kept.set(key, found);
    this.bytes += size(found);
    for (const [oldest] of this.kept) {
      if (this.bytes <= BUDGET || oldest === key) {
        break;
      }
      this.drop(oldest);
    }
  }

  drop(key) {
    const found = this.kept.get(key);
    if (found) {
      this.kept.delete(key);
      this.bytes -= size(found);
      found.bitmap?.close();
    }
  }
}

function keyOf({ frame, layer, object = "", width, preview = false }) {
  return `${frame}|${layer}|${object}|${width}|${preview}`;
}

function size({ bitmap }) {
  return bitmap ? bitmap.width * bitmap.height * 4 : 200;
}
