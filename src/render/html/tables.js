// Tables that sort by a column and show the rows that hold a text. Sums stay where they are: below.

const collator = new Intl.Collator("en", {numeric: true});

// By the values that numbers carry, or by words; words among numbers, such as "new", stand below them.
function sortBy(table, column, down) {
  const body = table.tBodies[0];
  const rows = [...body.rows].filter(row => !row.classList.contains("rest"));
  const sums = [...body.rows].filter(row => row.classList.contains("rest"));
  const keys = new Map(rows.map(row => {
    const cell = row.cells[column];
    const value = cell && cell.dataset.value;
    return [row, {value: value === undefined ? null : +value, text: cell ? cell.textContent.trim() : ""}];
  }));
  const compare = (a, b) => {
    const one = keys.get(a), other = keys.get(b);
    if ((one.value === null) !== (other.value === null)) return one.value === null ? 1 : -1;
    const order = one.value === null ? collator.compare(one.text, other.text) : one.value - other.value;
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
