// The viewer: fits, zooms and pans; tells clicks, boxes, moved prompts and the wipe's edge in pixels of the plate.

const NEAR = 10; // CSS pixels within which a prompt or the wipe is taken hold of
const SLIP = 4; // CSS pixels that a click may wander
const MOST_ZOOM = 32;

export class Viewer {
  // `heard` has: point(x, y, positive), box(corners), move(prompt, x, y, done), choose(prompt), wipe(share),
  // over(x, y), out(), and redraw(); `objects` and `look` are read.
  constructor(canvas, objects, look, heard) {
    Object.assign(this, { canvas, objects, look, heard });
    this.size = [1, 1];
    this.frame = 0;
    this.place = { left: 0, top: 0, scale: 1 };
    this.fitted = true;
    this.dragged = null;
    this.box = null;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", () => this.let());
    canvas.addEventListener("pointerleave", () => heard.out());
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.resized()).observe(canvas);
  }

  get pixel() {
    return window.devicePixelRatio || 1;
  }

  // Width in device pixels at which the whole plate is shown.
  get shownWidth() {
    return this.size[0] * this.place.scale;
  }

  setSize(size) {
    this.size = size;
    this.fit();
  }

  resized() {
    this.canvas.width = Math.max(1, Math.round(this.canvas.clientWidth * this.pixel));
    this.canvas.height = Math.max(1, Math.round(this.canvas.clientHeight * this.pixel));
    if (this.fitted) {
      this.fit();
    }
    this.heard.redraw();
  }

  fit() {
    const { width, height } = this.canvas;
    const margin = 12 * this.pixel;
    const scale = Math.max(0.01, Math.min((width - margin) / this.size[0], (height - margin) / this.size[1]));
    this.place = { scale, left: (width - this.size[0] * scale) / 2, top: (height - this.size[1] * scale) / 2 };
    this.fitted = true;
    this.heard.redraw();
  }

  zoom(factor, x = this.canvas.width / 2, y = this.canvas.height / 2) {
    const scale = Math.min(MOST_ZOOM, Math.max(0.02, this.place.scale * factor));
    const grown = scale / this.place.scale;
    this.place = { scale, left: x - (x - this.place.left) * grown, top: y - (y - this.place.top) * grown };
    this.fitted = false;
    this.heard.redraw();
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * 0.0015), ...this.canvasPoint(event));
  }

  canvasPoint(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * this.pixel, (event.clientY - box.top) * this.pixel];
  }

  platePoint(event) {
    const [x, y] = this.canvasPoint(event);
    return [(x - this.place.left) / this.place.scale, (y - this.place.top) / this.place.scale];
  }

  isInside([x, y]) {
    return x >= 0 && y >= 0 && x < this.size[0] && y < this.size[1];
  }

  press(event) {
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    const at = this.platePoint(event);
    const begin = { x: event.clientX, y: event.clientY, at, negative: event.altKey || event.button === 2 };
    if (event.button === 1 || event.shiftKey) {
      this.dragged = { ...begin, kind: "pan", place: { ...this.place } };
    } else if (this.look.wipe !== null && Math.abs(at[0] - this.look.wipe * this.size[0]) < this.reach) {
      this.dragged = { ...begin, kind: "wipe" };
    } else {
      const prompt = begin.negative ? null : this.promptAt(at);
      this.dragged = { ...begin, kind: prompt ? "prompt" : "new", prompt };
      this.heard.choose(prompt);
    }
  }

  get reach() {
    return (NEAR * this.pixel) / this.place.scale;
  }

  promptAt([x, y]) {
    const here = this.objects.all.flatMap((one) => one.prompts).filter((prompt) => prompt.frame === this.frame);
    const distance = (prompt) => (prompt.kind === "point" ? Math.hypot(prompt.x - x, prompt.y - y) : Infinity);
    const nearest = here.sort((a, b) => distance(a) - distance(b))[0];
    return nearest && distance(nearest) < this.reach ? nearest : null;
  }

  moved(event) {
    const at = this.platePoint(event);
    this.heard.over(...at);
    const drag = this.dragged;
    if (!drag) {
      return;
    }
    const wandered = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > SLIP;
    drag.far ||= wandered;
    if (drag.kind === "pan") {
      this.place.left = drag.place.left + (event.clientX - drag.x) * this.pixel;
      this.place.top = drag.place.top + (event.clientY - drag.y) * this.pixel;
      this.fitted = false;
      this.heard.redraw();
    } else if (drag.kind === "wipe") {
      this.heard.wipe(Math.min(1, Math.max(0, at[0] / this.size[0])));
    } else if (drag.kind === "prompt" && drag.far) {
      this.heard.move(drag.prompt, ...this.held(at), false);
    } else if (drag.kind === "new" && drag.far && !drag.negative) {
      this.box = corners(this.held(drag.at), this.held(at));
      this.heard.redraw();
    }
  }

  release(event) {
    const drag = this.dragged;
    const at = this.platePoint(event);
    const box = this.box;
    this.let();
    if (!drag) {
      return;
    }
    if (drag.kind === "prompt" && drag.far) {
      this.heard.move(drag.prompt, ...this.held(at), true);
    } else if (drag.kind === "new" && box && box[2] - box[0] >= 2 && box[3] - box[1] >= 2) {
      this.heard.box(box);
    } else if (drag.kind === "new" && !drag.far && this.isInside(drag.at)) {
      this.heard.point(...drag.at, !drag.negative);
    }
  }

  let() {
    this.dragged = null;
    this.box = null;
    this.heard.redraw();
  }

  held([x, y]) {
    return [Math.min(this.size[0], Math.max(0, x)), Math.min(this.size[1], Math.max(0, y))];
  }
}

function corners([x0, y0], [x1, y1]) {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
}
