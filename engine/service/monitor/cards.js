// What the page is made of: one element a device, job or shot, changed in place so that focus and scrolling stay.
import { pictureData, picturePath } from "./api.js";
import { clock } from "./tracking.js";

const RUNNING = ["queued", "running", "waiting"];
const FRAMES = 40;

// Bring a list's elements in line with what there is; an element whose item has not changed is left alone, with its
// focus and scrolling. `fill` gives an element its contents.
export function update(list, items, key, fill) {
  const before = new Map([...list.children].map((element) => [element.dataset.key, element]));
  items.forEach((item, place) => {
    const name = key(item);
    const element = before.get(name) ?? document.createElement(list.tagName === "UL" ? "li" : "article");
    before.delete(name);
    const shown = JSON.stringify(item);
    if (element.dataset.shown !== shown) {
      element.dataset.key = name;
      element.dataset.shown = shown;
      fill(item, element);
    }
    if (list.children[place] !== element) {
      list.insertBefore(element, list.children[place] ?? null);
    }
  });
  before.forEach((element) => element.remove());
}

export function deviceCard(device, element) {
  const label = device.label ? ` (${device.label})` : "";
  element.className = "card";
  element.replaceChildren(
    row(strong(device.name + label), state(device.state)),
    memory(device),
    note(device.deaths ? `its process was replaced ${device.deaths} times` : ""),
  );
}

const seen = new Map(); // job -> when how many frames were done

// Say how fast a job is and what is left, from what was seen of it.
function pace(job) {
  const looks = [...(seen.get(job.id) ?? []), { at: performance.now(), done: job.done }].slice(-20);
  seen.set(job.id, looks);
  const first = looks[0];
  const rate = (job.done - first.done) / ((performance.now() - first.at) / 1000);
  return rate > 0 ? `, ${rate.toFixed(2)} frames/s, ${clock(Math.round((job.total - job.done) / rate))} left` : "";
}

export function jobCard(job, element, stop) {
  const runs = RUNNING.includes(job.state);
  const focused = element.contains(document.activeElement);
  element.className = "card";
  const parts = [row(strong(`${job.kind} ${job.shot}`), state(job.state)), count(job)];
  if (runs) {
    const button = document.createElement("button");
    button.textContent = "Cancel";
    button.setAttribute("aria-label", `Cancel the ${job.kind} of ${job.shot}`);
    button.addEventListener("click", () => stop(job));
    parts.push(button);
    if (focused) {
      queueMicrotask(() => button.focus());
    }
  }
  if (job.error) {
    parts.push(note(job.error.message, "error"), note(job.error.hint, "hint"));
  }
  element.replaceChildren(...parts);
}

export function shotCard(shot, element, remove) {
  const [first, last] = shot.range;
  const right = new Set(shot.mattes);
  const stale = new Set(shot.stale);
  const all = shot.view === "plate" ? shot.plates : [...shot.mattes, ...shot.stale].sort((a, b) => a - b);
  let strip = element.querySelector(".strip");
  if (!strip) {
    element.className = "card";
    strip = document.createElement("div");
    strip.className = "strip";
    strip.tabIndex = 0;
    strip.setAttribute("aria-label", `Frames of ${shot.shot}`);
    element.replaceChildren(document.createElement("div"), strip);
  }
  const named = shot.objects.map((one) => one.name).join(", ");
  const words =
    `${named ? `${named}; ` : ""}${shot.size[0]} x ${shot.size[1]}, frames ${first}-${last}, plates ${shot.plates.length}, ` +
    `mattes ${right.size}${stale.size ? `, stale ${stale.size}` : ""}, model ${shot.model}`;
  element.firstChild.replaceChildren(row(link(shot.shot), note(words), removing(shot.shot, remove)));
  const frames = spread(all, FRAMES).map((frame) => {
    const state = right.has(frame) ? "right" : stale.has(frame) ? "stale" : "plain";
    // The mark changes with the matte's state, so that a new matte shows.
    return { shot: shot.shot, frame, state, view: shot.view };
  });
  update(strip, frames, (one) => String(one.frame), frameFigure);
}

function frameFigure(one, element) {
  const image = document.createElement("img");
  const caption = document.createElement("figcaption");
  const figure = document.createElement("figure");
  image.alt = `${one.view} of frame ${one.frame}${one.state === "stale" ? ", stale" : ""}`;
  const source = (layer) => `${picturePath(one.shot, one.frame, { layer, width: 304 })}&mark=${one.state}`;
  image.addEventListener("load", () => image.classList.add("there"));
  image.className = one.view;
  load(image, source(one.view === "alpha" ? "alpha" : "plate"), one.view === "comp" ? source("alpha") : null);
  caption.textContent = one.frame;
  figure.append(image, caption);
  element.className = one.state;
  element.replaceChildren(figure);
}

async function load(image, picture, mask) {
  const [seen, through] = await Promise.all([pictureData(picture), mask && pictureData(mask)]).catch(() => []);
  if (through) {
    image.style.maskImage = `url("${through}")`;
  }
  if (seen) {
    image.src = seen;
  }
}

function spread(frames, most) {
  if (frames.length <= most) {
    return frames;
  }
  return Array.from({ length: most }, (_, i) => frames[Math.round((i * (frames.length - 1)) / (most - 1))]);
}

function count(job) {
  const bar = document.createElement("progress");
  bar.max = Math.max(job.total, 1);
  bar.value = job.done;
  bar.setAttribute("aria-label", `${job.done} of ${job.total} frames`);
  const words = note(job.total ? `${job.done} of ${job.total} frames${RUNNING.includes(job.state) ? pace(job) : ""}` : "");
  const both = document.createElement("div");
  both.append(bar, words);
  return both;
}

function memory(device) {
  if (!device.memory_total) {
    return note("");
  }
  const bar = document.createElement("progress");
  bar.max = device.memory_total;
  bar.value = device.memory_used;
  const words = `${gigabytes(device.memory_used)} of ${gigabytes(device.memory_total)} memory`;
  bar.setAttribute("aria-label", words);
  const both = document.createElement("div");
  both.append(bar, note(words));
  return both;
}

function gigabytes(bytes) {
  return `${(bytes / 2 ** 30).toFixed(1)} GB`;
}

function row(...parts) {
  const element = document.createElement("div");
  element.className = "row";
  element.append(...parts);
  return element;
}

function link(shot) {
  const element = document.createElement("a");
  element.href = `shot.html#${encodeURIComponent(shot)}`;
  element.textContent = shot;
  element.title = `Open ${shot}`;
  return element;
}

// A button that asks once more before it acts.
function removing(shot, remove) {
  const button = document.createElement("button");
  button.textContent = "Delete";
  button.setAttribute("aria-label", `Delete ${shot}`);
  button.addEventListener("click", () => {
    if (button.dataset.sure) {
      remove(shot);
    } else {
      button.dataset.sure = "yes";
      button.textContent = "Really delete?";
    }
  });
  button.addEventListener("blur", () => {
    delete button.dataset.sure;
    button.textContent = "Delete";
  });
  return button;
}

function strong(text) {
  const element = document.createElement("strong");
  element.textContent = text;
  return element;
}

function state(text) {
  const element = document.createElement("span");
  element.className = `state ${text}`;
  element.textContent = text;
  return element;
}

function note(text, kind = "quiet") {
  const element = document.createElement("p");
  element.className = kind;
  element.style.margin = kind === "quiet" ? "0" : "";
  element.textContent = text;
  element.hidden = !text;
  return element;
}
