"use strict";
// The data of a treemap in, its boxes as objects out. What the lists are: columns.rs.

function boxesOf(data) {
  const root = {label: data.title, full: "", kids: [], up: null, hue: -1, kind: "", depth: -1, bytes: 0, before: 0, moved: 0, retained: 0, sites: 0, weight: 0, members: 0};
  const path = [root];
  const all = [];
  data.label.forEach((label, at) => {
    const depth = +data.depth[at];
    path.length = depth + 1;
    const up = path[depth];
    const change = data.change ? data.change[at] : 0;
    const kind = data.kind.charCodeAt(at) - 97;
    const box = {
      at, label, up, depth,
      full: fullName(data, at, label, up),
      hue: +data.hue[at],
      kind: kind >= 0 ? data.kindNames[kind] : "",
      kids: [],
      bytes: data.bytes[at],
      before: data.bytes[at] - change,
      moved: data.moved && at in data.moved ? data.moved[at] : Math.abs(change),
      retained: data.retained ? data.retained[at] : 0,
      sites: data.sites ? data.sites[at] : 0,
      weight: data.weight ? data.weight[at] : 0,
      members: data.members[at] || 0,
    };
    up.kids.push(box);
    path.push(box);
    all.push(box);
  });
  addUp(root);
  return {root, all};
}

function fullName(data, at, label, up) {
  const above = up.full.split(" ")[0];
  switch (data.join[at]) {
    case "=": return label;
    case "/": return above + "/" + label;
    case ".": return above + "." + label;
    case ":": return above + ": " + label;
    default: return data.full[at];
  }
}

const NUMBERS = ["bytes", "before", "moved", "retained", "sites", "weight"];

// A box with others in it has their sums.
function addUp(box) {
  for (const kid of box.kids) {
    if (kid.kids.length) {
      for (const name of NUMBERS) kid[name] = 0;
      addUp(kid);
    }
    for (const name of NUMBERS) box[name] += kid[name];
  }
}

// Numbers for people, as the program writes them.

function grouped(number) {
  return String(Math.abs(number)).replace(/\B(?=(\d{3})+$)/g, ",");
}

function human(bytes) {
  const steps = [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]];
  for (const [unit, step] of steps) {
    if (bytes >= step) return (bytes / step).toFixed(2) + " " + unit;
  }
  return bytes + " B";
}

function share(part, whole) {
  const percent = part / Math.max(whole, 1) * 100;
  return percent > 0 && percent < 0.05 ? "< 0.1 %" : percent.toFixed(1) + " %";
}

function signed(change, show) {
  return change === 0 ? "±0" : (change > 0 ? "+" : "−") + show(Math.abs(change));
}

function counted(number, noun) {
  return grouped(number) + " " + noun + (number === 1 ? "" : "s");
}

// An element with attributes and children; text is always text.
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}
