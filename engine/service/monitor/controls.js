// Buttons, keys and fields of a shot's page, and what each does.
import { listen } from "./keys.js";

export const VIEWS = ["plate", "overlay", "alpha", "trimap", "comp"];
const at = (id) => document.getElementById(id);

// Connect the controls with `page`, which can: show, jump, setView, redraw, edited, track, trouble, showObjects,
// dropPrompt, sendMask, and has look, objects, viewer, playing, tracking, pen, frame() and range().
export function connect(page) {
  const { look, objects, viewer, playing, tracking, show, jump, setView, redraw } = page;
  at("views").replaceChildren(
    ...VIEWS.map((view, index) => {
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), { type: "radio", name: "view", value: view });
      input.checked = view === look.view;
      input.addEventListener("change", () => setView(view));
      const key = Object.assign(document.createElement("kbd"), { textContent: index + 1 });
      label.append(input, view, key);
      return label;
    }),
  );
  const clicks = {
    undo: () => objects.undo() && page.edited(),
    redo: () => objects.redo() && page.edited(),
    fit: () => viewer.fit(),
    start: () => show(page.range()[0]),
    end: () => show(page.range()[1]),
    back: () => show(page.frame() - 1),
    forth: () => show(page.frame() + 1),
    earlier: () => jump(-1),
    later: () => jump(1),
    play: () => playing.toggle(),
    add: () => {
      const name = objects.freshName();
      objects.change((all) => all.push({ name, prompts: [] }));
      objects.active = objects.all.length - 1;
      page.showObjects();
      redraw();
    },
    backward: () => page.track("backward"),
    both: () => page.track("both"),
    forward: () => page.track("forward"),
    cancel: () => tracking.cancel().catch((problem) => page.trouble(problem.message)),
  };
  Object.entries(clicks).forEach(([id, action]) => at(id).addEventListener("click", action));
  const views = Object.fromEntries(VIEWS.map((view, index) => [String(index + 1), () => setView(view)]));
  listen({
    ...views,
    undo: clicks.undo,
    redo: clicks.redo,
    ArrowLeft: clicks.back,
    ArrowRight: clicks.forth,
    JumpArrowLeft: clicks.earlier,
    JumpArrowRight: clicks.later,
    Home: clicks.start,
    End: clicks.end,
    " ": clicks.play,
    f: clicks.fit,
    m: () => setView(look.view === "overlay" ? "plate" : "overlay"),
    "+": () => viewer.zoom(1.25),
    "-": () => viewer.zoom(0.8),
    Delete: () => page.pen.chosen && page.dropPrompt(page.pen.chosen),
    Backspace: () => page.pen.chosen && page.dropPrompt(page.pen.chosen),
  });
  at("frame").addEventListener("change", () => show(Number(at("frame").value)));
  at("wipe").addEventListener("change", () => {
    look.wipe = at("wipe").checked ? 0.5 : null;
    redraw();
  });
  at("ground").addEventListener("change", () => {
    look.ground = at("ground").value;
    at("colour").hidden = look.ground !== "colour";
    at("backdrop").hidden = look.ground !== "picture";
    setView("comp");
  });
  at("colour").addEventListener("input", () => Object.assign(look, { colour: at("colour").value }) && redraw());
  at("backdrop").addEventListener("change", async () => {
    look.backdrop = await createImageBitmap(at("backdrop").files[0]);
    redraw();
  });
  at("mask").addEventListener("change", () => at("mask").files[0] && page.sendMask(at("mask").files[0]));
  at("canvas").addEventListener("dragover", (event) => event.preventDefault());
  at("canvas").addEventListener("drop", (event) => {
    event.preventDefault();
    [...event.dataTransfer.files].slice(0, 1).forEach(page.sendMask);
  });
  window.addEventListener("hashchange", () => location.reload());
}
