// The strip: one column a frame, filled as mattes come; scrubbed with the pointer.

const COLOUR = { right: "#5f9d66", stale: "#c08a35", doubtful: "#c9544d", plate: "#3c3c3c", none: "#222" };

export class Strip {
  constructor(canvas, scrubbed) {
    this.canvas = canvas;
    this.shown = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      canvas.focus();
      scrubbed(this.frameAt(event));
    });
    canvas.addEventListener("pointermove", (event) => event.buttons & 1 && scrubbed(this.frameAt(event)));
    new ResizeObserver(() => this.shown && this.draw(this.shown)).observe(canvas);
  }

  frameAt(event) {
    const { first, last } = this.shown;
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(last, Math.max(first, first + Math.floor(share * (last - first + 1))));
  }

  // `shown` is {first, last, frame, plates, right, stale, doubtful: sets, confidence: by frame, prompted: frames}.
  draw(shown) {
    this.shown = shown;
    const { canvas } = this;
    const pixel = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth * pixel, canvas.clientHeight * pixel].map(Math.round);
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
    }
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const count = shown.last - shown.first + 1;
    const [top, bottom] = [14 * pixel, height - 4 * pixel];
    for (let left = 0, index = 0; index < count; index += 1) {
      const right = Math.round(((index + 1) * width) / count);
      if (right > left) {
        const frame = shown.first + index;
        const state = stateOf(shown, frame);
        const sure = state === "plate" || state === "none" ? 1 : Math.max(0.15, shown.confidence[frame] ?? 1);
        context.fillStyle = COLOUR[state === "none" ? "none" : "plate"];
        context.fillRect(left, top, right - left, bottom - top);
        context.fillStyle = COLOUR[state];
        context.fillRect(left, bottom - (bottom - top) * sure, Math.max(1, right - left - (right - left > 4 * pixel ? pixel : 0)), (bottom - top) * sure);
        left = right;
      }
    }
    this.marks(context, shown, width, count, pixel);
    this.describe(shown);
  }

  marks(context, shown, width, count, pixel) {
    const middle = (frame) => ((frame - shown.first + 0.5) * width) / count;
    context.fillStyle = "#e8e8e8";
    for (const frame of shown.prompted) {
      const x = middle(frame);
      context.beginPath();
      context.moveTo(x, 2 * pixel);
      context.lineTo(x + 5 * pixel, 7 * pixel);
      context.lineTo(x, 12 * pixel);
      context.lineTo(x - 5 * pixel, 7 * pixel);
      context.fill();
    }
    const x = Math.min(width - 2 * pixel, Math.max(0, middle(shown.frame) - pixel));
    context.fillStyle = "#f0a03c";
    context.fillRect(x, 0, 2 * pixel, this.canvas.height);
    context.font = `${11 * pixel}px system-ui, sans-serif`;
    context.textBaseline = "top";
    const label = String(shown.frame);
    const across = context.measureText(label).width;
    context.fillText(label, x + across + 8 * pixel > width ? x - across - 4 * pixel : x + 5 * pixel, pixel);
  }

  describe(shown) {
    const words = { right: "matte", stale: "stale matte", doubtful: "doubtful matte", plate: "no matte", none: "no plate" };
    const { canvas } = this;
    canvas.setAttribute("aria-valuemin", shown.first);
    canvas.setAttribute("aria-valuemax", shown.last);
    canvas.setAttribute("aria-valuenow", shown.frame);
    canvas.setAttribute("aria-valuetext", `frame ${shown.frame}, ${words[stateOf(shown, shown.frame)]}`);
    canvas.dataset.right = shown.right.size;
    canvas.dataset.stale = shown.stale.size;
  }
}

export function stateOf(shown, frame) {
  if (shown.stale.has(frame)) {
    return "stale";
  }
  if (shown.right.has(frame)) {
    return shown.doubtful.has(frame) ? "doubtful" : "right";
  }
  return shown.plates.has(frame) ? "plate" : "none";
}
