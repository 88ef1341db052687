// Rectangles and labels: where boxes stand, which of them are drawn, and the words that fit in them.

const pen = document.createElement("canvas").getContext("2d");

function widthOf(text, size, bold) {
  pen.font = `${bold ? "bold " : ""}${size}px "Liberation Sans", Arial, Helvetica, sans-serif`;
  return pen.measureText(text).width;
}

// A name of any length in a list: its beginning, which says what it is, and its end.
function shortened(name) {
  return name.length > 80 ? name.slice(0, 60) + "…" + name.slice(-18) : name;
}

// The text where there is room for it; otherwise its last parts, the beginning of the last, or nothing.
function fitted(text, size, room, bold) {
  if (room < 12) return "";
  if (widthOf(text, size, bold) <= room) return text;
  const end = text.search(/[([ ]/);
  const path = end < 0 ? text.length : end;
  let last = text;
  for (let at = text.indexOf("/"); at >= 0 && at < path; at = text.indexOf("/", at + 1)) {
    if (/^v\d/.test(text.slice(at + 1))) break;
    last = text.slice(at + 1);
    if (widthOf(last, size, bold) <= room) return last;
  }
  let kept = Math.min(last.length, Math.ceil(room / size * 3));
  while (kept > 2 && widthOf(last.slice(0, kept) + "…", size, bold) > room) kept--;
  return kept > 2 ? last.slice(0, kept).replace(/[ /]+$/, "") + "…" : "";
}

// A squarified treemap (Bruls, Huizing, van Wijk, 2000): one rectangle for each area, the largest first.
function squarify(areas, bounds) {
  const out = [];
  let {x, y, w, h} = bounds;
  const whole = areas.reduce((a, b) => a + b, 0);
  const scale = whole > 0 ? w * h / whole : 0;
  let at = 0;
  while (at < areas.length) {
    const side = Math.min(w, h);
    let sum = 0, worst = Infinity, end = at;
    const largest = areas[at] * scale;
    for (; end < areas.length; end++) {
      const area = areas[end] * scale, next = sum + area;
      const ratio = Math.max(side * side * largest / (next * next), next * next / (side * side * area));
      if (end > at && !(ratio <= worst)) break;
      worst = ratio;
      sum = next;
    }
    const deep = side > 0 ? sum / side : 0;
    let along = 0;
    for (let i = at; i < end; i++) {
      const long = sum > 0 ? side * areas[i] * scale / sum : 0;
      out.push(w >= h ? {x, y: y + along, w: deep, h: long} : {x: x + along, y, w: long, h: deep});
      along += long;
    }
    if (w >= h) { x += deep; w = Math.max(w - deep, 0); } else { y += deep; h = Math.max(h - deep, 0); }
    at = end;
  }
  return out;
}

// The box that an arrow leads to: near on that side, and not much aside.
function nearest(box, drawn, rects, [dx, dy]) {
  const middle = rect => [rect.x + rect.w / 2, rect.y + rect.h / 2];
  const [x, y] = middle(rects.get(box));
  let best = box, least = Infinity;
  for (const other of drawn) {
    const [ox, oy] = middle(rects.get(other));
    const ahead = (ox - x) * dx + (oy - y) * dy;
    const aside = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
    if (other === box || ahead <= 0.5) continue;
    const way = ahead + 2.5 * aside;
    if (way < least) { least = way; best = other; }
  }
  return best;
}

// As many of the places, in their order; a box around others is larger than they are.
function largest(plan, most) {
  if (plan.length <= most) return plan;
  const area = place => place.depth === 0 ? Infinity : place.rect.w * place.rect.h;
  const least = plan.map(area).sort((a, b) => b - a)[most];
  return plan.filter(place => area(place) > least);
}

