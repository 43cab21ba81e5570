// What the viewer shows, drawn: plate, mattes in one of five ways, wipe, prompts. A matte's picture carries it as alpha.

const SQUARE = 12;
const scratch = document.createElement("canvas");

// Draw one frame. `place` is {left, top, scale} of the plate's top-left corner, in canvas pixels a plate pixel;
// `shown` is {plate, layers: [{bitmap, colour}]}, a bitmap null where it is not there.
export function drawFrame(context, size, place, shown, look) {
  const box = [place.left, place.top, size[0] * place.scale, size[1] * place.scale];
  context.imageSmoothingEnabled = place.scale < 2;
  context.imageSmoothingQuality = "medium";
  context.fillStyle = "#000";
  context.fillRect(...box);
  if (look.wipe === null) {
    drawView(context, box, shown, look);
    return;
  }
  const edge = box[0] + box[2] * look.wipe;
  clipped(context, [box[0], box[1], edge - box[0], box[3]], () => drawView(context, box, shown, { view: "plate" }));
  clipped(context, [edge, box[1], box[0] + box[2] - edge, box[3]], () => drawView(context, box, shown, look));
  context.fillStyle = "#fff";
  context.fillRect(edge - 0.75, box[1], 1.5, box[3]);
}

function drawView(context, box, shown, { view, ground, colour, backdrop }) {
  const { plate, layers } = shown;
  if (plate && (view === "plate" || view === "overlay")) {
    context.drawImage(plate, ...box);
  }
  const there = layers.filter((one) => one.bitmap);
  if (view === "overlay") {
    context.globalAlpha = 0.5;
    for (const one of there) {
      context.drawImage(tinted(one.bitmap, one.colour), ...box);
    }
    context.globalAlpha = 1;
  } else if (view === "alpha" || view === "trimap") {
    context.globalCompositeOperation = "lighter";
    there.forEach((one) => context.drawImage(one.bitmap, ...box));
    context.globalCompositeOperation = "source-over";
  } else if (view === "comp" && plate) {
    drawGround(context, box, ground, colour, backdrop);
    if (there.length) {
      context.drawImage(cut(plate, there), ...box);
    }
  }
}

// The plate where the mattes are.
function cut(plate, layers) {
  const pen = blank(plate);
  pen.globalCompositeOperation = "lighter";
  layers.forEach((one) => pen.drawImage(one.bitmap, 0, 0, scratch.width, scratch.height));
  pen.globalCompositeOperation = "source-in";
  pen.drawImage(plate, 0, 0);
  return scratch;
}

function tinted(bitmap, colour) {
  const pen = blank(bitmap);
  pen.drawImage(bitmap, 0, 0);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = colour;
  pen.fillRect(0, 0, scratch.width, scratch.height);
  return scratch;
}

function blank(bitmap) {
  scratch.width = bitmap.width;
  scratch.height = bitmap.height;
  return scratch.getContext("2d");
}

function drawGround(context, box, ground, colour, backdrop) {
  if (ground === "picture" && backdrop) {
    context.drawImage(backdrop, ...box);
  } else if (ground === "checker" || ground === "picture") {
    clipped(context, box, () => {
      context.fillStyle = "#595959";
      context.fillRect(...box);
      context.fillStyle = "#8c8c8c";
      for (let row = 0; row * SQUARE < box[3]; row += 1) {
        for (let column = row % 2; column * SQUARE < box[2]; column += 2) {
          context.fillRect(box[0] + column * SQUARE, box[1] + row * SQUARE, SQUARE, SQUARE);
        }
      }
    });
  } else {
    context.fillStyle = ground === "colour" ? colour : ground;
    context.fillRect(...box);
  }
}

export function drawPrompts(context, place, objects, frame, chosen, pixel) {
  for (const one of objects.all) {
    const colour = objects.colour(one.name);
    for (const prompt of one.prompts.filter((other) => other.frame === frame)) {
      context.lineWidth = (prompt === chosen ? 3 : 2) * pixel;
      if (prompt.kind === "point") {
        drawPoint(context, place, prompt, colour, pixel);
      } else if (prompt.kind === "box") {
        drawBox(context, place, prompt.box, colour, pixel);
      }
    }
  }
}

export function drawBox(context, place, [x0, y0, x1, y1], colour, pixel) {
  const box = [place.left + x0 * place.scale, place.top + y0 * place.scale, (x1 - x0) * place.scale, (y1 - y0) * place.scale];
  context.strokeStyle = "#000a";
  context.lineWidth += 2 * pixel;
  context.strokeRect(...box);
  context.strokeStyle = colour;
  context.lineWidth -= 2 * pixel;
  context.strokeRect(...box);
}

function drawPoint(context, place, prompt, colour, pixel) {
  const x = place.left + prompt.x * place.scale;
  const y = place.top + prompt.y * place.scale;
  const radius = 7 * pixel;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = prompt.positive ? colour : "#d63a32";
  context.fill();
  context.strokeStyle = prompt.positive ? "#000" : colour;
  context.stroke();
  context.fillStyle = prompt.positive ? "#000" : "#fff";
  context.fillRect(x - 4 * pixel, y - pixel, 8 * pixel, 2 * pixel);
  if (prompt.positive) {
    context.fillRect(x - pixel, y - 4 * pixel, 2 * pixel, 8 * pixel);
  }
}

function clipped(context, box, draw) {
  context.save();
  context.beginPath();
  context.rect(...box);
  context.clip();
  draw();
  context.restore();
}
