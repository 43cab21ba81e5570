// A shot's own page: it holds what is shown, and brings viewer, strip, panels and engine together.
import { get, send, sendFile, shotPath } from "./api.js";
import { connect } from "./controls.js";
import { drawBox, drawFrame, drawPrompts } from "./drawing.js";
import { Exporting } from "./exporting.js";
import { Objects } from "./history.js";
import { fillObjects, fillPrompts } from "./panel.js";
import { Pictures } from "./pictures.js";
import { Playing } from "./playing.js";
import { Readout } from "./readout.js";
import { Strip } from "./strip.js";
import { Tracking } from "./tracking.js";
import { foundEngine, lostEngine, trouble } from "./trouble.js";
import { Viewer } from "./viewer.js";

const PERIOD = 1000; // ms between two looks at how the shot stands
const REST = 250; // ms without a change of frame after which its pictures are looked at again
const NEAREST = 500; // frames whose pictures are made before they are wanted
const WIDTHS = [480, 960, 1440, 1920, 2880, 3840];
const at = (id) => document.getElementById(id);

const shot = decodeURIComponent(location.hash.slice(1));
const objects = new Objects();
const look = { view: "overlay", wipe: null, ground: "checker", colour: "#1f6f3a", backdrop: null };
const facts = { info: null, clip: null, known: "", strip: null };
const preview = { frame: null, width: 0 };
const pen = { chosen: null, sending: Promise.resolve(), unsent: 0 };
let frame = 0;
let due = false;
let rest = 0;

const pictures = new Pictures(shot, (of) => of.frame === frame && redraw(), trouble);
const tracking = new Tracking(shot, { made, changed: showTrack, failed: trouble });
const readout = new Readout(shot);
const strip = new Strip(at("strip"), (wanted) => show(wanted));
const viewer = new Viewer(at("canvas"), objects, look, {
  point: (x, y, positive) => edit(() => objects.current.prompts.push({ kind: "point", frame, x, y, positive })),
  box: (box) => edit(() => objects.current.prompts.push({ kind: "box", frame, box })),
  move: movePrompt,
  choose: (prompt) => (pen.chosen = prompt),
  wipe: (share) => Object.assign(look, { wipe: share }) && redraw(),
  over: (x, y) => {
    const pixel = viewer.isInside([x, y]) ? [Math.floor(x), Math.floor(y)] : null;
    readout.over(pixel, frame, !playing.on && !viewer.dragged && !tracking.previewJob);
  },
  out: () => readout.over(null),
  redraw,
});
const playing = new Playing({ frame: () => frame, range: () => facts.info.range, show, wanted, settled });
const exporting = new Exporting(shot, () => ({ info: facts.info, plates: facts.clip.path, objects: objects.prompted() }), trouble);

function width() {
  const most = facts.info.size[0];
  const shown = Math.min(viewer.shownWidth, most);
  return Math.min(most, WIDTHS.find((one) => one >= shown * 0.85) ?? most);
}

// The pictures that a frame needs in this view, the plate first.
function wanted(of) {
  const plate = { frame: of, layer: "plate", width: width() };
  if (look.view === "plate" || !facts.strip) {
    return [plate];
  }
  const isPreview = preview.frame === of;
  const there = facts.strip.right.has(of) || facts.strip.stale.has(of);
  if (!isPreview && !there) {
    return [plate];
  }
  const layer = look.view === "trimap" ? "trimap" : "alpha";
  const layers = matted().map((name) => ({ frame: of, layer, object: name, width: width(), preview: isPreview }));
  return [plate, ...layers];
}

// The frames that have pictures, the nearest first.
function around() {
  return [...(facts.strip?.plates ?? [])].sort((a, b) => Math.abs(a - frame) - Math.abs(b - frame)).slice(0, NEAREST);
}

function matted() {
  const names = new Set(objects.prompted().map((one) => one.name));
  return objects.shown().filter((name) => names.has(name));
}

function settled(of) {
  return pictures.settled(wanted(of));
}

function show(number) {
  if (!facts.info) {
    return;
  }
  const [first, last] = facts.info.range;
  const next = Math.min(last, Math.max(first, Math.round(number)));
  if (next !== frame) {
    frame = next;
    pen.chosen = null;
    clearTimeout(rest);
    rest = setTimeout(() => {
      pictures.renew(frame);
      redraw();
      watch();
    }, REST);
  }
  redraw();
}

// The engine gets ready for a click in the frame that is shown.
function watch() {
  send("POST", shotPath(shot, `/watch/${frame}`)).catch(() => {});
}

function redraw() {
  if (!due && facts.info) {
    due = true;
    requestAnimationFrame(draw);
  }
}

function draw() {
  due = false;
  viewer.frame = frame;
  const context = at("canvas").getContext("2d");
  const needed = wanted(frame);
  if (preview.frame === frame && preview.width < width() && !tracking.previewJob && !tracking.runs) {
    preview.width = width(); // somebody looks closer
    tracking.preview(frame, preview.width).catch((problem) => trouble(problem.message));
  }
  pictures.want([...needed, ...playing.ahead().flatMap(wanted)]);
  pictures.warm(playing.on || tracking.previewJob || viewer.dragged ? [] : around().flatMap(wanted));
  const shown = {
    plate: pictures.look(needed[0]) ?? smaller(needed[0]),
    layers: needed.slice(1).map((of) => ({ bitmap: pictures.look(of), colour: objects.colour(of.object) })),
  };
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, at("canvas").width, at("canvas").height);
  drawFrame(context, viewer.size, viewer.place, shown, look);
  const pixel = viewer.pixel;
  if (!playing.on) {
    drawPrompts(context, viewer.place, objects, frame, pen.chosen, pixel);
  }
  if (viewer.box) {
    context.lineWidth = 2 * pixel;
    drawBox(context, viewer.place, viewer.box, objects.colour(objects.current.name), pixel);
  }
  at("canvas").dataset.frame = frame;
  at("canvas").dataset.settled = pictures.settled(needed);
  at("zoom").textContent = `${Math.round((100 * viewer.place.scale) / pixel)} %`;
  if (document.activeElement !== at("frame")) {
    at("frame").value = frame;
  }
  drawStrip();
  playing.drawn();
}

// The same plate at another width, until the right one has come.
function smaller(of) {
  return WIDTHS.map((one) => pictures.look({ ...of, width: one })).find(Boolean) ?? null;
}

function drawStrip() {
  const { range } = facts.info;
  strip.draw({ ...facts.strip, first: range[0], last: range[1], frame, prompted: objects.frames() });
  fillPrompts(objects, frame, { go: show, drop: dropPrompt });
}

// Change objects or prompts, tell the engine, and matte the frame that is shown.
function edit(change) {
  if (objects.change(change)) {
    edited();
  }
}

function edited() {
  showObjects();
  redraw();
  pen.unsent += 1;
  pen.sending = pen.sending.then(sendPrompts).catch((problem) => trouble(problem.message));
  return pen.sending;
}

async function sendPrompts() {
  pen.unsent -= 1;
  if (pen.unsent > 0) {
    return; // what comes after it says it all
  }
  const told = objects.prompted();
  const { dirty } = await send("PUT", shotPath(shot, "/prompts"), { objects: told });
  facts.known = JSON.stringify(told);
  trouble("");
  dirty.forEach((one) => pictures.renew(one));
  if (told.length && !tracking.runs) {
    await tracking.preview(frame, width());
  }
  await refresh();
}

function movePrompt(prompt, x, y, done) {
  if (!done) {
    Object.assign((pen.moving ??= { before: { x: prompt.x, y: prompt.y } }), { prompt });
    Object.assign(prompt, { x, y });
    redraw();
    return;
  }
  Object.assign(prompt, pen.moving?.before ?? {});
  pen.moving = null;
  edit(() => Object.assign(prompt, { x, y }));
}

function dropPrompt(prompt) {
  edit(() => objects.drop(prompt));
  pen.chosen = null;
}

// A frame has been matted.
function made(of, width, seconds) {
  if (width) {
    Object.assign(preview, { frame: of, width });
    at("timing").textContent = `preview ${seconds.toFixed(2)} s`;
    at("timing").dataset.seconds = seconds;
  } else {
    facts.strip.right.add(of);
    facts.strip.stale.delete(of);
    preview.frame = preview.frame === of ? null : preview.frame;
  }
  pictures.renew(of);
  redraw();
}

function showTrack(kind) {
  at("busy").textContent = tracking.previewJob ? "matting this frame ..." : "";
  const { job } = tracking;
  at("running").hidden = !job;
  ["backward", "both", "forward"].forEach((id) => (at(id).disabled = Boolean(job)));
  if (job) {
    at("progress").max = Math.max(1, job.total);
    at("progress").value = job.done.size;
    at("pace").textContent = tracking.pace();
  }
  if (["done", "failed", "cancelled"].includes(kind)) {
    refresh().catch(lostEngine);
  }
}

function showObjects() {
  fillObjects(objects, {
    select: (index) => {
      if (objects.active !== index) {
        objects.active = index;
        [...at("objects").children].forEach((row, place) => (row.className = place === index ? "active" : ""));
        redraw();
      }
    },
    rename: (index, name) => {
      const taken = objects.all.some((one, place) => place !== index && one.name.toLowerCase() === name.toLowerCase());
      if (!name || taken) {
        trouble(taken ? `There is an object '${name}' already.` : "An object needs a name.");
        showObjects();
      } else {
        edit((all) => (all[index].name = name));
      }
    },
    remove: (index) => edit((all) => all.splice(index, 1) && !all.length && all.push({ name: "object", prompts: [] })),
    hide: (name) => {
      objects.hidden[objects.hidden.has(name) ? "delete" : "add"](name);
      showObjects();
      redraw();
    },
    solo: (name) => {
      objects.solo = objects.solo === name ? null : name;
      showObjects();
      redraw();
    },
  });
  at("undo").disabled = !objects.past.length;
  at("redo").disabled = !objects.future.length;
  at("hint").textContent = objects.prompted().length ? "" : "Click what you want a matte of. Alt-click what is not it. Drag a box around it.";
}

async function refresh() {
  const info = await get(shotPath(shot));
  const isFirst = !facts.info;
  const before = facts.strip;
  facts.info = info;
  facts.strip = {
    plates: new Set(info.plates),
    right: new Set(info.mattes),
    stale: new Set(info.stale),
    doubtful: new Set(info.doubtful),
    confidence: info.confidence,
  };
  renewChanged(before, facts.strip);
  const told = JSON.stringify(info.objects);
  if (told !== facts.known && pen.unsent === 0) {
    facts.known = told;
    objects.take(info.objects);
    showObjects();
  }
  if (isFirst) {
    begin(info);
  }
  const lost = Object.entries(info.lost).map(([name, from]) => `'${name}' may be lost from frame ${from}: look there, and click again.`);
  at("lost").textContent = lost.join(" ");
  redraw();
}

// What has come or changed since the last look, by whomever, is asked for again.
function renewChanged(before, now) {
  if (before) {
    now.plates.forEach((one) => before.plates.has(one) || pictures.renew(one));
    now.right.forEach((one) => before.right.has(one) || pictures.renew(one));
    if (now.plates.has(frame) && !before.plates.has(frame)) {
      watch();
    }
  }
}

function begin(info) {
  const [first, last] = info.range;
  frame = objects.frames()[0] ?? first;
  document.title = `${shot} - MAM2`;
  at("title").textContent = shot;
  at("facts").textContent = `${info.size[0]} x ${info.size[1]}, ${first}-${last}, ${info.settings.colourspace ?? "colour by file type"}`;
  Object.assign(at("frame"), { min: first, max: last });
  viewer.setSize(info.size);
  watch();
}

async function poll() {
  try {
    if (!document.hidden) {
      const [status, clip] = await Promise.all([get("/v1/status"), get(shotPath(shot, "/clip"))]);
      facts.clip = clip;
      if (clip.error) {
        trouble(`${clip.error.message} ${clip.error.hint}`);
      }
      await refresh();
      exporting.propose(clip.path);
      await tracking.find(status.jobs);
      if (foundEngine()) {
        pictures.renew(null);
        redraw();
      }
    }
  } catch (problem) {
    lostEngine(problem);
  }
  setTimeout(poll, PERIOD);
}

function setView(view) {
  look.view = view;
  document.querySelector(`#views input[value=${view}]`).checked = true;
  redraw();
}

function jump(step) {
  const frames = objects.frames();
  const next = step > 0 ? frames.find((one) => one > frame) : frames.findLast((one) => one < frame);
  show(next ?? frame);
}

function track(direction) {
  trouble("");
  pen.sending.then(() => tracking.track(direction)).catch((problem) => trouble(problem.message));
}

async function sendMask(file) {
  try {
    const safe = `${frame}_${file.name.replace(/[^A-Za-z0-9_.-]/g, "_")}`.slice(-100);
    const { path } = await sendFile(shotPath(shot, `/masks/${encodeURIComponent(safe)}`), file);
    edit(() => objects.addMask(at("mask-is").value, frame, path));
  } catch (problem) {
    trouble(problem.message);
  }
}

async function showModel() {
  const models = await get("/v1/models");
  at("model").textContent = models.told;
  at("advice").textContent = models.advice;
  at("advice").hidden = !models.advice;
}

connect({
  ...{ look, objects, viewer, playing, tracking, pen, show, jump, setView, redraw, edited, track, trouble },
  ...{ showObjects, dropPrompt, sendMask, frame: () => frame, range: () => facts.info.range },
});
poll();
showModel().catch(() => {});
