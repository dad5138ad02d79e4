"use strict";
(() => {
  const told = JSON.parse(document.getElementById("data").textContent);
  const { words, columns, rows } = told;
  const keys = columns.map((column) => column[0]);
  const width = keys.length, count = rows.length / width, size = 50;
  const body = document.querySelector("#rows-table tbody");
  const status = document.getElementById("rows-status"), search = document.getElementById("rows-search");
  const back = document.getElementById("rows-back"), on = document.getElementById("rows-on"), all = document.getElementById("rows-all");
  const cell = (row, column) => {
    const value = rows[row * width + column];
    return column === 0 ? String(value) : words[value];
  };
  let filter = new Map(), found = [], page = 0;
  const wanted = () => {
    const numbers = [...filter].map(([key, values]) => {
      const column = keys.indexOf(key);
      return [column, new Set(values.map((value) => (column === 0 ? Number(value) : words.indexOf(value))))];
    });
    const text = search.value.trim().toLowerCase();
    const hits = text ? new Set(words.map((word, index) => (word.toLowerCase().includes(text) ? index : -1))) : null;
    found = [];
    for (let row = 0; row < count; row += 1) {
      const start = row * width;
      if (!numbers.every(([column, values]) => values.has(rows[start + column]))) continue;
      if (hits) {
        let hit = String(rows[start]) === text;
        for (let column = 1; column < width && !hit; column += 1) hit = hits.has(rows[start + column]);
        if (!hit) continue;
      }
      found.push(row);
    }
    page = 0;
  };
  const show = () => {
    body.replaceChildren();
    for (const row of found.slice(page * size, (page + 1) * size)) {
      const line = document.createElement("tr");
      keys.forEach((key, column) => {
        const made = document.createElement(column === 0 ? "th" : "td");
        if (column === 0) made.scope = "row";
        made.textContent = cell(row, column) || "\u2013";
        if (made.textContent.length > 24) made.className = "long";
        line.append(made);
      });
      body.append(line);
    }
    const records = new Set(found.map((row) => rows[row * width])).size;
    const by = [...filter].map(([key, values]) => `${columns[keys.indexOf(key)][1]}: ${values.map((value) => value || "\u2013").join(" or ")}`);
    const pages = Math.max(1, Math.ceil(found.length / size));
    status.textContent = `${found.length.toLocaleString("en")} decisions of ${records.toLocaleString("en")} records` +
      `${by.length ? `; ${by.join("; ")}` : ""}. Page ${page + 1} of ${pages}.` +
      (told.total > count ? ` ${(told.total - count).toLocaleString("en")} older decisions are not on this page.` : "");
    back.disabled = page === 0;
    on.disabled = page + 1 >= pages;
    all.disabled = !filter.size && !search.value;
  };
  const refresh = () => { wanted(); show(); };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-rows]");
    if (!link) return;
    event.preventDefault();
    filter = new Map();
    for (const [key, value] of JSON.parse(link.dataset.rows)) filter.set(key, [...(filter.get(key) || []), value]);
    search.value = "";
    refresh();
    const heading = document.getElementById("rows");
    heading.focus();
    heading.scrollIntoView();
  });
  back.addEventListener("click", () => { page -= 1; show(); });
  on.addEventListener("click", () => { page += 1; show(); });
  all.addEventListener("click", () => { filter = new Map(); search.value = ""; refresh(); });
  search.addEventListener("input", refresh);
  for (const part of document.querySelectorAll(".controls")) part.hidden = false;
  refresh();
})();
