// The engine's API from its own page: the cookie of the one-time link is the key.

const PATIENCE = 20000; // ms until an engine that says nothing counts as lost

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
  const source = new EventSource(`/v1/jobs/${job}/events`);
  for (const kind of ["queued", "started", "frame", "waiting", "done", "failed", "cancelled"]) {
    source.addEventListener(kind, (event) => {
      if (["done", "failed", "cancelled"].includes(kind)) {
        source.close();
      }
      heard({ kind, data: JSON.parse(event.data || "{}") });
    });
  }
  return () => source.close();
}

export async function ask(path, options = {}) {
  try {
    return await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE), ...options });
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
