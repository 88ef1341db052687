// Tables that sort by a column and show the rows that hold a text. Sums stay where they are: below.

function number(text) {
  const plain = text.replace(/[\s,]/g, "").replace("−", "-");
  if (plain === "" || plain === "·") return 0;
  const found = /^([+-]?[\d.]+)(KiB|MiB|GiB|B|%|ms|s)?/.exec(plain);
  if (!found) return null;
  const steps = {KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30};
  return parseFloat(found[1]) * (steps[found[2]] || 1);
}

function sortBy(table, column, down) {
  const body = table.tBodies[0];
  const rows = [...body.rows].filter(row => !row.classList.contains("rest"));
  const sums = [...body.rows].filter(row => row.classList.contains("rest"));
  const cell = row => row.cells[column] ? row.cells[column].textContent.trim() : "";
  const right = table.tHead.rows[0].cells[column].classList.contains("n");
  const compare = (a, b) => {
    const one = cell(a), other = cell(b);
    if (!right) return one < other ? -1 : one > other ? 1 : 0;
    const first = number(one), second = number(other);
    // Words such as "new" stand behind every number.
    if (first === null || second === null) return (first === null) - (second === null) || (one < other ? -1 : one > other ? 1 : 0);
    return first - second;
  };
  rows.sort((a, b) => down ? compare(b, a) : compare(a, b));
  body.append(...rows, ...sums);
}

function sortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (head.tagName !== "TH") return;
    const button = make("button", {type: "button", click: () => {
      const right = head.classList.contains("n");
      const now = head.getAttribute("aria-sort");
      const down = now ? now === "ascending" : right;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sortBy(table, column, down);
    }}, ...head.childNodes);
    head.append(button);
  });
}

function filterable(sheet, table) {
  const count = make("span", {class: "dim", role: "status"});
  const input = make("input", {type: "search", placeholder: "Filter", "aria-label": "Filter: " + table.caption.textContent, autocomplete: "off", input: () => {
    const text = input.value.trim().toLowerCase();
    let shown = 0;
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) {
      row.hidden = text !== "" && !row.textContent.toLowerCase().includes(text);
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = text ? `${shown} of ${counted(rows.length, "row")}` : "";
  }});
  sheet.prepend(make("div", {class: "bar"}, input, count));
}

for (const sheet of document.querySelectorAll(".sheet")) {
  const table = sheet.querySelector("table");
  if (!table.tHead || table.tBodies[0].rows.length < 2) continue;
  sheet.classList.add("live-sheet");
  sortable(table);
  if (table.tBodies[0].rows.length > 8) filterable(sheet, table);
}
