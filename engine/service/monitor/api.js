// The engine's API from its own page: the cookie of the one-time link and the page's token are the key.

const PATIENCE = 20000; // ms until an engine that says nothing counts as lost
const AGAIN = 1000; // ms until a stream of events that broke off is asked for again

export async function get(path) {
  return answer(await ask(path));
}

export async function send(method, path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  return answer(await ask(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }));
}

export async function sendFile(path, file) {
  return answer(await ask(path, { method: "PUT", body: file, headers: { "Content-Type": "application/octet-stream" } }));
}

export function cancel(job) {
  return send("DELETE", `/v1/jobs/${job}`);
}

export function shotPath(shot, rest = "") {
  return `/v1/shots/${encodeURIComponent(shot)}${rest}`;
}

export function picturePath(shot, frame, { layer, object = "", width, preview = false }) {
  const asked = new URLSearchParams({ layer, object, width, preview });
  return shotPath(shot, `/pictures/${frame}?${asked}`);
}

// Follow a job: `heard` gets every event as {kind, data}; gives a function that stops listening.
export function follow(job, heard) {
  const stop = new AbortController();
  listen(job, heard, stop.signal);
  return () => stop.abort();
}

// A browser's own EventSource sends no header of ours.
async function listen(job, heard, signal) {
  let last = 0;
  let ended = false;
  while (!ended && !signal.aborted) {
    try {
      const response = await ask(`/v1/jobs/${job}/events`, { signal, headers: { "Last-Event-ID": String(last) } });
      if (!response.ok) {
        return;
      }
      let text = "";
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const events = (text + part.value).split("\n\n");
        text = events.pop();
        for (const lines of events) {
          const event = Object.fromEntries(lines.split("\n").map((line) => [line.split(":")[0], line.slice(line.indexOf(":") + 2)]));
          if (event.event) {
            last = Number(event.id);
            ended = ["done", "failed", "cancelled"].includes(event.event);
            heard({ kind: event.event, data: JSON.parse(event.data || "{}") });
          }
        }
      }
    } catch {
      // The connection broke off: it is joined again behind the last event.
    }
    await new Promise((again) => setTimeout(again, ended ? 0 : AGAIN));
  }
}

// Give a picture as an address that an image takes; null where there is none.
export async function pictureData(path) {
  const response = await ask(path);
  if (!response.ok) {
    return null;
  }
  const picture = await response.blob();
  return new Promise((done) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(reader.result));
    reader.readAsDataURL(picture);
  });
}

export async function ask(path, options = {}) {
  try {
    const headers = { ...options.headers, "X-Mam2-Page": localStorage.getItem("mam2-page") ?? "" };
    return await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE), ...options, headers });
  } catch {
    throw new Error("The engine does not answer: it may have ended. Open the clip again with mam2 open, which starts it.");
  }
}

async function answer(response) {
  if (response.status === 204) {
    return null;
  }
  const body = await response.json();
  if (response.status === 401) {
    throw new Error("This page's link has expired: open it again with mam2 status --open.");
  }
  if (!response.ok) {
    throw new Error(`${body.message} ${body.hint}`);
  }
  return body;
}
