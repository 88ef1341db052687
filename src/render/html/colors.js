// The colours of boxes, by what the reader chose, and what they mean.

const HUES = ["main", "dep", "std", "none"];
const HUE_NAMES = ["main module", "dependencies", "standard library", "no package"];

// What a colour from pale to strong is of.
function amountOf(map, box) {
  return map.color.value === "escapes" ? box.sites : map.color.value === "profile" ? box.weight : 0;
}

function colorOf(map, box, opens, shade) {
  const by = map.color.value;
  if (by === "change") {
    const way = box.bytes > box.before ? "up" : box.bytes < box.before ? "down" : "same";
    const state = box.before === 0 && box.bytes ? " new" : box.bytes === 0 && box.before ? " gone" : "";
    return `${way} s${shade}${state}`;
  }
  if (by === "escapes" || by === "profile") {
    if (opens) return `none s${shade}`;
    const amount = amountOf(map, box);
    return amount > 0 ? "q" + Math.min(4, Math.floor(Math.sqrt(amount / map.most) * 5)) : "none s3";
  }
  if (by === "kind") {
    if (opens) return `none s${shade}`;
    const at = map.data.kindNames.indexOf(box.kind);
    return at < 0 ? "none s2" : `c${at} s2`;
  }
  if (by === "module") {
    let module = box;
    while (module.depth > 0) module = module.up;
    const rank = map.modules.indexOf(module);
    return module.hue === 3 || rank > 9 ? `none s${shade}` : `c${rank} s${shade}`;
  }
  return `${HUES[box.hue] || "none"} s${shade}`;
}

// The entries of the legend: a class and words, for what is in sight.
function legendOf(map) {
  const leaves = [];
  const walk = box => { if (box.kids.length) box.kids.forEach(walk); else if (map.area(box) > 0) leaves.push(box); };
  walk(map.here);
  const sum = (of, test) => leaves.filter(test).reduce((all, box) => all + of(box), 0);
  const bytes = test => sum(AREAS[map.layer], test);
  const there = list => list.filter(([, , value]) => value > 0).map(([color, name, value]) => [color, `${name} ${map.say(value)}`.trimEnd()]);
  switch (map.color.value) {
    case "change": {
      const moved = test => sum(box => box.moved, test);
      const all = [["up new s1", "new +", moved(box => !box.before)], ["up s1", "larger +", moved(box => box.before && box.bytes > box.before)], ["down s1", "smaller −", moved(box => box.bytes && box.bytes < box.before)], ["down gone s1", "gone −", moved(box => box.before && !box.bytes)]];
      return all.filter(([, , value]) => value > 0).map(([color, name, value]) => [color, name + human(value)]);
    }
    case "kind":
      return there(map.data.kindNames.map((name, at) => [`c${at} s2`, name, bytes(box => box.kind === name)]).sort((a, b) => b[2] - a[2])).concat(leaves.some(box => !box.kind) ? [["none s2", "several kinds"]] : []);
    case "module":
      return there(map.modules.slice(0, 10).map((module, at) => [module.hue === 3 ? "none s1" : `c${at} s1`, module.label, map.area(module)])).concat(map.modules.length > 10 ? [["none s1", `${map.modules.length - 10} more`]] : []);
    case "escapes":
      return [["none s3", "none"], ["q0", "few"], ["q2", "more"], ["q4", `up to ${counted(map.most, "place")} that allocate`]];
    case "profile":
      return [["none s3", "none"], ["q0", "little"], ["q2", "more"], ["q4", `up to ${share(map.most, 1e6)} of the profile`]];
    default:
      return there(HUES.map((hue, at) => [hue + " s1", HUE_NAMES[at], bytes(box => box.hue === at)]));
  }
}
