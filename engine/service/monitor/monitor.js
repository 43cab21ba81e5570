// The monitor: asks the engine how it stands, once a second while somebody looks, and shows it.
import { cancel, get, send, shotPath } from "./api.js";
import { deviceCard, jobCard, shotCard, update } from "./cards.js";

const PERIOD = 1000;
const SHOWN_JOBS = 30;
const at = (id) => document.getElementById(id);

function view() {
  return document.querySelector("input[name=view]:checked").value;
}

async function show() {
  const status = await get("/v1/status");
  at("engine").className = "";
  at("engine").textContent =
    `version ${status.version}, process ${status.pid}, up ${duration(status.uptime)}, store ${status.store}`;
  update(at("devices"), status.devices, (device) => device.name, deviceCard);
  const jobs = status.jobs.slice(-SHOWN_JOBS).reverse();
  update(at("jobs"), jobs, (job) => job.id, (job, element) => jobCard(job, element, stop));
  at("no-jobs").hidden = jobs.length > 0;
  const shots = await Promise.all(status.shots.map((name) => get(shotPath(name)).catch(() => null)));
  const there = shots.filter(Boolean).map((shot) => ({ ...shot, view: view() }));
  update(at("shots"), there, (shot) => shot.shot, (shot, element) => shotCard(shot, element, remove));
  at("no-shots").hidden = there.length > 0;
  if (at("log").closest("details").open) {
    at("log").textContent = (await get("/v1/log")).lines.join("\n");
  }
}

async function stop(job) {
  await cancel(job.id);
  await look();
}

async function remove(shot) {
  await send("DELETE", shotPath(shot));
  await look();
}

async function openClip(event) {
  event.preventDefault();
  try {
    const { shot } = await send("POST", "/v1/clips", { path: at("path").value.trim() });
    location.href = `shot.html#${encodeURIComponent(shot)}`;
  } catch (problem) {
    at("refused").textContent = problem.message;
  }
}

async function look() {
  try {
    await show();
  } catch (problem) {
    at("engine").className = "lost";
    at("engine").textContent = problem.message;
  }
}

function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes < 1 ? `${Math.floor(seconds)} s` : minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

async function run() {
  if (!document.hidden) {
    await look();
  }
  setTimeout(run, PERIOD);
}

at("open").addEventListener("submit", openClip);
at("views").addEventListener("change", look);
at("log").closest("details").addEventListener("toggle", look);
run();
