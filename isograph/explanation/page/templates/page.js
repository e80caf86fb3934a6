"use strict";
// Tables that sort and filter. Without this script they are whole, in their first order.
(function () {
  const NUMERIC = new Set(["count", "number", "decimal", "fine", "pvalue", "share", "shift"]);
  const NUMBER = /[-+]?\d[\d,]*\.?\d*(e[-+]?\d+)?/i;
  const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  // a tooltip has every digit of a p value
  function numberOf(text, full) {
    const found = NUMBER.exec((full || text).replace(/−/g, "-"));
    return found ? Number(found[0].replace(/,/g, "")) : NaN;
  }

  function keyOf(cell, numeric) {
    if (cell.classList.contains("na")) return null;
    if (!numeric) return cell.textContent;
    const number = numberOf(cell.textContent, cell.title);
    return Number.isNaN(number) ? null : number;
  }

  // missing values last, whichever way
  function compare(a, b, sign, numeric) {
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (numeric ? a - b : words.compare(a, b));
  }

  function sortRows(rows, keys, sign, numeric) {
    const order = rows.map((_, place) => place);
    order.sort((i, j) => compare(keys[i], keys[j], sign, numeric) || i - j);
    return order.map((place) => rows[place]);
  }

  // a whole name beats names that begin like it: BCL2L1 is not BCL2L11
  function finder(finds, word) {
    const whole = (find) => (" " + find + " ").includes(" " + word + " ");
    return finds.some(whole) ? whole : (find) => find.includes(word);
  }

  function setUp(section) {
    const table = section.querySelector("table[data-visible]");
    if (!table) return;
    const body = table.tBodies[0];
    const first = Array.from(body.rows);
    const visible = Number(table.dataset.visible);
    const all = section.querySelector("button.all");
    const filter = section.querySelector("input");
    const told = section.querySelector("output");
    const texts = first.map((row) => row.textContent.toLowerCase());
    const finds = first.map((row) => (row.dataset.find || "").toLowerCase());
    const many = visible > 0 && first.length > visible;
    let whole = !many;

    function show() {
      const asked = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      const tests = asked.map((word) => finder(finds, word));
      let shown = 0;
      first.forEach((row, place) => {
        const fits = asked.every(
          (word, number) => texts[place].includes(word) || tests[number](finds[place])
        );
        row.classList.toggle("out", !fits);
        shown += fits;
      });
      // a filter looks at all rows of the page
      table.classList.toggle("short", !whole && !asked.length);
      all.hidden = !many || asked.length > 0;
      all.textContent = whole ? "Show fewer" : "Show all " + first.length.toLocaleString("en");
      const n = asked.length || whole ? shown : visible;
      told.textContent =
        n.toLocaleString("en") + " of " + first.length.toLocaleString("en") +
        (first.length === 1 ? " row" : " rows");
    }

    function sortBy(head, column) {
      const numeric = NUMERIC.has(head.dataset.kind);
      const before = head.getAttribute("aria-sort");
      // the largest numbers first, but the smallest p
      const start = numeric && head.dataset.kind !== "pvalue" ? "descending" : "ascending";
      const other = start === "ascending" ? "descending" : "ascending";
      const way = before === start ? other : start;
      for (const each of head.parentNode.cells) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", way);
      const keys = first.map((row) => keyOf(row.cells[column], numeric));
      body.append(...sortRows(first, keys, way === "ascending" ? 1 : -1, numeric));
    }

    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      if (NUMERIC.has(head.dataset.kind)) head.classList.add("n");
      if (!("sortable" in head.dataset)) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sortBy(head, column));
      head.append(button);
    });
    filter.addEventListener("input", show);
    all.addEventListener("click", () => {
      whole = !whole;
      show();
    });
    section.querySelector(".tools").hidden = first.length < 6;
    show();
  }

  if (typeof module !== "undefined") module.exports = { numberOf, compare, sortRows, finder };
  else document.querySelectorAll("section.data").forEach(setUp);
})();
