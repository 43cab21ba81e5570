// Playing: the next frame is shown when its pictures have come and its time has, and some are asked for ahead.

const AHEAD = 6;
const RATE = 24;
const WINDOW = 1000; // ms over which the pace is told

export class Playing {
  // `shot` has: frame(), range(), show(frame), settled(frame).
  constructor(shot) {
    this.shot = shot;
    this.on = false;
    this.shown = [];
    this.last = null;
  }

  toggle() {
    this.on = !this.on;
    const button = document.getElementById("play");
    button.textContent = this.on ? "Stop" : "Play";
    button.setAttribute("aria-label", this.on ? "Stop" : "Play");
    this.due = performance.now();
    this.shot.show(this.shot.frame());
    if (this.on) {
      requestAnimationFrame((now) => this.step(now));
    }
  }

  step(now) {
    if (!this.on) {
      return;
    }
    const next = this.after(this.shot.frame());
    if (now >= this.due && this.shot.settled(next)) {
      this.due = Math.max(this.due + 1000 / RATE, now - 1000 / RATE);
      this.shot.show(next);
    } else {
      this.shot.show(this.shot.frame());
    }
    requestAnimationFrame((later) => this.step(later));
  }

  after(frame) {
    const [first, last] = this.shot.range();
    return frame >= last ? first : frame + 1;
  }

  // The frames that are wanted soon.
  ahead() {
    const [first, last] = this.shot.range();
    const here = this.shot.frame();
    if (!this.on) {
      return [here + 1, here - 1].filter((frame) => frame >= first && frame <= last);
    }
    let frame = here;
    return Array.from({ length: AHEAD }, () => (frame = this.after(frame)));
  }

  // Count the frames that were drawn whole, and tell the pace while frames change.
  drawn() {
    const here = this.shot.frame();
    const now = performance.now();
    if (here !== this.last && this.shot.settled(here)) {
      this.last = here;
      this.shown.push(now);
    }
    this.shown = this.shown.filter((one) => now - one < WINDOW);
    const output = document.getElementById("timing");
    output.dataset.pace = this.shown.length;
    if (this.on) {
      output.textContent = `${this.shown.length} pictures/s`;
    }
  }
}
