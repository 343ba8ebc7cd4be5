// Tables: the plain one, and the data table that sorts and turns pages.

import { fill, h, icon } from "./dom.js";
import { withEmoji } from "./mrkdwn.js";

function cell(value, richText) {
  if (value.type === "rich_text") return richText(value);
  if (value.type === "raw_number") return value.text || Number(value.value).toLocaleString("en");
  return withEmoji(value.text);
}

export function table(block, richText) {
  const settings = block.column_settings || [];
  const align = (index) => `text-align: ${(settings[index] || {}).align || "left"}`;
  const row = (cells, tag) => h("tr", {}, cells.map((each, index) => h(tag, { style: align(index), scope: tag === "th" ? "col" : null }, cell(each, richText))));
  const [head, ...body] = block.rows;
  return h("div", { class: "table-wrap", tabindex: "0", role: "group", "aria-label": "Table" }, h("table", {}, h("thead", {}, row(head, "th")), h("tbody", {}, body.map((cells) => row(cells, "td")))));
}

function sortKey(value) {
  if (value.type === "raw_number") return value.value;
  if (value.type === "raw_text") return value.text.toLowerCase();
  return JSON.stringify(value.elements);
}

export function dataTable(block, richText) {
  const [head, ...rows] = block.rows;
  const size = block.page_size || 5;
  const rowHeader = block.row_header_column_index || 0;
  const view = { column: null, down: false, page: 0 };
  const body = h("tbody");
  const foot = h("div", { class: "pager" });
  const headers = head.map((value, index) => {
    const sort = () => {
      view.down = view.column === index ? !view.down : false;
      view.column = index;
      draw();
    };
    return h("th", { scope: "col" }, h("button", { type: "button", class: "sort", onclick: sort }, cell(value, richText), icon("chevron", 14)));
  });
  const numeric = head.map((_, index) => rows.every((row) => row[index].type === "raw_number"));

  function draw() {
    const sorted = [...rows];
    if (view.column !== null) {
      sorted.sort((a, b) => {
        const [left, right] = [sortKey(a[view.column]), sortKey(b[view.column])];
        return (left < right ? -1 : left > right ? 1 : 0) * (view.down ? -1 : 1);
      });
    }
    headers.forEach((header, index) => {
      if (index === view.column) header.setAttribute("aria-sort", view.down ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    });
    const shown = sorted.slice(view.page * size, (view.page + 1) * size);
    fill(body, shown.map((cells) => h("tr", {}, cells.map((value, index) => h(index === rowHeader ? "th" : "td", { scope: index === rowHeader ? "row" : null, class: numeric[index] ? "number" : null }, cell(value, richText))))));
    const pages = Math.ceil(rows.length / size);
    const turn = (by) => () => {
      view.page += by;
      draw();
    };
    if (pages > 1) {
      fill(
        foot,
        h("button", { type: "button", class: "button small", disabled: view.page === 0, onclick: turn(-1) }, "Previous"),
        h("span", { class: "muted", role: "status" }, `${view.page * size + 1}–${view.page * size + shown.length} of ${rows.length}`),
        h("button", { type: "button", class: "button small", disabled: view.page >= pages - 1, onclick: turn(1) }, "Next"),
      );
    }
  }

  draw();
  return h("div", { class: "data-table" }, h("div", { class: "table-wrap", tabindex: "0", role: "group", "aria-label": block.caption }, h("table", {}, h("caption", {}, block.caption), h("thead", {}, h("tr", {}, headers)), body)), foot);
}
