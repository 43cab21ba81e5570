// Keys that every roto tool has; none while something is typed.

export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    const typed = event.target.matches("input[type=text], input[type=number], textarea, select");
    const command = event.ctrlKey || event.metaKey;
    if (typed) {
      return;
    }
    const name = nameOf(event, command);
    const isButton = event.target.matches("button, input") && (event.key === " " || event.key.startsWith("Arrow"));
    if (actions[name] && !isButton) {
      event.preventDefault();
      actions[name]();
    }
  });
}

function nameOf(event, command) {
  if (command && event.key.toLowerCase() === "z") {
    return event.shiftKey ? "redo" : "undo";
  }
  if (command && event.key.toLowerCase() === "y") {
    return "redo";
  }
  if (event.key.startsWith("Arrow")) {
    return (command ? "Jump" : "") + event.key;
  }
  return command || event.altKey ? "" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
}
