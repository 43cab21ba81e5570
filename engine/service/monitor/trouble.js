// The line that says what went wrong; an engine that is lost is told there until it answers again.
const line = document.getElementById("trouble");

export function trouble(words) {
  line.textContent = words;
  line.hidden = !words;
}

export function lostEngine(problem) {
  trouble(problem.message);
  line.dataset.lost = "yes";
}

// Note that the engine answers; tells whether it was lost.
export function foundEngine() {
  const wasLost = Boolean(line.dataset.lost);
  if (wasLost) {
    delete line.dataset.lost;
    trouble("");
  }
  return wasLost;
}
