// The map: boxes drawn anew for each place, layer and colour; zoom by click, key, search, breadcrumb and address.

const STD = 2, NONE = 3;
const AREAS = {bytes: box => box.bytes, retained: box => box.retained, change: box => box.moved, escapes: box => box.sites, profile: box => box.weight};
// Smaller boxes are no more than dots: the box around them is what one sees.
const LEAST = 4;
const MOST_DRAWN = 1500;

class TreeMap {
  constructor(section, at) {
    this.section = section;
    this.at = at;
    this.data = JSON.parse(document.getElementById("data" + at).textContent);
    Object.assign(this, boxesOf(this.data));
    this.byName = new Map();
    for (const box of this.all) if (!this.byName.has(box.full) && !box.members) this.byName.set(box.full, box);
    this.here = this.root;
    this.found = null;
    const find = what => section.querySelector(what);
    Object.assign(this, {svg: find(".stage svg"), stage: find(".stage"), crumbs: find(".crumbs"), results: find(".found"), keys: find(".keys"), note: find(".note"), parts: find(".parts"), search: find("input[type=search]"), hide: find(".hide"), hideNone: find(".hide-none"), color: find("select")});
    this.areas = [...section.querySelectorAll(".seg input")];
    this.modules = [...this.root.kids].sort((a, b) => b.bytes - a.bytes);
    section.classList.add("live");
    this.svg.removeAttribute("aria-labelledby");
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", `Treemap of ${this.data.title}: arrow keys move, Enter opens, Escape goes back`);
    this.listen();
    this.draw();
  }

  get layer() {
    const checked = this.areas.find(input => input.checked);
    return checked ? checked.value : this.data.layers[0];
  }

  area(box) {
    return this.hidden(box) ? 0 : AREAS[this.layer](box);
  }

  hidden(box) {
    return (this.hide.checked && box.hue === STD) || (this.hideNone.checked && box.hue === NONE);
  }

  listen() {
    for (const input of this.areas) input.addEventListener("change", () => {
      this.color.value = this.layer === "change" ? "change" : this.color.value === "change" ? "origin" : this.color.value;
      this.draw();
    });
    this.color.addEventListener("change", () => this.draw());
    for (const box of [this.hide, this.hideNone]) box.addEventListener("change", () => {
      if (this.hidden(this.here)) this.here = this.root;
      this.draw();
    });
    this.search.addEventListener("input", () => this.look());
    this.search.addEventListener("keydown", event => {
      if (event.key === "Enter" && this.found && this.found.top.length) this.show(this.found.top[0]);
      if (event.key === "Escape" && this.search.value) { this.search.value = ""; this.look(); event.stopPropagation(); }
    });
    this.svg.addEventListener("click", event => {
      const box = this.boxOf(event.target);
      if (!box) return;
      const inner = box.kids.length ? box : box.up;
      if (inner !== this.here) this.go(inner, inner); else this.focus(box);
    });
    this.svg.addEventListener("pointermove", event => {
      const box = this.boxOf(event.target);
      if (box) this.tell(box, event.clientX, event.clientY); else hush();
    });
    this.svg.addEventListener("pointerleave", hush);
    this.svg.addEventListener("focusin", event => {
      const box = this.boxOf(event.target);
      if (!box) return;
      this.current = box;
      const at = event.target.getBoundingClientRect();
      if (event.target.matches(":focus-visible")) this.tell(box, at.left + 8, Math.min(at.top + at.height, innerHeight - 40));
    });
    this.svg.addEventListener("focusout", hush);
    this.svg.addEventListener("keydown", event => this.key(event));
    for (const link of this.section.querySelectorAll("[data-full]")) {
      const box = this.byName.get(link.dataset.full);
      if (box) link.addEventListener("click", event => { event.preventDefault(); this.show(box); });
    }
    let width = 0;
    new ResizeObserver(() => {
      const now = this.stage.clientWidth;
      if (width && now !== width) this.draw();
      width = now;
    }).observe(this.stage);
  }

  boxOf(element) {
    const group = element.closest && element.closest("g.t");
    return group ? group.box : null;
  }

  // Opens a box, and remembers where one was: the browser's Back leads there.
  go(box, from) {
    if (box === this.here) return;
    const was = this.here;
    this.here = box;
    this.address();
    this.draw();
    this.focus(from && from.up === box ? from : was.up === box ? was : null);
  }

  address() {
    const hash = `#map${this.at}=${encodeURIComponent(this.here.full)}`;
    if (this.here === this.root && !location.hash.includes("=")) return;
    if (location.hash !== hash) history.pushState(null, "", hash);
  }

  // The place where a box is, with the box in focus.
  show(box) {
    const inner = box.kids.length ? box : box.up;
    if (box.hue === STD) this.hide.checked = false;
    if (box.hue === NONE) this.hideNone.checked = false;
    if (inner === this.here) this.draw(); else { this.here = inner; this.address(); this.draw(); }
    this.focus(inner === box ? null : box);
    this.section.scrollIntoView({block: "nearest"});
  }

  focus(box) {
    const group = (box && this.groups.get(box)) || this.svg.querySelector("g.t[tabindex]");
    if (!group) return;
    for (const other of this.svg.querySelectorAll('g.t[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    group.setAttribute("tabindex", "0");
    group.focus({preventScroll: true});
  }

  // Arrows lead to the nearest box on that side.
  key(event) {
    const box = this.boxOf(event.target);
    if (!box || event.ctrlKey || event.metaKey || event.altKey) return;
    const sides = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
    const drawn = this.drawn;
    if (sides[event.key]) this.focus(nearest(box, drawn, this.rects, sides[event.key]));
    else if (event.key === "Home") this.focus(drawn[0]);
    else if (event.key === "End") this.focus(drawn[drawn.length - 1]);
    else if ((event.key === "Enter" || event.key === " ") && box.kids.length) this.go(box);
    else if ((event.key === "Escape" || event.key === "Backspace") && this.here.up) this.go(this.here.up, this.here);
    else return;
    event.preventDefault();
  }

  // What holds the text: each box once, not those within it again.
  look() {
    const text = this.search.value.trim().toLowerCase();
    this.found = null;
    if (text) {
      const lit = new Set(), top = [];
      const walk = (box, inside) => {
        const is = box.full.toLowerCase().includes(text);
        if (is && !inside) top.push(box);
        let any = is || inside;
        for (const kid of box.kids) any = walk(kid, is || inside) || any;
        if (any) lit.add(box);
        return any;
      };
      for (const box of this.root.kids) walk(box, false);
      top.sort((a, b) => AREAS[this.layer](b) - AREAS[this.layer](a));
      this.found = {lit, top};
    }
    this.list();
    this.draw();
  }

  list() {
    if (!this.found) return this.results.replaceChildren();
    const {top} = this.found;
    const area = AREAS[this.layer];
    const sum = top.reduce((sum, box) => sum + area(box), 0);
    const whole = this.layer === "retained" ? counted(top.length, "part") : `${counted(top.length, "part")}, together ${this.say(sum)} (${share(sum, area(this.root))})`;
    const line = box => make("li", {}, make("button", {type: "button", click: () => this.show(box)}, shortened(box.full)), " ", make("span", {class: "dim"}, this.brief(box)));
    const all = make("ul", {}, ...top.slice(0, 12).map(line));
    this.results.replaceChildren(top.length ? whole : "Nothing has this in its name; smaller parts are not named here.", all);
  }

  // Drawing

  draw() {
    hush();
    const width = Math.max(this.stage.clientWidth, 260);
    const height = Math.round(Math.min(Math.max(width * 0.56, 440), 820));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.most = Math.max(...this.all.filter(box => !box.kids.length).map(box => amountOf(this, box)), 1);
    const plan = [];
    this.plan(plan, this.here, {x: 0, y: 0, w: width, h: height}, 0, null);
    this.groups = new Map();
    this.rects = new Map();
    this.drawn = [];
    const sheet = document.createDocumentFragment();
    for (const place of largest(plan, MOST_DRAWN)) {
      place.group = this.box(place);
      (place.around ? place.around.group : sheet).append(place.group);
    }
    if (!this.drawn.length) sheet.append(this.text("Nothing here in this layer", 12, 24, 14));
    this.svg.replaceChildren(sheet);
    const first = this.drawn[0];
    if (first) this.groups.get(first).setAttribute("tabindex", "0");
    this.path();
    this.legend();
    this.tell_hidden();
    this.table();
  }

  // Where everything would be, boxes before those within them.
  plan(out, box, bounds, depth, around) {
    const kids = box.kids.filter(kid => this.area(kid) > 0).sort((a, b) => this.area(b) - this.area(a));
    const rects = squarify(kids.map(kid => this.area(kid)), bounds);
    kids.forEach((kid, at) => {
      const rect = rects[at];
      if (Math.min(rect.w, rect.h) < LEAST) return;
      const size = [14, 11.5, 10.5][Math.min(depth, 2)];
      const opens = kid.kids.length > 0 && rect.w > 40 && rect.h > size + 14;
      const place = {box: kid, rect, depth, size, opens, around};
      out.push(place);
      if (!opens) return;
      const edge = depth === 0 ? 3 : 2;
      const inside = {x: rect.x + edge, y: rect.y + size + 6, w: Math.max(rect.w - 2 * edge, 0), h: Math.max(rect.h - size - 6 - edge, 0)};
      this.plan(out, kid, inside, depth + 1, place);
    });
  }

  box({box, rect, depth, size, opens}) {
    const group = this.svgElement("g", {class: "t" + (box.kids.length ? " z" : "")});
    group.box = box;
    const shade = opens ? (depth === 0 ? 0 : 1) : (box.kind === "" || box.kind === "code" ? 2 : 3);
    const color = colorOf(this, box, opens, shade);
    const own = depth === 0 && box.hue === 0 && this.here.hue !== 0 ? " own" : "";
    if (this.found) group.classList.add(this.found.lit.has(box) ? "lit" : "miss");
    if (this.found && this.found.top.includes(box)) group.classList.add("hit");
    group.append(this.svgElement("rect", {class: color + own, x: rect.x.toFixed(1), y: rect.y.toFixed(1), width: rect.w.toFixed(1), height: rect.h.toFixed(1)}));
    if (opens) {
      // What is too small to be drawn looks like what is around it, not like a hole.
      const edge = depth === 0 ? 3 : 2;
      const by = this.color.value;
      const floor = by === "escapes" || by === "profile" ? "none s3" : colorOf(this, box, false, 2).replace(/ (new|gone)$/, "");
      group.append(this.svgElement("rect", {class: floor + " floor", x: (rect.x + edge).toFixed(1), y: (rect.y + size + 6).toFixed(1), width: Math.max(rect.w - 2 * edge, 0).toFixed(1), height: Math.max(rect.h - size - 6 - edge, 0).toFixed(1)}));
    }
    if (depth === 0) {
      this.drawn.push(box);
      this.rects.set(box, rect);
      this.groups.set(box, group);
      group.setAttribute("tabindex", "-1");
      group.setAttribute("role", box.kids.length ? "button" : "img");
      group.setAttribute("aria-label", this.words(box));
    } else group.setAttribute("aria-hidden", "true");
    this.labels(group, box, rect, size, opens, opens && depth === 0 ? "on" : color.split(" ")[0]);
    return group;
  }

  labels(group, box, rect, size, opens, kind) {
    if (rect.h < size + 3) return;
    const bold = opens && kind === "on";
    const room = rect.w - (opens ? 10 : 8);
    const brief = this.brief(box);
    const long = box.label + "  " + brief;
    const name = opens && widthOf(long, size, bold) <= room ? long : fitted(box.label, size, room, bold);
    if (!name) return;
    group.append(this.text(name, rect.x + (opens ? 5 : 4), rect.y + size + 2, size, kind));
    if (!opens && rect.h > 2 * size + 8 && widthOf(brief, size) <= room) {
      group.append(this.text(brief, rect.x + 4, rect.y + 2 * size + 5, size, kind + " dim"));
    }
  }

  svgElement(name, attributes) {
    const element = document.createElementNS(this.svg.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  text(words, x, y, size, kind) {
    const element = this.svgElement("text", {x: x.toFixed(1), y: y.toFixed(1), "font-size": size, class: kind || ""});
    element.textContent = words;
    return element;
  }

  legend() {
    const entry = ([color, words]) => {
      const icon = this.svgElement("svg", {viewBox: "0 0 13 13", "aria-hidden": "true"});
      icon.append(this.svgElement("rect", {class: color, width: 13, height: 13}));
      return make("li", {}, icon, words);
    };
    this.keys.replaceChildren(...legendOf(this).map(entry));
  }

  // Words

  say(value) {
    switch (this.layer) {
      case "escapes": return counted(value, "place");
      case "profile": return share(value, 1e6);
      case "retained": return "";
      default: return human(value);
    }
  }

  brief(box) {
    switch (this.layer) {
      case "change": return signed(box.bytes - box.before, human);
      case "retained": return box.kids.length || box.members ? "" : human(box.retained);
      case "escapes": return grouped(box.sites);
      case "profile": return share(box.weight, 1e6);
      default: return human(box.bytes);
    }
  }

  sum(box) {
    switch (this.layer) {
      case "change": return `${signed(box.bytes - box.before, grouped)} bytes: ${grouped(box.before)} before, ${grouped(box.bytes)} now`;
      case "retained": return box.kids.length || box.members ? "each box as large as what goes without it; what one brings in counts for both" : `${grouped(box.retained)} bytes go without it`;
      case "escapes": return counted(box.sites, "place") + " that allocate";
      case "profile": return share(box.weight, 1e6) + " of the profile";
      default: return `${grouped(box.bytes)} bytes, ${share(box.bytes, this.root.bytes)} of all`;
    }
  }

  has(layer) {
    return this.data.layers.includes(layer);
  }

  facts(box) {
    const facts = [];
    const has = layer => this.has(layer);
    if (has("change") && !box.bytes && box.before) facts.push(`gone, ${grouped(box.before)} bytes before`);
    else if (has("bytes")) facts.push(`${grouped(box.bytes)} bytes, ${share(box.bytes, this.root.bytes)} of all`);
    if (has("change") && box.bytes) facts.push(box.before ? `${signed(box.bytes - box.before, grouped)} bytes, ${grouped(box.before)} before` : "new");
    if (has("retained") && box.retained && !box.kids.length && !box.members) facts.push(`${grouped(box.retained)} bytes go without it`);
    if (has("escapes") && box.sites) facts.push(counted(box.sites, "place") + " that allocate");
    if (has("profile") && box.weight) facts.push(share(box.weight, 1e6) + " of the profile");
    if (this.here !== this.root && this.layer !== "retained") facts.push(`${share(this.area(box), this.area(this.here))} of ${this.here.label}`);
    const kind = [HUE_NAMES[box.hue], box.kind].filter(Boolean).join(", ");
    if (kind) facts.push(kind);
    return facts;
  }

  words(box) {
    const opens = box.kids.length ? `; opens ${counted(box.kids.length, "part")}` : "";
    return `${box.full}: ${this.facts(box).join(", ")}${opens}`;
  }

  tell(box, x, y) {
    tip.replaceChildren(make("b", {}, box.full), ...this.facts(box).flatMap((fact, at) => at ? [make("br"), make("i", {}, fact)] : [fact]));
    tip.hidden = false;
    const left = Math.min(x + 14, innerWidth - tip.offsetWidth - 8);
    const top = y + 18 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 12 : y + 18;
    tip.style.left = Math.max(left, 8) + "px";
    tip.style.top = Math.max(top, 8) + "px";
  }

  path() {
    const steps = [];
    for (let box = this.here; box; box = box.up) steps.unshift(box);
    const name = box => box.up ? box.label : this.data.title;
    const step = (box, at) => at + 1 === steps.length ? make("span", {class: "here", "aria-current": "location"}, name(box)) : make("button", {type: "button", click: () => this.go(box, steps[at + 1])}, name(box));
    const parts = steps.flatMap((box, at) => at ? [make("span", {class: "sep", "aria-hidden": "true"}, "›"), step(box, at)] : [step(box, at)]);
    this.crumbs.replaceChildren(...parts, make("span", {class: "sum"}, this.sum(this.here)));
  }

  tell_hidden() {
    const {hidden, hiddenBytes} = this.data;
    const bytes = this.has("bytes") ? `, together ${human(hiddenBytes)},` : "";
    this.note.textContent = hidden ? `${counted(hidden, "small piece")}${bytes} ${hidden === 1 ? "is" : "are"} not named one by one, but counted in “smaller …” and in the boxes around them.` : "";
  }

  // The same as a table, for who does not see the map or wants numbers.
  table() {
    const wasOpen = this.parts.open;
    const kids = this.here.kids.filter(kid => this.area(kid) > 0).sort((a, b) => this.area(b) - this.area(a));
    const columns = this.has("bytes") ? [["bytes", box => grouped(box.bytes)], ["share", box => share(box.bytes, this.root.bytes)]] : [];
    if (this.data.change) columns.push(["before", box => grouped(box.before)], ["change", box => signed(box.bytes - box.before, grouped)]);
    if (this.data.retained) columns.push(["retained", box => box.kids.length || box.members ? "" : grouped(box.retained)]);
    if (this.data.sites) columns.push(["escapes", box => grouped(box.sites)]);
    if (this.data.weight) columns.push(["profile", box => share(box.weight, 1e6)]);
    const head = make("tr", {}, make("th", {scope: "col"}, "part"), ...columns.map(([name]) => make("th", {scope: "col", class: "n"}, name)));
    const row = box => make("tr", {}, make("th", {scope: "row", class: "name"}, box.kids.length ? make("button", {type: "button", click: () => this.go(box)}, box.label) : box.label), ...columns.map(([, of]) => make("td", {class: "n"}, of(box))));
    const shown = kids.slice(0, 60);
    const place = this.here.up ? this.here.full : this.data.title;
    const caption = make("caption", {class: "off"}, `Parts of ${place}`);
    const rest = kids.length > shown.length ? [make("p", {class: "note"}, `and ${grouped(kids.length - shown.length)} smaller`)] : [];
    this.parts.replaceChildren(make("summary", {}, `These ${counted(kids.length, "part")} as a table`), make("div", {class: "wide"}, make("table", {}, caption, make("thead", {}, head), make("tbody", {}, ...shown.map(row)))), ...rest);
    this.parts.open = wasOpen;
  }
}

const tip = make("div", {class: "tip", hidden: true, "aria-hidden": "true"});
document.body.append(tip);

function hush() {
  tip.hidden = true;
}

const maps = [...document.querySelectorAll(".map")].map((section, at) => new TreeMap(section, at));

// A name in the address; somebody may have typed what is none.
function named(text) {
  try { return decodeURIComponent(text); } catch { return ""; }
}

// The address names a place in a map.
function follow() {
  const found = /^#map(\d+)=(.*)$/.exec(location.hash);
  for (const map of maps) {
    const meant = found && +found[1] === map.at;
    const box = meant && map.byName.get(named(found[2]));
    const place = box ? (box.kids.length ? box : box.up) : map.root;
    if ((meant || !found) && place !== map.here) { map.here = place; map.draw(); }
  }
}

addEventListener("popstate", follow);
if (location.hash.includes("=")) follow();
addEventListener("keydown", event => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "/" && maps.length && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    maps[0].search.focus();
  }
});

// From a row of a table to its box.
for (const map of maps) {
  for (const cell of document.querySelectorAll(".sheet tbody tr > :first-child")) {
    const box = map.byName.get(cell.textContent);
    if (!box || cell.querySelector("button")) continue;
    cell.append(make("button", {type: "button", class: "go", "aria-label": `show ${box.full} in the map`, title: "show in the map", click: () => map.show(box)}));
  }
}
