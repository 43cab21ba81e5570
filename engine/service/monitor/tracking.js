// A shot's jobs: previews of a frame, tracks with their pace; a track is joined again after a reload.
import { cancel, follow, get, send, shotPath } from "./api.js";

const RUNNING = ["queued", "running", "waiting"];
const WINDOW = 20; // frames whose pace counts

export class Tracking {
  // `heard` has: made(frame, width of a preview or null, seconds), changed(), failed(words).
  constructor(shot, heard) {
    Object.assign(this, { shot, heard });
    this.job = null;
    this.previewJob = null;
  }

  get runs() {
    return this.job !== null;
  }

  // Matte one frame now, for a picture of this width; one that is under way is given up for it.
  async preview(frame, width) {
    const before = this.previewJob;
    const mine = { began: performance.now(), id: null };
    this.previewJob = mine;
    if (before?.id) {
      before.stop?.();
      cancel(before.id).catch(() => {});
    }
    const info = await send("POST", shotPath(this.shot, `/preview/${frame}?width=${width}`));
    if (this.previewJob !== mine) {
      cancel(info.id).catch(() => {});
      return;
    }
    mine.id = info.id;
    this.heard.changed();
    mine.stop = follow(info.id, ({ kind, data }) => {
      if (kind === "frame") {
        this.heard.made(frame, width, (performance.now() - mine.began) / 1000);
      }
      if (["done", "failed", "cancelled"].includes(kind) && this.previewJob === mine) {
        this.previewJob = null;
        this.heard.changed();
        if (kind === "failed") {
          this.heard.failed(`${data.error.message} ${data.error.hint}`);
        }
      }
    });
  }

  async track(direction) {
    this.join(await send("POST", shotPath(this.shot, "/track"), { direction }));
  }

  async cancel() {
    if (this.job) {
      await cancel(this.job.id);
    }
  }

  // Join the newest track of the shot that runs, whoever began it.
  async find(jobs) {
    const mine = jobs.filter((job) => job.shot === this.shot && job.kind !== "preview" && RUNNING.includes(job.state));
    const newest = mine.at(-1);
    if (newest && this.job?.id !== newest.id) {
      this.join(await get(`/v1/jobs/${newest.id}`));
    }
  }

  join(info) {
    this.job?.stop();
    const job = { id: info.id, total: info.total, done: new Set(), times: [], waiting: false, old: info.done };
    this.job = job;
    job.stop = follow(info.id, (event) => this.heardOf(job, event));
    this.heard.changed();
  }

  heardOf(job, { kind, data }) {
    if (job !== this.job) {
      return;
    }
    job.waiting = kind === "waiting";
    if (kind === "started") {
      job.total = data.total;
    } else if (kind === "frame") {
      job.done.add(data.frame);
      if (job.done.size > job.old && !data.kept) {
        job.times = [...job.times, performance.now()].slice(-WINDOW);
      }
      if (!data.kept) {
        this.heard.made(data.frame, null);
      }
    } else if (["done", "failed", "cancelled"].includes(kind)) {
      this.job = null;
      if (kind === "failed") {
        this.heard.failed(`${data.error.message} ${data.error.hint}`);
      }
    }
    this.heard.changed(kind);
  }

  // Say how far the track is.
  pace() {
    const { job } = this;
    const words = [`${job.done.size} of ${job.total}`];
    if (job.waiting) {
      words.push("waiting for plates");
    } else if (job.times.length > 1) {
      const rate = (job.times.length - 1) / ((job.times.at(-1) - job.times[0]) / 1000);
      const left = Math.round((job.total - job.done.size) / rate);
      words.push(`${rate.toFixed(rate < 10 ? 2 : 1)} frames/s`, `${clock(left)} left`);
    }
    return words.join(", ");
  }
}

export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
