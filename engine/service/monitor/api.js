// The engine's API from its own page: the cookie of the one-time link is the key.

export async function get(path) {
  return answer(await ask(path));
}

export async function cancel(job) {
  return answer(await ask(`/v1/jobs/${job}`, { method: "DELETE" }));
}

export function thumbnail(shot, frame, of, mark) {
  return `/v1/shots/${encodeURIComponent(shot)}/thumbnails/${frame}?of=${of}&mark=${mark}`;
}

async function ask(path, options = {}) {
  try {
    return await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw new Error("The engine does not answer: it may have ended. A host starts it again when it needs it.");
  }
}

async function answer(response) {
  const body = await response.json();
  if (response.status === 401) {
    throw new Error("This page's link has expired: open it again with mam2 status --open.");
  }
  if (!response.ok) {
    throw new Error(`${body.message} ${body.hint}`);
  }
  return body;
}
