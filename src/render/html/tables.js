// Tables that sort by a column and show the rows that hold a text. Sums stay where they are: below.

// What a cell sorts by: the value of a number, the file and the line of a place, words.
function keyOf(cell) {
  if (!cell) return {value: null, text: "", line: 0};
  const {value, file, line} = cell.dataset;
  return {
    value: value === undefined ? null : +value,
    text: file === undefined ? cell.textContent.trim() : file,
    line: line === undefined ? 0 : +line,
  };
}

// Words among numbers, such as "new", stand below them.
function sortBy(table, column, down) {
  const body = table.tBodies[0];
  const rows = [...body.rows].filter(row => !row.classList.contains("rest"));
  const sums = [...body.rows].filter(row => row.classList.contains("rest"));
  const keys = new Map(rows.map(row => [row, keyOf(row.cells[column])]));
  const compare = (a, b) => {
    const one = keys.get(a), other = keys.get(b);
    if ((one.value === null) !== (other.value === null)) return one.value === null ? 1 : -1;
    let order = one.value - other.value;
    if (one.value === null) order = one.text < other.text ? -1 : one.text > other.text ? 1 : one.line - other.line;
    return down ? -order : order;
  };
  body.append(...rows.sort(compare), ...sums);
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
